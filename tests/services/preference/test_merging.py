"""Two customers turn out to be one: no no is lost."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from libs.channel import Channel
from libs.origin import Origin
from omnithread.common.v1 import delivery_pb2
from services.preference.merging import absorb
from services.preference.model import Act, Statement, set_consent
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

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEYS = st.builds(
    ConsentKey,
    purpose=st.sampled_from(["cart_reminder", "newsletter"]),
    delivery_kind=st.sampled_from([delivery_pb2.DELIVERY_KIND_EMAIL, delivery_pb2.DELIVERY_KIND_SMS]),
    contact_point=st.sampled_from(["", "a", "b"]),
)
CONSENTS = st.builds(
    Consent,
    key=KEYS,
    state=st.sampled_from([GRANTED, PENDING, REVOKED]),
    update_time=st.integers(0, 5).map(lambda hours: NOW - timedelta(hours=hours)),
    channel=st.just(Channel("web-shop", 1)),
    record_id=st.integers(1, 99).map(lambda number: f"con_{number}"),
)
SIDES = st.lists(CONSENTS, max_size=8, unique_by=lambda consent: consent.key).map(
    lambda consents: Preferences(consents=sorted_consents(consents))
)


def merged(survivor: Preferences, source: Preferences) -> Preferences:
    return absorb(
        survivor, source, merge_id="mrg_1", source_customer_id="cus_2", merge_time=NOW + timedelta(hours=1), now=NOW
    ).state


def states(preferences: Preferences) -> dict[ConsentKey, int]:
    return {consent.key: consent.state for consent in preferences.consents}


@given(SIDES, SIDES)
def test_what_either_side_refused_stays_refused_whichever_is_the_survivor(one: Preferences, other: Preferences) -> None:
    both = merged(one, other)
    assert states(both) == states(merged(other, one))
    noes = [consent.key for side in (one, other) for consent in side.consents if consent.state == REVOKED]
    assert all(states(both)[key] == REVOKED for key in noes)


@given(SIDES, SIDES)
def test_nothing_that_was_said_is_forgotten_and_nothing_is_added(one: Preferences, other: Preferences) -> None:
    said = {consent.key for side in (one, other) for consent in side.consents}
    assert set(states(merged(one, other))) == said


@given(SIDES, SIDES)
def test_a_yes_for_one_address_does_not_survive_the_other_sides_no_for_all(
    one: Preferences, other: Preferences
) -> None:
    both = states(merged(one, other))
    for here, there in ((one, other), (other, one)):
        for no in (consent for consent in there.consents if consent.state == REVOKED):
            assert all(both[yes.key] == REVOKED for yes in here.consents if no.key.covers(yes.key))


def test_a_yes_that_became_a_no_names_the_record_that_proves_the_no() -> None:
    key = ConsentKey("newsletter", delivery_pb2.DELIVERY_KIND_EMAIL, "")
    shop = Channel("web-shop", 1)
    yes = Preferences(consents=(Consent(key, GRANTED, NOW, shop, "con_yes"),))
    no = Preferences(consents=(Consent(key, REVOKED, NOW - timedelta(days=9), shop, "con_no"),))
    assert merged(yes, no).consents == no.consents


def test_the_stricter_cap_and_the_longer_pause_stand() -> None:
    one = Preferences(frequency_caps=(FrequencyCap("newsletter", 4, 7),), pauses=(Pause("", NOW + timedelta(days=2)),))
    other = Preferences(
        frequency_caps=(FrequencyCap("newsletter", 4, 30), FrequencyCap("", 9, 1)),
        pauses=(Pause("", NOW + timedelta(days=1)), Pause("newsletter", NOW - timedelta(days=1))),
    )
    both = merged(one, other)
    assert both.frequency_caps == other.frequency_caps
    assert both.pauses == one.pauses


def test_what_only_the_guest_said_is_kept_and_what_the_customer_said_before_wins() -> None:
    guest = Preferences(language="fr", time_zone="Europe/Paris", interests=("bags",), quiet_hours=QuietHours(0, 60))
    known = Preferences(language="de", interests=("shoes",))
    both = merged(known, guest)
    assert (both.language, both.time_zone, both.interests) == ("de", "Europe/Paris", ("bags", "shoes"))
    assert both.quiet_hours == QuietHours(0, 60)


def test_a_yes_said_after_the_merge_counts_although_it_came_here_first() -> None:
    key, shop = ConsentKey("newsletter", delivery_pb2.DELIVERY_KIND_EMAIL, "a"), Channel("web-shop", 1)
    no = Preferences(consents=(Consent(key, REVOKED, NOW - timedelta(days=9), shop, "con_no"),))
    for said_later, stands in ((timedelta(minutes=1), GRANTED), (-timedelta(minutes=1), REVOKED)):
        yes = Preferences(consents=(Consent(key, GRANTED, NOW + said_later, shop, "con_yes"),))
        for one, other in ((yes, no), (no, yes)):
            after = absorb(one, other, merge_id="mrg_1", source_customer_id="cus_2", merge_time=NOW, now=NOW).state
            assert states(after) == {key: stands}


def act(said: datetime, now: datetime) -> Act:
    return Act(origin=Origin("store-042", 3), time=now, issue_time=said)


@given(st.sampled_from([GRANTED, REVOKED]), st.sampled_from([GRANTED, REVOKED]), st.integers(-9, -1))
def test_of_what_was_said_before_the_merge_the_no_stands_whenever_a_till_tells_of_it(
    theirs: int, told: int, hours: int
) -> None:
    key, shop = ConsentKey("newsletter", delivery_pb2.DELIVERY_KIND_EMAIL, "a"), Channel("web-shop", 1)
    source = Preferences(consents=(Consent(key, theirs, NOW - timedelta(hours=5), shop, "con_1"),))
    statement = Statement(key, told, "", "", "till")
    said = NOW + timedelta(hours=hours)
    before = set_consent(Preferences(), statement, act=act(said, NOW), record_id="con_2").state
    in_order = absorb(before, source, merge_id="m", source_customer_id="c", merge_time=NOW, now=NOW).state
    joined = absorb(Preferences(), source, merge_id="m", source_customer_id="c", merge_time=NOW, now=NOW).state
    late = set_consent(joined, statement, act=act(said, NOW + timedelta(hours=9)), record_id="con_2").state
    assert states(in_order) == states(late)


def test_the_report_names_what_was_said_by_purpose_and_way_and_never_an_address() -> None:
    shop = Channel("web-shop", 1)
    email = delivery_pb2.DELIVERY_KIND_EMAIL
    known = Preferences(
        language="de", consents=(Consent(ConsentKey("newsletter", email, "mia@example.com"), GRANTED, NOW, shop, "c1"),)
    )
    guest = Preferences(
        language="fr",
        time_zone="Europe/Paris",
        frequency_caps=(FrequencyCap("", 9, 1),),
        consents=(Consent(ConsentKey("newsletter", email, ""), REVOKED, NOW, shop, "c2"),),
    )
    change = absorb(known, guest, merge_id="m", source_customer_id="c", merge_time=NOW + timedelta(hours=1), now=NOW)
    told = [(thing.kind, thing.name, thing.action.value) for thing in change.merged]
    assert told == [
        ("field", "language", "survivor_stands"),
        ("field", "time_zone", "kept"),
        ("cap", "every purpose", "kept"),
        ("consent", "newsletter/email", "kept"),
        ("consent", "newsletter/email", "replaced"),
    ]
    assert "mia" not in str(change.merged)
