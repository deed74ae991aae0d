"""Merges are undone in the aggregator's own records: every touchpoint is on the journey of whose it is."""

from itertools import permutations

import pytest

from libs.origin import Origin
from services.aggregator.journey_spans import spans
from services.aggregator.operations import Journeys
from services.aggregator.partings import Partings
from tests.services.aggregator.samples import NOON, STORE, WEB, minutes, place, touchpoint
from tests.services.aggregator.test_operations import hear, stamp

MERGE = Origin.system("context-merge")
ANNA, BOB, CARL = "cus_1", "cus_2", "cus_3"
BEGIN = NOON - minutes(60)
MERGES = {BOB: "mrg_bob", CARL: "mrg_carl"}


async def merge(journeys: Journeys, source: str) -> None:
    await journeys.absorb(merge_id=MERGES[source], source_customer_id=source, survivor_customer_id=ANNA, origin=MERGE)


async def part(journeys: Journeys, source: str) -> bool:
    partings = Partings(records=journeys.records, database=journeys.database, clock=journeys.clock)
    released = await partings.release(
        merge_id=MERGES[source], source_customer_id=source, survivor_customer_id=ANNA, origin=MERGE
    )
    return released.released_now


async def visits(journeys: Journeys, source: str) -> set[str]:
    partings = Partings(records=journeys.records, database=journeys.database, clock=journeys.clock)
    found = await partings.visits(merge_id=MERGES[source], source_customer_id=source, survivor_customer_id=ANNA)
    return set(found)


async def seen(journeys: Journeys, customer_id: str, journey_id: str = "") -> list[str]:
    """The touchpoints of the journey, as anybody may ask for them, that all agree on how many they are."""
    page = await journeys.get_journey(customer_id, journey_id, position=None, limit=50)
    assert page.customer_id == customer_id
    found = [one.touchpoint_id for one in page.touchpoints]
    thread = (await journeys.get(customer_id)).state
    assert page.span.touchpoint_count == len(found)
    assert {one.touchpoint_id for one in thread.recent_touchpoints} >= set(found)
    return found


async def test_each_is_on_their_own_journey_again_with_what_happened_in_their_visits(journeys: Journeys) -> None:
    hers = await journeys.start_session(ANNA, "", stamp("request-1", BEGIN))
    his = await journeys.start_session(BOB, "", stamp("request-2", BEGIN + minutes(1), STORE))
    await merge(journeys, BOB)
    back = await journeys.start_session(
        ANNA, "", stamp("request-3", BEGIN + minutes(2), STORE), entrance_customer_id=BOB
    )
    await journeys.start_session(ANNA, "", stamp("request-4", BEGIN + minutes(3), WEB), entrance_customer_id=ANNA)
    await hear(journeys, BOB, touchpoint(5, BEGIN + minutes(4)), 1)
    expected = {his.facts["session_id"], back.facts["session_id"]}
    assert await visits(journeys, BOB) == expected

    assert await part(journeys, BOB)
    assert not await part(journeys, BOB)
    assert await visits(journeys, BOB) == expected
    mine, theirs = await seen(journeys, ANNA), await seen(journeys, BOB)
    assert (len(mine), mine[0]) == (2, hers.facts["touchpoint_id"])
    assert theirs == [his.facts["touchpoint_id"], back.facts["touchpoint_id"], "tch_005"]
    assert await seen(journeys, BOB, his.facts["journey_id"]) == theirs
    assert await seen(journeys, ANNA, hers.facts["journey_id"]) == mine
    again = await journeys.start_session(BOB, back.facts["session_id"], stamp("request-5", BEGIN + minutes(9), STORE))
    assert (again.saved.customer_id, again.facts["session_id"]) == (BOB, back.facts["session_id"])


@pytest.mark.parametrize("order", list(permutations([BOB, CARL])))
async def test_of_three_who_were_one_each_is_parted_whichever_goes_first(
    journeys: Journeys, order: tuple[str, str]
) -> None:
    started = {}
    for number, customer_id in enumerate((ANNA, BOB, CARL)):
        at = stamp(f"request-{number}", BEGIN + minutes(number))
        started[customer_id] = await journeys.start_session(customer_id, "", at)
    await merge(journeys, BOB)
    await hear(journeys, ANNA, touchpoint(4, BEGIN + minutes(4)), 1)
    await merge(journeys, CARL)
    for number, customer_id in enumerate((ANNA, BOB, CARL), start=5):
        await hear(journeys, customer_id, touchpoint(number, BEGIN + minutes(number)), 2)
    for customer_id in order:
        assert await part(journeys, customer_id)
    for customer_id, own in ((ANNA, ["tch_004", "tch_005"]), (BOB, ["tch_006"]), (CARL, ["tch_007"])):
        assert await seen(journeys, customer_id) == [started[customer_id].facts["touchpoint_id"], *own]
    names = {spans((await journeys.get(one)).state.timeline)[-1].journey_id for one in (ANNA, BOB, CARL)}
    assert len(names) == 3


async def test_the_last_event_of_an_area_that_is_heard_after_the_undoing_forgets_nothing(journeys: Journeys) -> None:
    await hear(journeys, BOB, touchpoint(1), 1)
    await merge(journeys, BOB)
    await part(journeys, BOB)
    await journeys.forget_source(place(2, customer_id=BOB), stamp("sealed", at=None))
    await hear(journeys, BOB, touchpoint(1), 1)
    assert await seen(journeys, BOB) == ["tch_001"]
    await merge(journeys, BOB)
    assert (await journeys.get(BOB)).customer_id == BOB
