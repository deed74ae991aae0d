"""Which metrics and labels a query of PromQL names: enough of its grammar to compare queries with what exists."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_STRING = r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`'
_TOKEN = re.compile(
    rf"""(?P<string>{_STRING})
    |(?P<duration>\[[^\]]*\])
    |(?P<number>(?<![\w:])\d[\w.]*)
    |(?P<name>[a-zA-Z_:][\w:]*)
    |(?P<sign>=~|!~|!=|==|<=|>=|[-+*/%^<>=(){{}},@])
    |(?P<space>\s+)""",
    re.VERBOSE,
)
WORDS = frozenset({"and", "or", "unless", "bool", "offset", "inf", "nan", "Inf", "NaN"})
GROUPING = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})


class Unreadable(ValueError):
    """A query with something in it that is no PromQL."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a query names."""

    metrics: frozenset[str]
    labels: frozenset[str]
    """In matchers and groupings."""


def named_in(query: str) -> Named:
    """Read a query. Raises Unreadable."""
    tokens = [(kind, text) for kind, text in _tokens(query) if kind != "space"]
    metrics: set[str] = set()
    labels: set[str] = set()
    inside = ""
    for place, (kind, text) in enumerate(tokens):
        following = tokens[place + 1][1] if place + 1 < len(tokens) else ""
        if text == "{":
            inside = "matchers"
        elif kind == "name" and text in GROUPING and following == "(":
            inside = "grouping"
        elif text in {"}", ")"}:
            inside = ""
        elif kind == "name" and inside:
            labels.add(text)
        elif kind == "name" and following != "(" and text not in WORDS and not _is_aggregation(tokens, place):
            metrics.add(text)
    return Named(frozenset(metrics), frozenset(labels))


def _is_aggregation(tokens: list[tuple[str, str]], place: int) -> bool:
    """Whether a grouping follows: `sum by (...)`."""
    return place + 1 < len(tokens) and tokens[place + 1][1] in {"by", "without"}


def _tokens(query: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(query):
        read = _TOKEN.match(query, at)
        if read is None:
            raise Unreadable(f"at {at}: {query[at : at + 20]!r}")
        yield str(read.lastgroup), read.group()
        at = read.end()
