"""A yes that has to be confirmed: when it waits, what ends it, and what its confirmation makes of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.errors import OmnithreadError
from libs.merged_things import MergeAction
from libs.origin import Origin
from omnithread.common.v1 import channel_pb2, delivery_pb2
from services.preference.confirming.model import Proof, Which, confirm, waiting
from services.preference.events import ConsentConfirmationRequested, ConsentSet
from services.preference.links.standing import state_at
from services.preference.merge_outcome import explain
from services.preference.merging import unite
from services.preference.model import Act, OptIn, Statement, set_consent
from services.preference.splitting import split
from services.preference.values import (
    BY_LINK,
    EARLIER,
    GRANTED,
    PENDING,
    REVOKED,
    Consent,
    ConsentKey,
    Preferences,
)

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
EMAIL = delivery_pb2.DELIVERY_KIND_EMAIL
CLUB = ConsentKey("club", EMAIL, "anna@example.com")
EVERYWHERE = replace(CLUB, contact_point="")
SHOP = Origin("web-shop", channel_pb2.CHANNEL_KIND_WEB, session_id="ses_shop")
PAGE = Origin("public-pages", channel_pb2.CHANNEL_KIND_WEB)


def at(minutes: float, origin: Origin = SHOP) -> Act:
    time = NOON + timedelta(minutes=minutes)
    return Act(origin=origin, time=time, issue_time=time)


def says(
    preferences: Preferences, state: int, minutes: float, *, key: ConsentKey = CLUB, ask: bool = True
) -> Preferences:
    said = Statement(key, state, wording="Send me club news", wording_version="1", source="club page")
    opt_in = OptIn(f"cnf_{minutes}", may_ask=True)
    return set_consent(preferences, said, act=at(minutes), record_id=f"con_{minutes}", opt_in=opt_in).state


def confirms(preferences: Preferences, confirmation_id: str, minutes: float) -> Preferences:
    proof = Proof(BY_LINK, "confirmation page", "Yes, confirm", "1")
    which = Which(confirmation_id=confirmation_id)
    return confirm(preferences, which, proof, act=at(minutes, PAGE), record_id=f"con_{minutes}").state


def stands(preferences: Preferences, key: ConsentKey = CLUB) -> Consent:
    (found,) = [consent for consent in preferences.consents if consent.key == key]
    return found


def test_a_yes_waits_and_its_address_is_asked() -> None:
    said = Statement(CLUB, GRANTED, "Send me club news", "1", "club page")
    change = set_consent(Preferences(), said, act=at(0), record_id="con_0", opt_in=OptIn("cnf_0", may_ask=True))
    noted, asked = change.events
    assert isinstance(noted, ConsentSet)
    assert (noted.record.state, noted.record.wording) == (PENDING, "Send me club news")
    assert asked == ConsentConfirmationRequested(NOON, "cnf_0", EMAIL)
    assert (stands(change.state).state, change.facts["state"]) == (PENDING, str(PENDING))


def test_an_address_that_was_asked_enough_is_not_asked_and_the_yes_waits_all_the_same() -> None:
    said = Statement(CLUB, GRANTED, "Send me club news", "1", "club page")
    change = set_consent(Preferences(), said, act=at(0), record_id="con_0", opt_in=OptIn("cnf_0", may_ask=False))
    assert [type(event) for event in change.events] == [ConsentSet]
    assert stands(change.state).state == PENDING


def test_the_confirmation_is_a_second_proof_that_names_the_first_and_belongs_to_its_visit() -> None:
    pending = says(Preferences(), GRANTED, 0)
    proof = Proof(BY_LINK, "confirmation page", "Yes, confirm", "7")
    change = confirm(pending, Which(confirmation_id="cnf_0"), proof, act=at(9, PAGE), record_id="con_9")
    (event,) = change.events
    assert isinstance(event, ConsentSet)
    record = event.record
    assert (record.state, record.confirms_record_id, record.confirmation) == (GRANTED, "con_0", BY_LINK)
    assert (record.source, record.wording, record.wording_version) == ("confirmation page", "Yes, confirm", "7")
    assert (record.channel.id, record.session_id) == ("public-pages", "ses_shop")
    assert (stands(change.state).state, stands(change.state).record_id) == (GRANTED, "con_9")


def test_a_yes_that_is_said_again_while_it_waits_is_confirmed_by_either_mail() -> None:
    twice = says(says(Preferences(), GRANTED, 0), GRANTED, 5)
    assert (stands(twice).confirmation_id, stands(twice).record_id) == ("cnf_0", "con_5")
    assert stands(confirms(twice, "cnf_0", 9)).state == GRANTED


@pytest.mark.parametrize("key", [CLUB, EVERYWHERE])
def test_a_no_ends_what_waits_and_its_old_link_confirms_nothing_even_when_a_yes_waits_again(key: ConsentKey) -> None:
    ended = says(says(Preferences(), GRANTED, 0), REVOKED, 5, key=key)
    again = says(ended, GRANTED, 10)
    for state in (ended, again):
        assert waiting(state, Which(confirmation_id="cnf_0")) is None
        with pytest.raises(OmnithreadError, match="No yes waits"):
            confirms(state, "cnf_0", 11)
    assert stands(confirms(again, "cnf_10", 12)).state == GRANTED


def test_an_address_that_confirmed_before_is_not_asked_again_unless_a_no_came_since() -> None:
    confirmed = confirms(says(Preferences(), GRANTED, 0), "cnf_0", 1)
    again = says(confirmed, GRANTED, 2)
    assert (stands(again).state, stands(again).confirmation) == (GRANTED, EARLIER)
    for no in (CLUB, EVERYWHERE):
        refused = says(again, REVOKED, 3, key=no)
        assert stands(says(refused, GRANTED, 4)).state == PENDING


def test_a_yes_from_before_double_opt_in_was_asked_for_stays_one() -> None:
    said = Statement(CLUB, GRANTED, "Send me club news", "1", "club page")
    older = set_consent(Preferences(), said, act=at(0), record_id="con_0").state
    again = says(older, GRANTED, 5)
    assert (stands(again).state, stands(again).confirmation) == (GRANTED, 0)


STEPS = st.lists(
    st.tuples(st.sampled_from(["yes", "no", "no everywhere", "confirm", "confirm the first"]), st.integers(1, 60)),
    max_size=12,
)


@given(STEPS)
def test_a_yes_counts_only_where_its_confirmation_came_after_the_last_no(steps: list[tuple[str, int]]) -> None:
    state, minute, confirmed, since_no = Preferences(), 0.0, False, set[str]()
    for step, minutes in steps:
        minute += minutes
        if step == "yes":
            state = says(state, GRANTED, minute)
            since_no |= {stands(state).confirmation_id}
        elif step.startswith("no"):
            state, confirmed, since_no = (
                says(state, REVOKED, minute, key=EVERYWHERE if "every" in step else CLUB),
                False,
                set(),
            )
        else:
            known = sorted(since_no)
            name = known[-1] if known and step == "confirm" else "cnf_1.0"
            try:
                state = confirms(state, name, minute)
            except OmnithreadError:
                assert confirmed or name not in since_no
            else:
                assert name in since_no
                confirmed = True
        assert (state_at(state, CLUB) == GRANTED) == confirmed


def test_of_a_yes_and_one_that_waits_the_yes_stands_when_two_become_one_and_a_no_beats_both() -> None:
    pending, granted = says(Preferences(), GRANTED, 5), confirms(says(Preferences(), GRANTED, 0), "cnf_0", 1)
    refused = says(Preferences(), REVOKED, 2)
    merge_time = NOON + timedelta(hours=1)
    for one, other in ((pending, granted), (granted, pending)):
        assert stands(unite(one, other, merge_time=merge_time, now=merge_time)).state == GRANTED
    for one, other in ((pending, refused), (refused, pending)):
        assert stands(unite(one, other, merge_time=merge_time, now=merge_time)).state == REVOKED
    for one, other, action in (
        (pending, granted, MergeAction.REPLACED),
        (granted, pending, MergeAction.SURVIVOR_STANDS),
    ):
        (thing,) = explain(one, other, unite(one, other, merge_time=merge_time, now=merge_time), now=merge_time)
        assert (thing.action, thing.why) == (action, "Of two yeses the one that needs no confirmation stands.")
    waits = unite(Preferences(), pending, merge_time=merge_time, now=merge_time)
    assert stands(confirms(waits, "cnf_5", 70)).state == GRANTED


def test_who_waited_before_two_became_one_has_the_confirmed_yes_when_they_are_two_again() -> None:
    source, merge_time = says(Preferences(), GRANTED, 0), NOON + timedelta(minutes=10)
    merged = unite(Preferences(), source, merge_time=merge_time, now=merge_time)
    confirmed = confirms(merged, "cnf_0", 20)
    parted = split(
        confirmed, before=Preferences(), source=source, source_session_ids=frozenset(), merge_time=merge_time
    )
    assert (parted.survivor.consents, stands(parted.source).state) == ((), GRANTED)


def test_a_yes_that_waits_goes_back_to_the_visit_in_which_it_was_said() -> None:
    merge_time = NOON - timedelta(minutes=10)
    merged = unite(Preferences(), Preferences(), merge_time=merge_time, now=merge_time)
    pending = says(merged, GRANTED, 0)
    for visits, theirs in ((frozenset({"ses_shop"}), True), (frozenset[str](), False)):
        parted = split(
            pending,
            before=Preferences(),
            source=Preferences(),
            source_session_ids=visits,
            merge_time=merge_time,
        )
        assert (bool(parted.source.consents), bool(parted.survivor.consents)) == (theirs, not theirs)
