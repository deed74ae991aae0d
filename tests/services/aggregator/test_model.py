from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.errors import OmnithreadError
from libs.journey_rules import BUILT_IN
from libs.origin import Origin
from omnithread.context.v1 import context_pb2, error_reason_pb2
from services.aggregator import errors
from services.aggregator.events import (
    JourneyAbsorbed,
    JourneyEnded,
    JourneyStarted,
    SessionStarted,
    TouchpointRecorded,
)
from services.aggregator.hearing import HEARD_AREAS, absorb, forget_source, hear
from services.aggregator.journey_spans import journey_at, spans
from services.aggregator.journey_values import GAP, MAX_JOURNEYS, SILENT
from services.aggregator.model import (
    MAX_RECENT_BYTES,
    MAX_RECENT_TOUCHPOINTS,
    MAX_SESSIONS,
    Sighting,
    close_idle,
    record,
    start_session,
)
from services.aggregator.values import Heard, Thread, Touchpoint
from tests.services.aggregator.samples import NOBODY_YET, NOON, STORE, WEB, ids, minutes, place, touchpoint

VIEW = Sighting(
    kind=context_pb2.TOUCHPOINT_KIND_PRODUCT_VIEWED, subject="SKU-1", attributes=(("page", "2"),), occur_time=NOON
)


def heard(thread: Thread, touchpoint: Touchpoint, seq: int, area: str = "cart") -> Thread:
    change = hear(
        thread, touchpoint, source=place(seq, area), journey_id=f"jrn_{touchpoint.touchpoint_id}", rules=BUILT_IN
    )
    assert change is not None
    return change.state


def visit(thread: Thread, number: int, origin: Origin = WEB, *, days: float = 0, session_id: str = "") -> Thread:
    at = NOON + timedelta(days=days)
    return start_session(
        thread, origin=origin, occur_time=at, session_id=session_id, ids=ids(number), rules=BUILT_IN
    ).state


def test_a_first_visit_opens_a_session_and_a_journey() -> None:
    change = start_session(NOBODY_YET, origin=WEB, occur_time=NOON, session_id="", ids=ids(1), rules=BUILT_IN)
    assert dict(change.facts) == {
        "session_id": "ses_1",
        "journey_id": "jrn_1",
        "touchpoint_id": "tch_1",
        "last_traceparent": "",
    }
    started, journey = change.events
    assert isinstance(started, SessionStarted)
    assert isinstance(journey, JourneyStarted)
    assert started.touchpoint.session_id == "ses_1"
    assert (journey.journey_id, journey.previous_journey_id) == ("jrn_1", "")


def test_a_visit_on_another_channel_a_week_later_is_on_the_same_journey_and_names_its_last_trace() -> None:
    thread = visit(NOBODY_YET, 1)
    change = start_session(
        thread, origin=STORE, occur_time=NOON + timedelta(days=7), session_id="", ids=ids(2), rules=BUILT_IN
    )
    assert (change.facts["session_id"], change.facts["journey_id"]) == ("ses_2", "jrn_1")
    assert change.facts["last_traceparent"] == WEB.traceparent
    assert [type(event) for event in change.events] == [SessionStarted]


def test_after_the_login_the_session_goes_on_and_its_call_is_part_of_the_journey() -> None:
    thread = visit(NOBODY_YET, 1)
    change = start_session(
        thread, origin=WEB, occur_time=NOON + minutes(5), session_id="ses_1", ids=ids(2), rules=BUILT_IN
    )
    assert change.facts["session_id"] == "ses_1"
    assert [type(event) for event in change.events] == [TouchpointRecorded]
    assert len(change.state.sessions) == 1


@pytest.mark.parametrize(("origin", "session_id"), [(STORE, "ses_1"), (WEB, "ses_of_somebody_else")])
def test_a_session_of_another_channel_or_customer_is_not_continued(origin: Origin, session_id: str) -> None:
    thread = visit(NOBODY_YET, 1)
    change = start_session(thread, origin=origin, occur_time=NOON, session_id=session_id, ids=ids(2), rules=BUILT_IN)
    assert change.facts["session_id"] == "ses_2"


def test_the_newest_fifty_sessions_are_known() -> None:
    thread = NOBODY_YET
    for number in range(MAX_SESSIONS + 3):
        thread = visit(thread, number)
    assert [session.session_id for session in thread.sessions] == [f"ses_{n}" for n in range(3, MAX_SESSIONS + 3)]


