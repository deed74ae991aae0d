import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from libs.errors import OmnithreadError
from libs.mongo.shapes import RECORDS
from libs.origin import Origin, Stamp
from libs.rpc.call import CURRENT_CALL, Call, Caller
from libs.timestamps import to_timestamp
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_SYSTEM
from omnithread.context.v1 import context_internal_service_pb2 as internal_pb
from omnithread.context.v1 import context_pb2
from services.aggregator.idle_journeys import IdleJourneys
from services.aggregator.internal_servicer import ContextInternalServicer
from services.aggregator.journey_spans import spans
from services.aggregator.journey_values import GAP, MAX_JOURNEYS, UNKNOWN
from services.aggregator.model import Sighting
from services.aggregator.operations import Journeys, NothingToDo
from services.aggregator.store import thread_from_document, thread_to_fields
from services.aggregator.values import Touchpoint
from tests.services.aggregator.conftest import Watch
from tests.services.aggregator.samples import NOON, STORE, WEB, minutes, place, touchpoint

MERGE = Origin.system("context-merge")


def stamp(request_id: str, at: datetime | None = NOON, origin: Origin = WEB) -> Stamp:
    body_hash = hashlib.sha256(request_id.encode()).digest()
    return Stamp(request_id=request_id, body_hash=body_hash, issue_time=at, origin=origin)


async def hear(journeys: Journeys, customer_id: str, news: Touchpoint, seq: int, epoch: str = "epoch-1") -> None:
    source = place(seq, customer_id=customer_id, epoch=epoch)
    await journeys.hear(news, source, stamp(f"cart:{news.touchpoint_id}:{epoch}:{seq}", at=None))


async def count(journeys: Journeys, customer_id: str = "cus_1") -> int:
    return sum(span.touchpoint_count for span in spans((await journeys.get(customer_id)).state.timeline))


async def test_a_retried_start_is_the_same_session_on_the_same_journey(journeys: Journeys) -> None:
    first = await journeys.start_session("cus_1", "", stamp("request-1"))
    again = await journeys.start_session("cus_1", "", stamp("request-1", NOON + minutes(1)))
    assert again.replayed
    assert again.facts == first.facts
    assert await count(journeys) == 1


async def test_everything_that_a_thread_has_is_found_again(journeys: Journeys) -> None:
    await journeys.start_session("cus_1", "", stamp("request-1"))
    await hear(journeys, "cus_1", touchpoint(1, NOON + minutes(1), padding=9), 1)
    await hear(journeys, "cus_1", touchpoint(2, NOON + timedelta(days=40), by_customer=False), 2)
    thread = (await journeys.get("cus_1")).state
    assert thread.timeline.loose_times
    assert thread_from_document(thread_to_fields(thread)) == thread


async def test_what_a_channel_saw_is_answered_as_it_was_noted_and_a_retry_adds_nothing(journeys: Journeys) -> None:
    started = await journeys.start_session("cus_1", "", stamp("request-1"))
    seen = Sighting(context_pb2.TOUCHPOINT_KIND_SEARCHED, "boots", (("page", "1"),), NOON)
    origin = replace(WEB, session_id=started.facts["session_id"])
    _, noted = await journeys.record("cus_1", seen, stamp("request-2", origin=origin))
    outcome, again = await journeys.record("cus_1", seen, stamp("request-2", origin=origin))
    assert outcome.replayed
    assert again == noted
    assert (noted.session_id, noted.attributes) == (started.facts["session_id"], (("page", "1"),))


async def test_a_retry_is_answered_although_much_has_happened_since(journeys: Journeys) -> None:
    seen = Sighting(context_pb2.TOUCHPOINT_KIND_SEARCHED, "boots", (), NOON)
    _, noted = await journeys.record("cus_1", seen, stamp("request-1"))
    for number in range(25):
        await hear(journeys, "cus_1", touchpoint(number, NOON + minutes(number + 1)), number + 1)
    outcome, again = await journeys.record("cus_1", seen, stamp("request-1"))
    assert outcome.replayed
    assert again == noted


