"""A trace as lines with bars: what caused stands above what it caused, and the bar says when and how long. Pure.

A long trace is drawn as deep as there is room for; what is below is counted, and opened by its own link.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from services.console.spans.tree import Row, rows
from services.console.spans.values import Span

MAX_LINES = 400
FULL = 1000.0
"""The right end of every bar's track; the left end is 0."""
LEAST_BAR = 3.0
TICKS = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One span, and where its bar is."""

    span: Span
    depth: int
    left: float
    width: float
    hidden_count: int = 0
    """How many spans below it are not drawn."""
    hidden_errors: int = 0
    """How many of these failed."""


@dataclass(frozen=True, slots=True)
class Waterfall:
    """What is drawn of a trace."""

    lines: tuple[Line, ...]
    """At most `MAX_LINES`."""
    begin_ns: int
    total_ns: int
    """From the first begin to the last end of what is drawn; at least 1."""
    span_count: int
    """Of the whole trace."""
    drawn_from: int = 0
    """How many lines were left out before the first, of those that would be drawn."""
    next_from: int = 0
    """Where the next lines begin; 0 where these are the last."""

    @property
    def ticks(self) -> tuple[tuple[float, int], ...]:
        """Where the scale has its lines, and how many nanoseconds after the begin that is."""
        return tuple((FULL * n / TICKS, self.total_ns * n // TICKS) for n in range(TICKS))


def waterfall_of(spans: Sequence[Span], *, under: str = "", skip: int = 0, most: int = MAX_LINES) -> Waterfall:
    """Draw a trace, or only the span `under` and what it caused; `skip` lines are left out where there are too many."""
    walked = _part(rows(spans), under)
    depth = _depth_with_room([row.depth for row in walked], most)
    drawn = [(place, row) for place, row in enumerate(walked) if row.depth <= depth]
    page = drawn[skip : skip + most]
    begin_ns = min((row.span.start_ns for row in walked), default=0)
    total_ns = max(max((row.span.end_ns for row in walked), default=0) - begin_ns, 1)
    errors = [place for place, row in enumerate(walked) if row.span.error]
    top = walked[0].depth if walked else 0
    return Waterfall(
        lines=tuple(
            _line(
                row, place=place, cut=row.depth == depth, errors=errors, begin_ns=begin_ns, total_ns=total_ns, top=top
            )
            for place, row in page
        ),
        begin_ns=begin_ns,
        total_ns=total_ns,
        span_count=len(spans),
        drawn_from=skip,
        next_from=skip + most if skip + most < len(drawn) else 0,
    )


def _part(walked: list[Row], under: str) -> list[Row]:
    if not under:
        return walked
    for place, row in enumerate(walked):
        if row.span.span_id == under:
            return walked[place : place + row.below + 1]
    return []


def _depth_with_room(depths: list[int], most: int) -> int:
    """Give the greatest depth to which there are at most so many rows; the top is drawn in any case."""
    if not depths:
        return 0
    deepest = max(depths)
    if len(depths) <= most:
        return deepest
    by_depth = sorted(depths)
    depth = by_depth[0]
    while depth < deepest and bisect_right(by_depth, depth + 1) <= most:
        depth += 1
    return depth


def _line(row: Row, *, place: int, cut: bool, errors: list[int], begin_ns: int, total_ns: int, top: int) -> Line:
    left = FULL * (row.span.start_ns - begin_ns) / total_ns
    width = max(FULL * row.span.duration_ns / total_ns, LEAST_BAR)
    failed_below = bisect_right(errors, place + row.below) - bisect_right(errors, place)
    return Line(
        span=row.span,
        depth=row.depth - top,
        left=round(min(left, FULL - LEAST_BAR), 2),
        width=round(min(width, FULL - min(left, FULL - LEAST_BAR)), 2),
        hidden_count=row.below if cut else 0,
        hidden_errors=failed_below if cut else 0,
    )