def test_a_visit_after_a_long_silence_begins_a_journey_that_names_the_last_and_ends_that() -> None:
    change = start_session(
        visit(NOBODY_YET, 1),
        origin=WEB,
        occur_time=NOON + timedelta(days=31),
        session_id="",
        ids=ids(2),
        rules=BUILT_IN,
    )
    _, ended, started = change.events
    assert ended == JourneyEnded(NOON + GAP, "jrn_1", SILENT)
    assert isinstance(started, JourneyStarted)
    assert (started.journey_id, started.previous_journey_id) == ("jrn_2", "jrn_1")
    assert change.facts["last_traceparent"] == ""


def test_the_eleventh_journey_takes_the_first_out_of_the_record() -> None:
    thread = NOBODY_YET
    for number in range(MAX_JOURNEYS):
        thread = visit(thread, number, days=40 * number)
    change = start_session(
        thread,
        origin=WEB,
        occur_time=NOON + timedelta(days=40 * MAX_JOURNEYS),
        session_id="",
        ids=ids(99),
        rules=BUILT_IN,
    )
    started = change.events[-1]
    assert isinstance(started, JourneyStarted)
    assert [span.journey_id for span in started.retired] == ["jrn_0"]
    assert len(change.state.timeline.journeys) == MAX_JOURNEYS


def test_what_a_channel_saw_is_noted_with_its_session() -> None:
    thread = visit(NOBODY_YET, 1)
    change = record(thread, VIEW, origin=replace(WEB, session_id="ses_1"), now=NOON, ids=ids(2), rules=BUILT_IN)
    (event,) = change.events
    assert isinstance(event, TouchpointRecorded)
    noted = event.touchpoint
    assert (noted.session_id, noted.summary, noted.by_customer) == ("ses_1", "product viewed SKU-1", True)
    assert noted.attributes == (("page", "2"),)


def test_a_session_that_is_not_the_customers_on_this_channel_is_left_out() -> None:
    thread = visit(NOBODY_YET, 1)
    change = record(thread, VIEW, origin=replace(STORE, session_id="ses_1"), now=NOON, ids=ids(2), rules=BUILT_IN)
    (event,) = change.events
    assert isinstance(event, TouchpointRecorded)
    assert event.touchpoint.session_id == ""


def test_what_another_service_notes_is_not_for_channels_to_tell() -> None:
    sighting = replace(VIEW, kind=context_pb2.TOUCHPOINT_KIND_ORDER_PLACED)
    with pytest.raises(OmnithreadError, match="TOUCHPOINT_KIND_RESERVED"):
        record(NOBODY_YET, sighting, origin=WEB, now=NOON, ids=ids(1), rules=BUILT_IN)


@pytest.mark.parametrize("at", [NOON + minutes(2), NOON - timedelta(days=30, minutes=1)])
def test_what_is_told_from_the_future_or_from_over_thirty_days_ago_is_refused(at: object) -> None:
    with pytest.raises(OmnithreadError, match="OCCUR_TIME_INVALID"):
        record(NOBODY_YET, replace(VIEW, occur_time=at), origin=WEB, now=NOON, ids=ids(1), rules=BUILT_IN)  # type: ignore[arg-type]


def test_an_event_that_comes_twice_counts_once() -> None:
    thread = heard(NOBODY_YET, touchpoint(1), seq=1)
    assert hear(thread, touchpoint(1), source=place(1), journey_id="jrn_other", rules=BUILT_IN) is None
    assert spans(thread.timeline)[0].touchpoint_count == 1


def test_events_of_a_restored_service_are_news_though_their_numbers_are_not() -> None:
    thread = heard(NOBODY_YET, touchpoint(1), seq=5)
    change = hear(thread, touchpoint(2), source=place(3, epoch="epoch-2"), journey_id="jrn_other", rules=BUILT_IN)
    assert change is not None


@settings(deadline=None)  # the machine may be busy with other things
@given(order=st.permutations(range(8)), by_customer=st.lists(st.booleans(), min_size=8, max_size=8))
def test_the_four_services_events_may_come_in_any_order(order: list[int], by_customer: list[bool]) -> None:
    def told(numbers: list[int]) -> Thread:
        thread, told_of = NOBODY_YET, dict.fromkeys(HEARD_AREAS, 0)
        for number in numbers:
            area = HEARD_AREAS[number % 4]
            told_of[area] += 1
            moment = touchpoint(number, NOON + timedelta(days=12 * number), by_customer=by_customer[number])
            thread = heard(thread, moment, seq=told_of[area], area=area)
        return thread

    one, other = told(list(range(8))), told(order)
    assert one.recent_touchpoints == other.recent_touchpoints
    assert [(s.start_time, s.end_time, s.touchpoint_count) for s in spans(one.timeline)] == [
        (s.start_time, s.end_time, s.touchpoint_count) for s in spans(other.timeline)
    ]


