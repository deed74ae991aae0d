"""Cards, searches and reports say what all touchpoints say that somebody goes through with a pencil."""

import random
from datetime import datetime, timedelta

import pytest

from services.aggregator.journey_convert import OUTCOMES
from services.aggregator.searching.searches import BY_LAST_ACT, BY_START, Wanted
from services.aggregator.searching.sketches import HALF, quantile
from tests.services.aggregator.conftest import Watch
from tests.services.aggregator.searching.library import BERLIN, Library
from tests.services.aggregator.searching.lives import Lives
from tests.services.aggregator.searching.oracle import Told, summed, told


async def test_after_weeks_with_late_news_and_a_merge_all_is_as_the_touchpoints_say(
    library: Library, watch: Watch
) -> None:
    await all_is_as_told(library, watch, seed=4, turns=60)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_after_months_with_late_news_merges_and_partings_all_is_as_the_touchpoints_say(
    library: Library, watch: Watch, seed: int
) -> None:
    await all_is_as_told(library, watch, seed=seed, turns=200)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [11, 12])
async def test_after_being_killed_again_and_again_beside_another_replica_it_is_still_right(
    library: Library, watch: Watch, seed: int
) -> None:
    await all_is_as_told(library, watch, seed=seed, turns=150, killed=True)


async def all_is_as_told(library: Library, watch: Watch, *, seed: int, turns: int, killed: bool = False) -> None:
    everybody = [f"cus_{number}" for number in range(1, 7)]
    lives = Lives(library, watch, random.Random(seed), list(everybody), killed=killed)
    await lives.live(turns)
    expected = await told(library.journeys, everybody)
    assert len(expected) > 5
    await the_cards_are(library, expected)
    await the_report_is(library, list(expected.values()))
    dice = random.Random(seed)
    for _ in range(30):
        await a_search_finds(library, expected, dice)


async def the_cards_are(library: Library, expected: dict[str, Told]) -> None:
    cards = await library.cards()
    assert sorted(cards) == sorted(expected)
    for journey_id, one in expected.items():
        card = cards[journey_id]
        trail = card.trail
        assert (card.customer_id, card.span) == (one.customer_id, one.span)
        assert (trail.count, trail.way, trail.step_count) == (len(one.touchpoints), one.way, len(one.way))
        assert (trail.last_kind, trail.last_channel_id) == (one.last.kind, one.last.channel_id)
        assert (trail.problem_count, trail.last_problem) == (len(one.problems), (one.problems or [""])[-1])
        assert trail.order_count == one.orders


async def the_report_is(library: Library, expected: list[Told]) -> None:
    first = min(one.span.start_time for one in expected).astimezone(BERLIN).date()
    end = max(one.span.start_time for one in expected).astimezone(BERLIN).date()
    begin = max(first, end - timedelta(days=365))
    for from_day, to_day, first_place, goal_id in (
        (begin, end, "", ""),
        (begin, end, "W", "purchase"),
        (begin + timedelta(days=9), end - timedelta(days=9), "", "received"),
    ):
        report = await library.report(from_day, to_day, first=first_place, goal_id=goal_id)
        wanted = summed(expected, from_day, to_day, BERLIN, first=first_place, goal_id=goal_id)
        counts = report.counts
        assert (report.days_behind, report.freshness.customers_behind) == (0, 0)
        assert (counts.journeys.count, counts.journeys.going_on) == (wanted.journeys, wanted.going_on)
        assert (counts.journeys.reached[goal_id], counts.orders) == (wanted.reached, wanted.orders)
        assert counts.with_problem == wanted.problems
        assert {way: tally.count for way, tally in counts.ways.items()} == wanted.ways
        assert {way: tally.reached[goal_id] for way, tally in counts.ways.items()} == {
            way: wanted.ways_reached[way] for way in wanted.ways
        }
        assert {turn: tally.times.total() for turn, tally in counts.turns.items()} == wanted.hops
        for turn, tally in counts.turns.items():
            assert quantile(tally.times, HALF) == pytest.approx(wanted.medians[turn], rel=0.1, abs=1)
        assert {pair: times.total() for pair, times in counts.pairs.items()} == wanted.changes
        broken = {end: tally.count - tally.reached[goal_id] for end, tally in counts.ends.items()}
        assert {end: count for end, count in broken.items() if count} == wanted.breaks


async def a_search_finds(library: Library, expected: dict[str, Told], dice: random.Random) -> None:
    now = library.journeys.clock()
    wanted = Wanted(
        way=dice.choice(["", "", "W", "WS", "SW", "WES", "ASC"]),
        exact_way=False,
        outcome=dice.choice([0, 0, 0, 1, 2, 3]),
        going_on=False,
        goal_id=dice.choice(["", "", "purchase", "received"]),
        field=dice.choice([BY_START, BY_LAST_ACT]),
        from_time=dice.choice([None, now - timedelta(days=60)]),
        to_time=dice.choice([None, now - timedelta(days=20)]),
        channel_id=dice.choice(["", "", "store-042"]),
        has_problem=dice.choice([False, False, True]),
        stuck_for=dice.choice([None, None, timedelta(days=2)]),
    )

    def time_of(one: Told) -> datetime:
        return one.last_time if wanted.field == BY_LAST_ACT else one.span.start_time

    def fits(one: Told) -> bool:
        letters = iter(one.way)
        return (
            all(letter in letters for letter in wanted.way)
            and (
                not wanted.outcome or (one.span.end_time is not None and OUTCOMES[one.span.why_ended] == wanted.outcome)
            )
            and (not wanted.goal_id or wanted.goal_id in one.goals)
            and (wanted.from_time is None or time_of(one) >= wanted.from_time)
            and (wanted.to_time is None or time_of(one) < wanted.to_time)
            and (not wanted.channel_id or wanted.channel_id in one.span.channel_ids)
            and (not wanted.has_problem or bool(one.problems))
            and (wanted.stuck_for is None or (one.span.end_time is None and one.last_time <= now - wanted.stuck_for))
        )

    hits = [one for one in expected.values() if fits(one)]
    in_order = sorted(hits, key=lambda one: (time_of(one), one.span.journey_id), reverse=True)
    found = await library.find(wanted, limit=3)
    assert found == [one.span.journey_id for one in in_order]
