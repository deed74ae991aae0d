"""When the company's clock moves to another zone, its days are counted by that one, and anew when it moves back."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from omnithread.context.v1 import context_pb2 as context
from services.aggregator.searching.day_counting import MOST_DAYS
from services.aggregator.searching.day_marks import DAYS, DayMarks
from tests.services.aggregator.conftest import Watch
from tests.services.aggregator.samples import touchpoint
from tests.services.aggregator.searching.library import BERLIN, Library, library_over
from tests.services.aggregator.test_operations import hear

APIA = ZoneInfo("Pacific/Apia")


async def today(library: Library, watch: Watch, zone: ZoneInfo) -> list[int]:
    """How many journeys began today by this clock, and how many orders were placed in them."""
    day = watch.now.astimezone(zone).date()
    counts = (await library.report(day, day)).counts
    return [counts.journeys.count, counts.orders]


async def test_days_of_another_clock_that_wait_hold_up_nobody(library: Library, watch: Watch) -> None:
    before = DayMarks(library.database, BERLIN, watch)
    await before.mark(watch.now - timedelta(days=number) for number in range(MOST_DAYS + 9))
    watch.pass_by(minutes=1)
    moved = library_over(library.journeys, watch, APIA)
    await hear(library.journeys, "cus_1", touchpoint(1, watch.now), 1)
    await moved.catch_up()
    assert (await today(moved, watch, APIA))[0] == 1


async def test_days_are_compared_with_cards_by_their_own_clock_only(library: Library, watch: Watch) -> None:
    await hear(library.journeys, "cus_1", touchpoint(1, watch.now), 1)
    await library.catch_up()
    watch.pass_by(minutes=10)
    await library_over(library.journeys, watch, APIA).days.check()
    assert await library.database[DAYS].count_documents({"changed_since": {"$exists": True}}) == 0


async def test_a_clock_that_comes_back_counts_what_happened_meanwhile(library: Library, watch: Watch) -> None:
    await library.days.take_over()
    await hear(library.journeys, "cus_1", touchpoint(1, watch.now), 1)
    await library.catch_up()
    moved = library_over(library.journeys, watch, APIA)
    await moved.days.take_over()
    watch.pass_by(seconds=1)
    order = replace(touchpoint(2, watch.now), kind=context.TOUCHPOINT_KIND_ORDER_PLACED)
    await hear(library.journeys, "cus_1", order, 2)
    await moved.catch_up()
    assert await today(moved, watch, APIA) == [1, 1]
    await library.days.take_over()
    watch.pass_by(minutes=1)
    await library.catch_up()
    assert await today(library, watch, BERLIN) == [1, 1]