def test_the_newest_twenty_touchpoints_are_at_hand_newest_first() -> None:
    thread = NOBODY_YET
    for number in range(30):
        thread = heard(thread, touchpoint(number, NOON + minutes(number)), seq=number + 1)
    numbers = [t.touchpoint_id for t in thread.recent_touchpoints]
    assert numbers == [f"tch_{n:03}" for n in range(29, 9, -1)]
    assert len(numbers) == MAX_RECENT_TOUCHPOINTS


def test_large_touchpoints_leave_room_in_the_record() -> None:
    thread = NOBODY_YET
    for number in range(20):
        thread = heard(thread, touchpoint(number, NOON + minutes(number), padding=10_000), seq=number + 1)
    assert len(thread.recent_touchpoints) == MAX_RECENT_BYTES // 10_000


def test_a_journey_ends_when_the_customer_was_silent_for_thirty_days_and_only_once() -> None:
    thread = visit(NOBODY_YET, 1)
    assert close_idle(thread, now=NOON + GAP - minutes(1)) is None
    change = close_idle(thread, now=NOON + GAP)
    assert change is not None
    assert change.events == (JourneyEnded(NOON + GAP, "jrn_1", SILENT),)
    assert close_idle(change.state, now=NOON + GAP + minutes(1)) is None


def test_a_guest_who_logs_in_brings_session_touchpoints_and_journey_along() -> None:
    guest = heard(visit(NOBODY_YET, 1), touchpoint(1, NOON + minutes(1)), seq=1)
    known = visit(NOBODY_YET, 2, STORE, days=-3)
    change = absorb(known, guest, merge_id="mrg_1", source_customer_id="cus_guest", now=NOON + minutes(2))
    assert change.events == (JourneyAbsorbed(NOON + minutes(2), "mrg_1", "cus_guest"),)
    thread = change.state
    (span,) = spans(thread.timeline)
    assert (span.journey_id, span.joined_ids, span.touchpoint_count) == ("jrn_2", ("jrn_1",), 3)
    assert [session.session_id for session in thread.sessions] == ["ses_2", "ses_1"]
    assert [t.touchpoint_id for t in thread.recent_touchpoints] == ["tch_001", "tch_1", "tch_2"]
    assert thread.session_of("ses_1", "web-shop") is not None


def test_what_a_merged_customer_did_last_is_awaited_until_each_service_has_sealed_it() -> None:
    guest = heard(NOBODY_YET, touchpoint(1), seq=4)
    guest = replace(guest, heard=(place(4, customer_id="cus_guest"),))
    thread = absorb(NOBODY_YET, guest, merge_id="mrg_1", source_customer_id="cus_guest", now=NOON).state
    assert thread.awaited_areas("cus_1") == {"cus_guest": frozenset(HEARD_AREAS)}
    assert (
        hear(thread, touchpoint(1), source=place(4, customer_id="cus_guest"), journey_id="jrn_9", rules=BUILT_IN)
        is None
    )
    for area in HEARD_AREAS:
        change = forget_source(thread, Heard(area, "cus_guest", "epoch-1", 9))
        assert change is not None
        thread = change.state
    assert thread.awaited_areas("cus_1") == {}
    assert forget_source(thread, place(9, customer_id="cus_guest")) is None


def test_what_has_happened_meanwhile_is_assigned_by_its_time_to_the_joined_journey() -> None:
    guest, known = visit(NOBODY_YET, 1, days=20), visit(NOBODY_YET, 2)
    thread = absorb(known, guest, merge_id="mrg_1", source_customer_id="cus_guest", now=NOON).state
    late = heard(thread, touchpoint(7, NOON + timedelta(days=10)), seq=1)
    assert journey_at(late.timeline, NOON + timedelta(days=10)) == "jrn_2"


def test_every_reason_is_in_the_contract() -> None:
    for error in (errors.journey_not_found(), errors.touchpoint_kind_reserved(), errors.occur_time_invalid()):
        assert error_reason_pb2.ErrorReason.Value(f"ERROR_REASON_{error.reason}")