async def test_an_event_that_comes_twice_is_one_touchpoint(journeys: Journeys) -> None:
    await hear(journeys, "cus_1", touchpoint(1), 1)
    await journeys.hear(touchpoint(1), place(1), stamp("by another replica", at=None))
    assert await count(journeys) == 1


async def test_a_restored_service_that_tells_again_what_it_told_adds_nothing_and_news_are_heard(
    journeys: Journeys,
) -> None:
    await hear(journeys, "cus_1", touchpoint(1), 1)
    await hear(journeys, "cus_1", touchpoint(2), 2)
    await hear(journeys, "cus_1", touchpoint(1), 1, epoch="epoch-2")
    assert await count(journeys) == 2
    await hear(journeys, "cus_1", touchpoint(3), 2, epoch="epoch-2")
    assert await count(journeys) == 3


async def test_a_journey_is_told_in_pages_in_the_order_in_which_it_happened(journeys: Journeys) -> None:
    for seq, number in enumerate((4, 1, 3, 0, 2), start=1):
        await hear(journeys, "cus_1", touchpoint(number, NOON + minutes(number)), seq)
    told: list[str] = []
    position = None
    while True:
        page = await journeys.get_journey("cus_1", "", position=position, limit=2)
        told += [t.touchpoint_id for t in page.touchpoints]
        position = page.following
        if position is None:
            break
    assert told == [f"tch_{n:03}" for n in range(5)]


async def test_a_journeys_page_ends_where_the_next_journey_begins(journeys: Journeys) -> None:
    await hear(journeys, "cus_1", touchpoint(1), 1)
    await hear(journeys, "cus_1", touchpoint(2, NOON + timedelta(days=35), by_customer=False), 2)
    await hear(journeys, "cus_1", touchpoint(3, NOON + timedelta(days=40)), 3)
    first, second = spans((await journeys.get("cus_1")).state.timeline)
    page = await journeys.get_journey("cus_1", first.journey_id, position=None, limit=10)
    assert [t.touchpoint_id for t in page.touchpoints] == ["tch_001", "tch_002"]
    present = await journeys.get_journey("cus_1", "", position=None, limit=10)
    assert (present.span.journey_id, len(present.touchpoints)) == (second.journey_id, 1)
    assert present.span.previous_journey_id == first.journey_id


async def test_a_journey_that_nobody_has_is_not_found(journeys: Journeys) -> None:
    await hear(journeys, "cus_1", touchpoint(1), 1)
    with pytest.raises(OmnithreadError, match="JOURNEY_NOT_FOUND"):
        await journeys.get_journey("cus_1", "jrn_of_somebody_else", position=None, limit=10)


async def test_old_journeys_are_listed_after_the_newer_ones_and_keep_their_touchpoints(journeys: Journeys) -> None:
    for number in range(MAX_JOURNEYS + 3):
        await hear(journeys, "cus_1", touchpoint(number, NOON + timedelta(days=40 * number)), number + 1)
    listed: list[str] = []
    position = None
    while True:
        _, found, position = await journeys.list_journeys("cus_1", position=position, limit=5)
        listed += [span.journey_id for span in found]
        if position is None:
            break
    assert len(listed) == len(set(listed)) == MAX_JOURNEYS + 3
    oldest = await journeys.get_journey("cus_1", listed[-1], position=None, limit=10)
    assert [t.touchpoint_id for t in oldest.touchpoints] == ["tch_000"]
    assert oldest.span.end_time == NOON + GAP
    newest_old = await journeys.get_journey("cus_1", listed[-2], position=None, limit=10)
    assert newest_old.span.previous_journey_id == listed[-1]


