"""Reads what a process tells Prometheus, as far as it is wanted: few names out of many lines, and within bounds."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

MOST_SAMPLES = 20_000
"""More are not taken: a process of ours has some hundreds."""

_LINE = re.compile(
    r"""(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)
        (?:\{(?P<labels>(?:[^"}]|"(?:[^"\\]|\\.)*")*)\})?
        [ \t]+(?P<value>[^ \t]+)""",
    re.VERBOSE,
)
_LABEL = re.compile(r'[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"[ \t]*(?:,|$)')
_ESCAPED = re.compile(r"\\(.)")
_MEANING = {"n": "\n"}


class NotMetrics(Exception):
    """What came is not what Prometheus reads, or far too much of it."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One number."""

    name: str
    labels: Mapping[str, str]
    value: float


def samples_of(text: str, *, wanted: Collection[str]) -> Iterator[Sample]:
    """Give the samples with a wanted name, in the order of the text. Raises NotMetrics at the first that is none."""
    names = tuple(wanted)
    found = 0
    for line in text.split("\n"):
        if not line.startswith(names):
            continue
        read = _LINE.match(line)
        if read is None:
            raise NotMetrics("a line cannot be read")
        if read["name"] not in wanted:
            continue
        found += 1
        if found > MOST_SAMPLES:
            raise NotMetrics("too many samples")
        try:
            value = float(read["value"])
        except ValueError:
            raise NotMetrics("a number cannot be read") from None
        yield Sample(name=read["name"], labels=_labels(read["labels"] or ""), value=value)


def _labels(written: str) -> dict[str, str]:
    labels: dict[str, str] = {}
    at = 0
    while at < len(written):
        read = _LABEL.match(written, at)
        if read is None:
            raise NotMetrics("a label cannot be read")
        labels[read[1]] = _ESCAPED.sub(lambda escaped: _MEANING.get(escaped[1], escaped[1]), read[2])
        at = read.end()
    return labels
