"""A trace in the order in which a person reads it: what caused stands above what it caused, indented."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.console.spans.values import Span


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the drawing."""

    span: Span
    depth: int
    """0 for what nothing here caused."""
    below: int = 0
    """How many rows stand under it: what it caused, and what that caused."""


def rows(spans: Sequence[Span]) -> list[Row]:
    """Give the spans of one trace as a tree, depth first, siblings by start.

    A span whose parent is not here (not exported yet, or in a program that exports elsewhere) stands at the top.
    Spans that are each other's parents are reached from no top, and are left out.
    """
    known = {span.span_id for span in spans}
    children: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda span: (span.start_ns, span.span_id)):
        parent = span.parent_span_id if span.parent_span_id in known else ""
        children.setdefault(parent, []).append(span)
    walked = list(_below("", children=children))
    counts = _counts([depth for _, depth in walked])
    return [Row(span=span, depth=depth, below=count) for (span, depth), count in zip(walked, counts, strict=True)]


def _below(top: str, *, children: dict[str, list[Span]]) -> Iterator[tuple[Span, int]]:
    # A stack of our own: a trace may be deeper than Python's recursion. Spans that are each other's parents
    # are reached from no top, so they cannot turn this into an endless walk.
    waiting = [(span, 0) for span in reversed(children.get(top, []))]
    while waiting:
        span, depth = waiting.pop()
        yield span, depth
        waiting.extend((one, depth + 1) for one in reversed(children.get(span.span_id, [])))


def _counts(depths: list[int]) -> list[int]:
    """Count for each row the rows after it that are deeper, up to the first that is not."""
    counts = [0] * len(depths)
    open_rows: list[int] = []
    for place, depth in enumerate([*depths, 0]):
        while open_rows and depths[open_rows[-1]] >= depth:
            above = open_rows.pop()
            counts[above] = place - above - 1
        if place < len(depths):
            open_rows.append(place)
    return counts
