"""The touchpoints in a file of exported spans: OTLP JSON lines, as the Collector's file exporter writes them.

Reads line by line and keeps only what leads along journeys, so a file may be large; whoever wrote it, what is kept is
bounded, and only ids are taken from it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from services.console.spans.reading import spans_of
from services.console.spans.taking import from_json
from services.console.spans.values import Span

MOST_LINE_BYTES = 64 * 1024 * 1024
MOST_MARKS = 200_000
MOST_PAIRS = 2_000_000
MOST_LINKS = 20
WORD = re.compile(r"[A-Za-z0-9._:-]{1,128}")
PREVIOUS, NEXT = "previous-touchpoint", "next-touchpoint"


class TooMuch(Exception):
    """There is more in the file than is read at once; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One touchpoint, as the span that took it in tells of it."""

    touchpoint_id: str
    kind: str
    time: datetime
    channel_id: str
    journey_id: str
    trace_id: str
    links: tuple[tuple[str, str], ...]
    """The touchpoints beside it: the kind of the link, and its id."""

    @property
    def age(self) -> tuple[datetime, str]:
        """What the touchpoints of a journey are ordered by."""
        return self.time, self.touchpoint_id


@dataclass(slots=True)
class Marks:
    """What a file tells of journeys."""

    by_id: dict[str, Mark] = field(default_factory=dict)
    in_trace: dict[str, set[str]] = field(default_factory=dict)
    """The touchpoints of each trace."""
    causes: dict[str, set[str]] = field(default_factory=dict)
    """The traces that each trace links to."""
    journeys: dict[str, set[str]] = field(default_factory=dict)
    """The journeys that each trace belongs to."""
    unread_lines: int = 0
    """Lines that are no export."""
    kept_pairs: int = 0
    """How many traces are noted with a journey or a cause of theirs."""

    def take(self, span: Span) -> None:
        """Keep what a span tells of journeys. Raises TooMuch."""
        journey_id = word(span.attributes.get("journey.id"))
        if journey_id:
            self._note(self.journeys, span.trace_id, journey_id)
        for link in span.links[:MOST_LINKS]:
            if link.trace_id != span.trace_id:
                self._note(self.causes, span.trace_id, link.trace_id)
        mark = _mark(span, journey_id)
        if mark is not None and mark.touchpoint_id not in self.by_id:  # a retry tells of the same one again
            _room(len(self.by_id), MOST_MARKS)
            self.by_id[mark.touchpoint_id] = mark
            self.in_trace.setdefault(mark.trace_id, set()).add(mark.touchpoint_id)

    def _note(self, kept: dict[str, set[str]], trace_id: str, other: str) -> None:
        others = kept.setdefault(trace_id, set())
        if other not in others:
            _room(self.kept_pairs, MOST_PAIRS)
            others.add(other)
            self.kept_pairs += 1


def read_marks(path: Path) -> Marks:
    """Read a file. Raises OSError, and TooMuch."""
    marks = Marks()
    for line in _lines(path):
        if line is None:
            marks.unread_lines += 1
            continue
        try:
            export = from_json(line)
        except ValueError:
            marks.unread_lines += 1
            continue
        for span in spans_of(export):
            marks.take(span)
    return marks


def word(value: object) -> str:
    """Give an id that may be printed; nothing where it is none."""
    return value if isinstance(value, str) and WORD.fullmatch(value) else ""


def _lines(path: Path) -> Iterator[bytes | None]:
    """Give the lines that say something; None for one that is too long, whose rest is passed over."""
    with path.open("rb") as file:
        while line := file.readline(MOST_LINE_BYTES):
            if len(line) < MOST_LINE_BYTES or line.endswith(b"\n"):
                if line.strip():
                    yield line
                continue
            while (rest := file.readline(MOST_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
            yield None


def _room(kept: int, most: int) -> None:
    if kept >= most:
        raise TooMuch(f"more than {most} to keep: give a file of fewer journeys (search by journey.id first)")


def _mark(span: Span, journey_id: str) -> Mark | None:
    touchpoint_id = word(span.attributes.get("touchpoint.id"))
    if not touchpoint_id:
        return None
    links = (
        (str(link.attributes.get("link.kind", "")), word(link.attributes.get("touchpoint.id")))
        for link in span.links[:MOST_LINKS]
    )
    return Mark(
        touchpoint_id=touchpoint_id,
        kind=word(span.attributes.get("touchpoint.kind")) or "?",
        time=_time(span),
        channel_id=word(span.attributes.get("touchpoint.channel.id")) or "?",
        journey_id=journey_id,
        trace_id=span.trace_id,
        links=tuple((kind, other) for kind, other in links if kind in (PREVIOUS, NEXT) and other),
    )


def _time(span: Span) -> datetime:
    try:
        told = datetime.fromisoformat(str(span.attributes.get("touchpoint.time", "")))
        if told.tzinfo is not None:
            return told.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    return datetime.fromtimestamp(min(span.start_ns, 4_000_000_000_000_000_000) / 1e9, UTC)
