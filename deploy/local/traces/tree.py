"""A trace in the order in which a person reads it: what caused stands above what it caused, indented."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy.local.traces.spans import Span


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the drawing."""

    span: Span
    depth: int
    """0 for what nothing here caused."""


def rows(spans: Sequence[Span]) -> list[Row]:
    """Give the spans of one trace as a tree, depth first, siblings by start.

    A span whose parent is not here (not exported yet, or in a program that exports elsewhere) stands at the top.
    """
    known = {span.span_id for span in spans}
    children: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda span: (span.start_ns, span.span_id)):
        parent = span.parent_span_id if span.parent_span_id in known else ""
        children.setdefault(parent, []).append(span)
    return list(_below("", children=children))


def _below(top: str, *, children: dict[str, list[Span]]) -> Iterator[Row]:
    # A stack of our own: a trace may be deeper than Python's recursion. Spans that are each other's parents
    # are reached from no top, so they cannot turn this into an endless walk.
    waiting = [Row(span=span, depth=0) for span in reversed(children.get(top, []))]
    while waiting:
        row = waiting.pop()
        yield row
        waiting.extend(Row(span=span, depth=row.depth + 1) for span in reversed(children.get(row.span.span_id, [])))