async def test_a_merge_loses_no_touchpoint_and_both_names_of_the_journey_lead_to_it(journeys: Journeys) -> None:
    guest = await journeys.start_session("cus_guest", "", stamp("request-1"))
    known = await journeys.start_session("cus_1", "", stamp("request-2", NOON - minutes(60), STORE))
    await hear(journeys, "cus_guest", touchpoint(1, NOON + minutes(1)), 1)
    done, saved = await journeys.absorb(
        merge_id="mrg_1", source_customer_id="cus_guest", survivor_customer_id="cus_1", origin=MERGE
    )
    assert done
    assert saved.customer_id == "cus_1"
    for customer_id in ("cus_1", "cus_guest"):
        for journey_id in (guest.facts["journey_id"], known.facts["journey_id"], ""):
            page = await journeys.get_journey(customer_id, journey_id, position=None, limit=10)
            assert [t.touchpoint_id for t in page.touchpoints] == [
                known.facts["touchpoint_id"],
                guest.facts["touchpoint_id"],
                "tch_001",
            ]
    again, _ = await journeys.absorb(
        merge_id="mrg_1", source_customer_id="cus_guest", survivor_customer_id="cus_1", origin=MERGE
    )
    assert not again
    assert await count(journeys) == 3


async def test_what_a_merged_guest_did_last_is_heard_late_and_belongs_to_the_survivor(journeys: Journeys) -> None:
    await hear(journeys, "cus_guest", touchpoint(1), 1)
    await journeys.absorb(merge_id="mrg_1", source_customer_id="cus_guest", survivor_customer_id="cus_1", origin=MERGE)
    await hear(journeys, "cus_guest", touchpoint(2, NOON + minutes(1)), 2)
    await hear(journeys, "cus_guest", touchpoint(1), 1)
    assert await count(journeys) == 2
    await journeys.forget_source(place(3, customer_id="cus_guest"), stamp("sealed", at=None))
    assert "cart" not in (await journeys.get("cus_1")).state.awaited_areas("cus_1")["cus_guest"]
    await journeys.forget_source(place(3, customer_id="cus_guest"), stamp("sealed again", at=None))


async def test_the_guests_session_goes_on_after_the_login(journeys: Journeys) -> None:
    guest = await journeys.start_session("cus_guest", "", stamp("request-1"))
    await journeys.absorb(merge_id="mrg_1", source_customer_id="cus_guest", survivor_customer_id="cus_1", origin=MERGE)
    login = await journeys.start_session("cus_1", guest.facts["session_id"], stamp("request-2", NOON))
    assert login.facts["session_id"] == guest.facts["session_id"]
    assert login.facts["journey_id"] == guest.facts["journey_id"]


async def test_a_journey_ends_after_thirty_silent_days_whichever_replica_looks(
    journeys: Journeys, watch: Watch
) -> None:
    await journeys.start_session("cus_1", "", stamp("request-1"))
    sweeps = [IdleJourneys(journeys=journeys, clock=watch, pause_seconds=1) for _ in range(2)]
    watch.pass_by(days=29)
    await sweeps[0].sweep()
    assert spans((await journeys.get("cus_1")).state.timeline)[0].end_time is None
    watch.pass_by(days=2)
    for sweep in sweeps:
        await sweep.sweep()
    saved = await journeys.get("cus_1")
    assert spans(saved.state.timeline)[0].end_time == NOON + GAP
    assert saved.version == 2
    with pytest.raises(NothingToDo):
        await journeys.close_idle("cus_1", stamp("once more", at=None))


async def test_a_late_act_from_within_the_thirty_days_reopens_the_journey(journeys: Journeys, watch: Watch) -> None:
    started = await journeys.start_session("cus_1", "", stamp("request-1"))
    watch.pass_by(days=31)
    await IdleJourneys(journeys=journeys, clock=watch, pause_seconds=1).sweep()
    await hear(journeys, "cus_1", touchpoint(1, NOON + timedelta(days=29)), 1)
    (span,) = spans((await journeys.get("cus_1")).state.timeline)
    assert (span.journey_id, span.end_time) == (started.facts["journey_id"], None)


