"""Ten thousand journeys are searched and counted while somebody waits, rightly, and without looking at all of them."""

import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from deploy.local.backends import EmbeddedMongo
from libs.mongo.connection import Database, connect
from libs.mongo.connection import database as named_database
from libs.mongo.migrate import migrate
from omnithread.context.v1 import context_pb2 as context
from services.aggregator.searching.searches import BY_LAST_ACT, BY_START, MOST_EXAMINED, Found, Wanted
from services.aggregator.store import INDEXES
from tests.services.aggregator.alone import EPOCH
from tests.services.aggregator.conftest import Watch
from tests.services.aggregator.samples import touchpoint
from tests.services.aggregator.searching.crowds import crowd_in
from tests.services.aggregator.searching.library import BERLIN, Library
from tests.services.aggregator.searching.oracle import Told, summed
from tests.services.aggregator.test_operations import hear

JOURNEYS = int(os.environ.get("OMNITHREAD_TEST_JOURNEYS", "10000"))
CUSTOMERS_AT_ONCE = 20
ONE_MORE_SECONDS = 2.0
"""What one page of a search, or a report, may take on a machine with much else to do; mostly it is a tenth of that."""

Answer = TypeVar("Answer")


@pytest.fixture
async def database(tmp_path: Path, unique_prefix: str, mongo_uri: str) -> AsyncIterator[Database]:
    """Give one at a MongoDB of its own: what others do at the shared one, or left there, says nothing of this."""
    given = os.environ.get("OMNITHREAD_MONGO_URI")
    server = EmbeddedMongo(data_dir=tmp_path / "mongo")
    client = connect(mongo_uri if given else (await server.start()).uri, app_name="ten-thousand-journeys")
    try:
        database = named_database(client, unique_prefix)
        await migrate(database, INDEXES, new_epoch=EPOCH)
        yield database
    finally:
        client.close()
        await server.kill()


async def timed(what: str, call: Awaitable[Answer]) -> tuple[Answer, float]:
    began = time.perf_counter()
    answer = await call
    seconds = time.perf_counter() - began
    print(f"{what}: {seconds * 1000:.0f} ms")  # noqa: T201  # what the docs state
    return answer, seconds


@pytest.mark.timeout(3000)
async def test_they_are_searched_and_reported_in_interactive_time(library: Library, watch: Watch) -> None:
    everything: list[Told] = []
    begin = 0
    while len(everything) < JOURNEYS:
        everything += await crowd_in(library.database, range(begin, begin + CUSTOMERS_AT_ONCE), now=watch.now)
        begin += CUSTOMERS_AT_ONCE
        await timed(f"cards of {CUSTOMERS_AT_ONCE} customers", library.sweep.sweep())
    await timed("all days", all_days(library))
    assert len(await library.cards()) == len(everything)
    await the_searches_are_right(library, watch, everything)
    await the_report_is_right(library, watch, everything)
    await one_change_costs_little(library, watch, everything)


async def all_days(library: Library) -> None:
    while await library.days.sweep():
        pass


async def the_searches_are_right(library: Library, watch: Watch, everything: list[Told]) -> None:
    now = watch.now
    searches: dict[str, tuple[Wanted, Callable[[Told], bool]]] = {
        "web > mail > store": (Wanted(way="WES", field=BY_START), lambda one: has(one.way, "WES")),
        "just web > mail > store": (Wanted(way="WES", exact_way=True), lambda one: one.way == "WES"),
        "store at all": (Wanted(way="S"), lambda one: "S" in one.way),
        "stuck for a week": (
            Wanted(stuck_for=timedelta(days=7)),
            lambda one: one.span.end_time is None and one.last_time <= now - timedelta(days=7),
        ),
        "a problem, then silence": (
            Wanted(has_problem=True, outcome=context.JOURNEY_OUTCOME_INACTIVE),
            lambda one: bool(one.problems) and one.span.why_ended == "silent",
        ),
        "bought within ten days": (
            Wanted(
                goal_id="purchase", field=BY_START, from_time=now - timedelta(days=95), to_time=now - timedelta(days=85)
            ),
            lambda one: (
                "purchase" in one.goals and timedelta(days=85) < now - one.span.start_time <= timedelta(days=95)
            ),
        ),
    }
    for what, (wanted, fits) in searches.items():
        hits = sorted(
            (one for one in everything if fits(one)),
            key=lambda one: (one.span.start_time if wanted.field == BY_START else one.last_time, one.span.journey_id),
            reverse=True,
        )
        page, seconds = await timed(
            f"first page of {what} ({len(hits)})", library.searches.find(wanted, after=None, limit=20, now=now)
        )
        assert seconds < ONE_MORE_SECONDS
        assert [card.span.journey_id for card in page.cards] == [one.span.journey_id for one in hits[:20]]
        assert page.examined <= MOST_EXAMINED
        print(f"  looked at {page.examined} cards for {len(page.cards)}")  # noqa: T201
        assert await library.find(wanted) == [one.span.journey_id for one in hits]
    nowhere = Wanted(way="OT", field=BY_LAST_ACT)
    empty: Found = await library.searches.find(nowhere, after=None, limit=20, now=now)
    assert (empty.cards, empty.following, empty.examined) == ((), None, 0)


def has(way: str, wanted: str) -> bool:
    letters = iter(way)
    return all(letter in letters for letter in wanted)


async def the_report_is_right(library: Library, watch: Watch, everything: list[Told]) -> None:
    to_day = watch.now.astimezone(BERLIN).date()
    from_day = to_day - timedelta(days=365)
    report, seconds = await timed("report of 366 days", library.report(from_day, to_day))
    assert seconds < ONE_MORE_SECONDS
    wanted = summed(everything, from_day, to_day, BERLIN)
    assert report.counts.journeys.count == wanted.journeys == len(everything)
    assert (report.counts.journeys.reached[""], report.counts.orders) == (wanted.reached, wanted.orders)
    assert {turn: tally.times.total() for turn, tally in report.counts.turns.items()} == wanted.hops
    of_days = {tally.count for way, tally in report.counts.ways.items() if way == "*"}
    kept = {way: tally.count for way, tally in report.counts.ways.items() if way != "*"}
    assert sum(kept.values()) + sum(of_days) == wanted.journeys
    assert all(wanted.ways[way] >= count for way, count in kept.items())
    week, _ = await timed("report of 7 days", library.report(to_day - timedelta(days=90), to_day - timedelta(days=84)))
    assert week.counts.journeys.count == sum(tally.count for _, tally in week.days) > 0


async def one_change_costs_little(library: Library, watch: Watch, everything: list[Told]) -> None:
    """Somebody who orders changes one card and one day, whatever else there is."""
    watch.pass_by(minutes=2)
    while await library.sweep.sweep():  # all are looked at once more
        pass
    one = next(one for one in everything if one.span.end_time is None and one.span.last_act_time)
    day = one.span.start_time.astimezone(BERLIN).date()
    before = (await library.report(day, day)).counts.orders
    news = replace(
        touchpoint(1, one.last_time),
        kind=context.TOUCHPOINT_KIND_ORDER_PLACED,
        attributes=(("total", "10.00 EUR"),),
        order_placed_time=one.last_time,
    )
    await hear(library.journeys, one.customer_id, news, 2)
    watch.pass_by(hours=1)  # a day that took long to count rests
    made, _ = await timed("one customer's cards", library.sweep.sweep())
    assert made == 1
    await timed("one day anew", library.days.sweep())
    assert (await library.report(day, day)).counts.orders == before + 1
