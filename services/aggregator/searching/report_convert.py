"""Translates words: for which days a report is wanted, and the report."""

from collections.abc import Iterable, Mapping
from datetime import date

from libs.errors import invalid_field
from omnithread.common.v1 import channel_pb2
from omnithread.context.v1 import context_pb2
from omnithread.context.v1 import journey_service_pb2 as pb
from services.aggregator.searching.counts import ANY_GOAL, CUT, OTHER_ENDS, OTHER_WAYS, Counts, Tally
from services.aggregator.searching.money_convert import totals_to_proto
from services.aggregator.searching.places import KINDS, LETTERS, kinds_of
from services.aggregator.searching.reports import Asked, Report
from services.aggregator.searching.search_convert import freshness_to_proto
from services.aggregator.searching.sketches import HALF, NINE_OF_TEN, quantile

DEFAULT_ROWS = 50
MAX_CURRENCIES = 20
MAX_GOALS = 50


def asked_from_request(request: pb.GetJourneyReportRequest) -> Asked:
    """Read for which days. Raises INVALID_FIELD."""
    first = LETTERS.get(request.first_channel_kind, "")
    if request.first_channel_kind and not first:
        raise invalid_field("first_channel_kind", "no kind of channel on which customers are")
    return Asked(
        from_day=_day(request.from_day, "from_day"),
        to_day=_day(request.to_day, "to_day"),
        first=first,
        goal_id=request.goal_id,
        max_rows=request.max_rows or DEFAULT_ROWS,
    )


def report_to_proto(report: Report) -> pb.JourneyReport:
    """Write a report, in an order that does not depend on how it was counted."""
    counts, goal_id, rows = report.counts, report.asked.goal_id, report.asked.max_rows
    paths, other = _paths(counts.ways, goal_id, rows)
    return pb.JourneyReport(
        totals=_totals(counts, goal_id),
        paths=paths,
        other_paths=other,
        handovers=_handovers(counts, goal_id),
        channels=_channels(counts, goal_id),
        steps=_steps(counts)[:rows],
        breaks=_breaks(counts, goal_id)[:rows],
        days=[
            pb.JourneyDay(day=day, journey_count=tally.count, reached_count=tally.reached[goal_id])
            for day, tally in report.days
        ],
        time_zone=report.zone.key,
        freshness=freshness_to_proto(report.freshness, days_behind=report.days_behind),
    )


def _totals(counts: Counts, goal_id: str) -> pb.JourneyTotals:
    journeys = counts.journeys
    goals = {name: count for name, count in journeys.reached.items() if name != ANY_GOAL}
    return pb.JourneyTotals(
        journey_count=journeys.count,
        going_on_count=journeys.going_on,
        reached_count=journeys.reached[goal_id],
        inactive_count=counts.inactive,
        cancelled_count=counts.cancelled,
        problem_count=counts.with_problem,
        handed_over_count=counts.handed_over,
        order_count=counts.orders,
        order_totals=totals_to_proto(counts.totals, most=MAX_CURRENCIES),
        goals=[
            pb.JourneyGoalCount(goal_id=name, journey_count=count)
            for name, count in sorted(goals.items(), key=lambda goal: (-goal[1], goal[0]))[:MAX_GOALS]
        ],
        broken_count=sum(tally.count - tally.reached[goal_id] for tally in counts.ends.values()),
    )


def _paths(
    ways: Mapping[str, Tally], goal_id: str, rows: int
) -> tuple[list[pb.JourneyPathReport], pb.JourneyPathReport]:
    named = sorted(
        ((way, tally) for way, tally in ways.items() if way != OTHER_WAYS), key=lambda one: (-one[1].count, one[0])
    )
    other = Tally()
    for tally in (ways.get(OTHER_WAYS, Tally()), *(tally for _, tally in named[rows:])):
        other.take(tally)
    written = [_path(way, tally, goal_id) for way, tally in named[:rows]]
    return written, _path("", other, goal_id)


def _path(way: str, tally: Tally, goal_id: str) -> pb.JourneyPathReport:
    return pb.JourneyPathReport(
        path=kinds_of(way),
        truncated=way.endswith(CUT),
        journey_count=tally.count,
        reached_count=tally.reached[goal_id],
        going_on_count=tally.going_on,
    )


def _handovers(counts: Counts, goal_id: str) -> list[pb.JourneyHandover]:
    turns = sorted(counts.turns.items(), key=lambda turn: (-turn[1].times.total(), turn[0]))
    return [
        pb.JourneyHandover(
            from_kind=KINDS[before],
            to_kind=KINDS[after],
            count=tally.times.total(),
            journey_count=tally.journeys.count,
            reached_count=tally.journeys.reached[goal_id],
            median_seconds=quantile(tally.times, HALF),
            nine_of_ten_seconds=quantile(tally.times, NINE_OF_TEN),
        )
        for (before, after), tally in turns
    ]


def _channels(counts: Counts, goal_id: str) -> list[pb.JourneyChannelReport]:
    return [
        pb.JourneyChannelReport(
            kind=kind,
            journey_count=counts.places[letter].count,
            reached_count=counts.places[letter].reached[goal_id],
            first_count=counts.firsts[letter],
            last_count=counts.lasts[letter],
        )
        for letter, kind in sorted(KINDS.items(), key=lambda one: one[1])
        if letter in counts.places
    ]


def _steps(counts: Counts) -> list[pb.JourneyStep]:
    return [
        pb.JourneyStep(
            from_kind=_touchpoint_kind(before),
            to_kind=_touchpoint_kind(after),
            count=times.total(),
            median_seconds=quantile(times, HALF),
            nine_of_ten_seconds=quantile(times, NINE_OF_TEN),
        )
        for (before, after), times in sorted(counts.pairs.items(), key=lambda pair: (-pair[1].total(), pair[0]))
    ]


def _breaks(counts: Counts, goal_id: str) -> list[pb.JourneyBreak]:
    broken: Iterable[tuple[tuple[int, int, str], int]] = (
        (ending, tally.count - tally.reached[goal_id]) for ending, tally in counts.ends.items() if ending != OTHER_ENDS
    )
    return [
        pb.JourneyBreak(
            last_touchpoint_kind=_touchpoint_kind(kind),
            last_channel_kind=channel_pb2.ChannelKind.ValueType(channel_kind),
            last_problem_reason=reason,
            journey_count=count,
        )
        for (kind, channel_kind, reason), count in sorted(broken, key=lambda one: (-one[1], one[0]))
        if count
    ]


def _touchpoint_kind(kind: int) -> context_pb2.TouchpointKind.ValueType:
    return context_pb2.TouchpointKind.ValueType(kind)


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise invalid_field(field, "is no day of the calendar") from None