async def test_other_services_are_told_every_touchpoint_in_order_and_whose_journeys_changed(
    journeys: Journeys, watch: Watch
) -> None:
    await journeys.start_session("cus_1", "", stamp("request-1"))
    await hear(journeys, "cus_1", touchpoint(1, NOON + timedelta(days=31)), 1)
    servicer = ContextInternalServicer(journeys)
    answer = await servicer.ReplayEvents(internal_pb.ReplayEventsRequest(customer_id="cus_1"), None)
    assert [event.WhichOneof("payload") for event in answer.events] == [
        "session_started",
        "journey_started",
        "touchpoint_recorded",
        "journey_ended",
        "journey_started",
    ]
    assert [event.header.seq for event in answer.events] == [1, 2, 3, 4, 5]
    assert answer.head.seq == 5
    touched, begun = answer.events[2], answer.events[4].journey_started
    assert touched.header.occur_time.ToDatetime(UTC) == NOON + timedelta(days=31)
    assert touched.touchpoint_recorded.journey_id == begun.journey_id
    assert begun.previous_journey_id == answer.events[1].journey_started.journey_id
    rest = await servicer.ReplayEvents(internal_pb.ReplayEventsRequest(customer_id="cus_1", after_seq=4), None)
    assert [event.header.seq for event in rest.events] == [5]
    heads = await servicer.ListHeads(internal_pb.ListHeadsRequest(updated_since=to_timestamp(watch())), None)
    assert [(head.customer_id, head.seq) for head in heads.heads] == [("cus_1", 5)]


async def test_another_service_may_have_a_merge_done_again_and_it_is_done_once(journeys: Journeys) -> None:
    await journeys.start_session("cus_guest", "", stamp("request-1"))
    servicer = ContextInternalServicer(journeys)
    order = internal_pb.AbsorbCustomerRequest(
        merge_id="mrg_1", source_customer_id="cus_guest", survivor_customer_id="cus_1"
    )
    token = CURRENT_CALL.set(Call(Caller("aggregator", CHANNEL_KIND_SYSTEM, service="aggregator")))
    try:
        answers = [await servicer.AbsorbCustomer(order, None) for _ in range(2)]
    finally:
        CURRENT_CALL.reset(token)
    assert [answer.absorbed_now for answer in answers] == [True, False]
    assert answers[0].head == answers[1].head
    sealed = await servicer.ReplayEvents(internal_pb.ReplayEventsRequest(customer_id="cus_guest"), None)
    assert sealed.events[-1].journey_sealed.survivor_customer_id == "cus_1"


async def test_what_an_older_version_noted_is_read_and_says_what_it_knew(journeys: Journeys, watch: Watch) -> None:
    await journeys.start_session("cus_1", "", stamp("request-1"))
    await hear(journeys, "cus_1", touchpoint(1, NOON + timedelta(days=1)), 1)
    watch.pass_by(days=2)
    done = NOON + timedelta(days=2)
    records = journeys.database[RECORDS]
    await records.update_one({"_id": "cus_1"}, {"$set": {"ends": [[done, NOON]]}, "$unset": {"goals": ""}})
    for number in (0, 1):
        old = {f"recent_touchpoints.{number}.{name}": "" for name in ("goal_ids", "ends", "order_placed_time")}
        await records.update_one({"_id": "cus_1"}, {"$unset": old | {"journeys.0.gap_days": ""}})
    await records.update_one({"_id": "cus_1"}, {"$set": {"recent_touchpoints.0.done_order_placed_time": NOON}})
    thread = (await journeys.get("cus_1")).state
    (span,) = spans(thread.timeline)
    assert (span.end_time, span.why_ended, span.goals) == (done, UNKNOWN, ())
    assert (thread.recent_touchpoints[0].order_placed_time, thread.recent_touchpoints[0].ends) == (NOON, UNKNOWN)
    await hear(journeys, "cus_1", touchpoint(2, NOON + timedelta(days=3)), 2)
    assert [one.why_ended for one in spans((await journeys.get("cus_1")).state.timeline)] == [UNKNOWN, ""]
