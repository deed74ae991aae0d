"""A merge of two customers' preferences was a mistake and is undone: each has their own again, and no no is lost."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from libs.channel import Channel
from libs.origin import Origin
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL, DELIVERY_KIND_SMS
from services.preference.merging import unite
from services.preference.model import Act, Statement, set_consent, update
from services.preference.splitting import Parted, split
from services.preference.values import (
    GRANTED,
    PENDING,
    REVOKED,
    Consent,
    ConsentKey,
    FrequencyCap,
    Pause,
    Preferences,
    QuietHours,
    sorted_consents,
)

MERGED = datetime(2026, 11, 22, 12, tzinfo=UTC)
UNDONE = MERGED + timedelta(days=3)
SHOP = Channel("web-shop", 1)
EMAIL = ConsentKey("newsletter", DELIVERY_KIND_EMAIL, "")
MINE, THEIRS, UNKNOWN = "ses_mine", "ses_theirs", ""

KEYS = st.builds(
    ConsentKey,
    purpose=st.sampled_from(["cart_reminder", "newsletter"]),
    delivery_kind=st.sampled_from([DELIVERY_KIND_EMAIL, DELIVERY_KIND_SMS]),
    contact_point=st.sampled_from(["", "a", "b"]),
)
PURPOSES = st.sampled_from(["", "newsletter", "service"])


def consents(name: str) -> st.SearchStrategy[tuple[Consent, ...]]:
    consent = st.builds(
        Consent,
        key=KEYS,
        state=st.sampled_from([GRANTED, PENDING, REVOKED]),
        update_time=st.integers(1, 9).map(lambda hours: MERGED - timedelta(hours=hours)),
        channel=st.just(SHOP),
        record_id=st.integers(1, 99).map(lambda number: f"con_{name}_{number}"),
    )
    return st.lists(consent, max_size=6, unique_by=lambda one: one.key).map(sorted_consents)


def people(name: str) -> st.SearchStrategy[Preferences]:
    return st.builds(
        Preferences,
        language=st.sampled_from(["", "de", "fr"]),
        time_zone=st.sampled_from(["", "Europe/Paris"]),
        preferred_channels=st.sampled_from([(), (DELIVERY_KIND_SMS, DELIVERY_KIND_EMAIL), (DELIVERY_KIND_EMAIL,)]),
        quiet_hours=st.sampled_from([None, QuietHours(0, 60), QuietHours(60, 120)]),
        pauses=st.lists(
            st.builds(Pause, PURPOSES, st.integers(-5, 5).map(lambda days: MERGED + timedelta(days=days))),
            max_size=3,
            unique_by=lambda pause: pause.purpose,
        ).map(tuple),
        frequency_caps=st.lists(
            st.builds(FrequencyCap, PURPOSES, st.integers(1, 9), st.integers(1, 9)),
            max_size=3,
            unique_by=lambda cap: cap.purpose,
        ).map(tuple),
        interests=st.sets(st.sampled_from(["shoes", "bags", "hats"])).map(lambda found: tuple(sorted(found))),
        consents=consents(name),
        update_time=st.just(MERGED - timedelta(hours=1)),
    )


@dataclass(frozen=True, slots=True)
class Said:
    """A yes or a no after the merge."""

    key: ConsentKey
    state: int
    session_id: str


SAYINGS = st.lists(
    st.builds(Said, KEYS, st.sampled_from([GRANTED, REVOKED]), st.sampled_from([MINE, THEIRS, UNKNOWN])), max_size=8
)


def joined(survivor: Preferences, source: Preferences) -> Preferences:
    return unite(survivor, source, merge_time=MERGED, now=MERGED)


def parted(now: Preferences, before: Preferences, source: Preferences) -> Parted:
    return split(
        now,
        before=before,
        source=source,
        source_session_ids=frozenset({THEIRS}),
        merge_time=MERGED,
    )


def act(session_id: str, hours: int) -> Act:
    time = MERGED + timedelta(hours=hours)
    return Act(origin=Origin("web-shop", 1, session_id=session_id), time=time, issue_time=time)


def saying(preferences: Preferences, sayings: list[Said]) -> Preferences:
    for number, said in enumerate(sayings, start=1):
        statement = Statement(said.key, said.state, "", "", "page")
        told = act(said.session_id, number)
        preferences = set_consent(preferences, statement, act=told, record_id=f"con_new_{number}").state
    return preferences


def state_of(preferences: Preferences, key: ConsentKey) -> int | None:
    return next((consent.state for consent in preferences.consents if consent.key == key), None)


@given(people("mine"), people("theirs"))
def test_a_merge_that_is_undone_at_once_leaves_both_as_they_were(before: Preferences, source: Preferences) -> None:
    assert parted(joined(before, source), before, source) == Parted(before, source)


@given(people("mine"), people("theirs"), SAYINGS)
def test_a_no_that_was_said_meanwhile_is_a_no_on_both_sides_unless_the_same_side_took_it_back(
    before: Preferences, source: Preferences, sayings: list[Said]
) -> None:
    after = parted(saying(joined(before, source), sayings), before, source)
    for key in {said.key for said in sayings}:
        about = [said for said in sayings if said.key == key]
        if all(said.state == GRANTED for said in about):
            continue
        last_no = max(number for number, said in enumerate(about) if said.state == REVOKED)
        taken_back = {said.session_id == THEIRS for said in about[last_no + 1 :]}
        if True not in taken_back:
            assert state_of(after.source, key) == REVOKED
        if False not in taken_back:
            assert state_of(after.survivor, key) == REVOKED


@given(people("mine"), people("theirs"), SAYINGS)
def test_no_old_no_becomes_a_yes_that_its_own_side_did_not_say(
    before: Preferences, source: Preferences, sayings: list[Said]
) -> None:
    after = parted(saying(joined(before, source), sayings), before, source)
    for old, new, is_theirs in ((before, after.survivor, False), (source, after.source, True)):
        said_yes = {said.key for said in sayings if said.state == GRANTED and (said.session_id == THEIRS) == is_theirs}
        for consent in old.consents:
            if consent.state == REVOKED and consent.key not in said_yes:
                assert state_of(new, consent.key) == REVOKED


@given(people("mine"), people("theirs"), SAYINGS)
def test_nothing_that_was_said_is_lost(before: Preferences, source: Preferences, sayings: list[Said]) -> None:
    after = parted(saying(joined(before, source), sayings), before, source)
    assert {one.key for one in before.consents} <= {one.key for one in after.survivor.consents}
    assert {one.key for one in source.consents} <= {one.key for one in after.source.consents}
    if sayings:
        last = sayings[-1]
        side = after.source if last.session_id == THEIRS else after.survivor
        assert state_of(side, last.key) is not None


def test_what_was_set_in_the_others_visit_goes_back_with_them() -> None:
    before, source = Preferences(language="de", interests=("shoes",)), Preferences(language="fr", interests=("bags",))
    now = joined(before, source)
    now = update(now, replace(now, language="it"), ["language"], act=act(THEIRS, 1)).state
    now = update(now, replace(now, interests=("hats", "shoes")), ["interests"], act=act(THEIRS, 2)).state
    now = update(now, replace(now, time_zone="Europe/Rome"), ["time_zone"], act=act(MINE, 3)).state
    after = parted(now, before, source)
    assert (after.survivor.language, after.survivor.interests, after.survivor.time_zone) == (
        "de",
        ("shoes",),
        "Europe/Rome",
    )
    assert (after.source.language, after.source.interests, after.source.time_zone) == ("it", ("hats",), "")


def test_a_pause_asked_for_meanwhile_belongs_to_whoever_asked_and_old_ones_to_whom_they_were() -> None:
    week = MERGED + timedelta(days=7)
    before, source = Preferences(pauses=(Pause("service", week),)), Preferences(pauses=(Pause("", week),))
    now = joined(before, source)
    now = update(now, replace(now, pauses=(*now.pauses, Pause("newsletter", week))), ["pauses"], act=act("", 1)).state
    after = parted(now, before, source)
    assert after.survivor.pauses == (Pause("service", week), Pause("newsletter", week))
    assert after.source.pauses == (Pause("", week),)


def test_a_yes_of_the_ones_after_a_no_of_the_others_leaves_each_with_their_own_word() -> None:
    now = saying(joined(Preferences(), Preferences()), [Said(EMAIL, REVOKED, MINE), Said(EMAIL, GRANTED, THEIRS)])
    after = parted(now, Preferences(), Preferences())
    assert (state_of(after.survivor, EMAIL), state_of(after.source, EMAIL)) == (REVOKED, GRANTED)
    [no] = after.survivor.consents
    assert no.record_id == "con_new_1"
