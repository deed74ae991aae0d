"""Walks a journey by nothing but exported spans: `python -m deploy.observability.walk FILE TRACE_ID`.

FILE has OTLP JSON lines, as the Collector's file exporter writes them (here: `python -m services.console.spans PORT
FILE`). From any trace of a journey the touchpoints are found by links alone, and printed from the last one back to the
first. Then `journey.id` tells whether one is missing. Ends with 0 where none is, 1 where some are, 2 for a file or a
trace that cannot be used.
"""

import re
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.observability.marks import Mark, Marks, TooMuch, read_marks

MOST_HOPS = 10
"""So many causes are followed from a trace without a touchpoint of its own."""
TRACE_ID = re.compile(r"[0-9a-f]{32}")


class NoWay(Exception):
    """The trace leads to no touchpoint."""


@dataclass(frozen=True, slots=True)
class Walk:
    """A journey, as its links tell it."""

    path: tuple[Mark, ...]
    """The last one first."""
    beyond: tuple[str, ...]
    """Touchpoints that are linked to and not in the file: their spans expired, or were not exported."""
    unlinked: tuple[Mark, ...]
    """Touchpoints that bear the journey's id and that no link leads to, the last one first."""

    @property
    def is_whole(self) -> bool:
        """Whether links lead to all that the file has of the journey, and to nothing else."""
        return not self.beyond and not self.unlinked


def walk(marks: Marks, trace_id: str) -> Walk:
    """Walk from a trace to both ends of its journey. Raises NoWay."""
    beside: dict[str, set[str]] = {}
    for mark in marks.by_id.values():
        for _, other in mark.links:
            beside.setdefault(mark.touchpoint_id, set()).add(other)
            beside.setdefault(other, set()).add(mark.touchpoint_id)
    to_visit = deque(sorted(_touchpoints_of(marks, trace_id)))
    reached = set(to_visit)
    while to_visit:
        for other in beside.get(to_visit.popleft(), ()):
            if other not in reached:
                reached.add(other)
                to_visit.append(other)
    path = sorted((marks.by_id[one] for one in reached if one in marks.by_id), key=lambda mark: mark.age, reverse=True)
    names = {mark.journey_id for mark in path if mark.journey_id}
    others = (mark for mark in marks.by_id.values() if mark.journey_id in names and mark.touchpoint_id not in reached)
    return Walk(
        path=tuple(path),
        beyond=tuple(sorted(one for one in reached if one not in marks.by_id)),
        unlinked=tuple(sorted(others, key=lambda mark: mark.age, reverse=True)),
    )


def _touchpoints_of(marks: Marks, trace_id: str) -> set[str]:
    """Give the touchpoints that the trace took in, or that caused what it is about."""
    traces = {trace_id}
    for _ in range(MOST_HOPS):
        found = {one for trace in traces for one in marks.in_trace.get(trace, ())}
        if found:
            return found
        traces = {cause for trace in traces for cause in marks.causes.get(trace, ())}
    names = ", ".join(sorted(marks.journeys.get(trace_id, ())))
    raise NoWay(f"trace {trace_id} leads to no touchpoint" + (f"; it belongs to {names}" if names else ""))


def lines(found: Walk, trace_id: str) -> list[str]:
    """Say it for a person."""
    path = found.path
    names = sorted({mark.journey_id for mark in path if mark.journey_id})
    channels = {mark.channel_id for mark in path}
    days = (path[0].time - path[-1].time).days
    told = [f"{', '.join(names)}: {len(path)} touchpoints on {len(channels)} channels over {days} days"]
    for mark in path:
        here = "  <- here" if mark.trace_id == trace_id else ""
        told.append(f"{mark.time:%Y-%m-%d %H:%M:%S}  {mark.channel_id:<16} {mark.kind:<20} {mark.trace_id}{here}")
    told += [f"linked to, and not in the file: {one}" for one in found.beyond]
    told += [f"of the journey, and not linked to: {one.kind} {one.trace_id}" for one in found.unlinked]
    if found.is_whole:
        told.append("none is missing")
    return told


def main(arguments: Sequence[str]) -> int:
    """Print a walk; see above for what is returned."""
    if len(arguments) != 2 or not TRACE_ID.fullmatch(arguments[1]):
        sys.stderr.write("usage: python -m deploy.observability.walk FILE TRACE_ID (32 hexadecimal digits)\n")
        return 2
    path, trace_id = Path(arguments[0]), arguments[1]
    try:
        marks = read_marks(path)
        found = walk(marks, trace_id)
    except (OSError, TooMuch, NoWay) as fault:
        sys.stderr.write(f"walk: {fault}\n")
        return 2
    sys.stdout.write("\n".join(lines(found, trace_id)) + "\n")
    if marks.unread_lines:
        sys.stderr.write(f"{marks.unread_lines} lines could not be read\n")
    return 0 if found.is_whole else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
