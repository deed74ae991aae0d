"""Whatever the clocks say and whoever asks: nothing goes out against what a customer said."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given, settings
from hypothesis import strategies as st

from libs.purposes import CapRule, Purpose, purpose_table
from services.messaging.campaigns.values import SendWindow
from services.messaging.deciding.consent import is_consented
from services.messaging.deciding.facts import Cap, Consent, Facts, Pause, PreferredTime, Suppressed, Wishes
from services.messaging.deciding.gates import judge
from services.messaging.deciding.quiet_hours import QuietHours
from services.messaging.deciding.time_zones import CustomerZone
from services.messaging.deciding.verdicts import Send, Wait
from services.messaging.values import DeliveryKind, Message, Sending
from tests.services.messaging.samples import ADDRESS, EMAIL, IN_APP, NOON, SMS, message

KINDS = (EMAIL, IN_APP, SMS)
WEEK, LONG = timedelta(days=7), timedelta(days=40_000)
minutes = st.integers(0, 1439)
times = st.timedeltas(-timedelta(days=20_000), LONG).map(lambda offset: NOON + offset)
near = st.timedeltas(timedelta(days=-4), timedelta(days=4))
kinds = st.sampled_from(KINDS)
zones = st.sampled_from(sorted(available_timezones() - {"localtime"})).map(ZoneInfo)
rules = st.builds(CapRule, st.integers(0, 2), st.sampled_from(["calendar_day", "rolling"]), st.integers(1, 3))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Message, Facts]:
    """A message and all that it is judged by, near to one another or centuries apart."""
    now = draw(times)
    about_now = st.one_of(near.map(lambda offset: now + offset), times)
    purposes = purpose_table(
        Purpose("cart_reminder", is_transactional=draw(st.booleans()), caps=tuple(draw(st.lists(rules, max_size=2)))),
        quiet_hours=draw(st.one_of(st.none(), st.tuples(minutes, minutes).filter(lambda pair: pair[0] != pair[1]))),
        caps=tuple(draw(st.lists(rules, max_size=2))),
        spread_seconds=draw(st.integers(0, 3600)),
    )
    consents = st.builds(
        Consent,
        purpose=st.just("cart_reminder"),
        kind=kinds,
        contact_point=st.sampled_from(["", ADDRESS, "other@example.com"]),
        is_granted=st.booleans(),
        update_time=about_now,
        is_pending=st.booleans(),
    )
    wishes = Wishes(
        preferred_kinds=tuple(draw(st.lists(kinds, unique=True))),
        quiet_hours=draw(st.one_of(st.none(), st.builds(QuietHours, minutes, minutes))),
        pauses=tuple(draw(st.lists(st.builds(Pause, st.sampled_from(["", "cart_reminder"]), about_now), max_size=2))),
        caps=tuple(
            draw(st.lists(st.builds(Cap, st.just(""), st.integers(0, 3), st.just(timedelta(days=7))), max_size=1))
        ),
        consents=tuple(draw(st.lists(consents, max_size=4))),
    )
    suppressed = st.builds(Suppressed, st.just("BOUNCED"), about_now, st.booleans())
    window = st.builds(SendWindow, minutes, minutes)
    judged = message(
        create_time=draw(about_now),
        due_time=draw(about_now),
        expire_time=draw(about_now),
        asked_kind=draw(st.one_of(st.none(), kinds)),
        send_window=draw(st.one_of(st.none(), window)),
    )
    return judged, Facts(
        now=now,
        purpose=purposes["cart_reminder"],
        wishes=wishes,
        contact_points=draw(st.sampled_from([{}, {EMAIL: ADDRESS}, {EMAIL: ADDRESS, SMS: "+41446681800"}])),
        provided_kinds=KINDS,
        form_kinds=frozenset(DeliveryKind),
        sent=tuple(draw(st.lists(st.builds(Sending, st.just("cart_reminder"), about_now, kinds), max_size=3))),
        zone=CustomerZone(draw(zones), "customer"),
        purposes=purposes,
        suppressed=draw(st.sampled_from([{}, {EMAIL: draw(suppressed)}])),
        preferred_time=draw(st.one_of(st.none(), st.builds(PreferredTime, minutes, st.integers(0, 9)))),
    )


@settings(max_examples=100)
@given(worlds())
def test_marketing_goes_only_with_a_yes_outside_of_quiet_hours_pauses_and_caps(world: tuple[Message, Facts]) -> None:
    judged, facts = world
    outcome, wishes = judge(judged, facts).outcome, facts.wishes
    if not isinstance(outcome, Send) or facts.purpose.is_transactional:
        return
    address = facts.contact_points.get(outcome.kind, "")
    assert is_consented(wishes.consents, "cart_reminder", outcome.kind, address)
    assert address or outcome.kind is IN_APP
    assert outcome.kind not in facts.suppressed
    companys = facts.purposes.quiet_hours
    quiet = wishes.quiet_hours or (QuietHours(*companys) if companys else None)
    assert quiet is None or not quiet.reigns_at(facts.now, facts.zone.zone)
    assert all(pause.until_time <= facts.now for pause in wishes.pauses)
    counted = sum(sending.time > facts.now - WEEK for sending in facts.sent)
    assert all(counted < cap.max_messages for cap in wishes.caps)


@settings(max_examples=100)
@given(worlds())
def test_what_waits_waits_for_a_time_to_come_of_some_days_at_most(world: tuple[Message, Facts]) -> None:
    judged, facts = world
    outcome = judge(judged, facts).outcome
    if isinstance(outcome, Wait):
        assert facts.now < outcome.until <= facts.now + timedelta(days=4)


@settings(max_examples=40)
@given(worlds())
def test_who_judges_twice_decides_twice_the_same(world: tuple[Message, Facts]) -> None:
    assert judge(*world) == judge(*world)


def test_a_message_made_by_a_clock_that_was_ahead_is_judged_like_any_other() -> None:
    ahead = message(create_time=datetime(2199, 1, 1, tzinfo=UTC), due_time=datetime(1971, 1, 1, tzinfo=UTC))
    table = purpose_table(Purpose("cart_reminder", is_transactional=False))
    known = Facts(
        now=NOON,
        purpose=table["cart_reminder"],
        wishes=Wishes(quiet_hours=QuietHours(660, 840), consents=(Consent("cart_reminder", IN_APP, "", True, NOON),)),
        contact_points={},
        provided_kinds=(IN_APP,),
        form_kinds=frozenset(DeliveryKind),
        sent=(),
        zone=CustomerZone(ZoneInfo("UTC"), "customer"),
        purposes=table,
    )
    assert isinstance(judge(ahead, known).outcome, Wait)
