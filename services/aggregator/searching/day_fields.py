"""Writes a day's counts as fields of its document, and reads them. What is too much for a document is cut, and counted.

Counts are kept apart by the kind of channel on which the journeys began, so that a report can ask for one of them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from libs.mongo.connection import Document
from services.aggregator.searching.counts import OTHER_ENDS, OTHER_WAYS, Break, Counts, Tally, TurnTally

MOST_WAYS = 200
MOST_PAIRS = 300
MOST_ENDS = 300
MOST_GOALS = 50
MOST_CURRENCIES = 20

Parts = dict[str, Counts]
"""By the letter of the kind of channel on which the journeys began; empty for those that are nowhere yet."""


def parts_to_fields(parts: Parts) -> list[Document]:
    """Write a day: the 200 most frequent ways of it, and no more than 300 pairs and endings; the totals are exact."""
    ways = {(first, way): tally.count for first, part in parts.items() for way, tally in part.ways.items()}
    pairs = {(first, pair): times.total() for first, part in parts.items() for pair, times in part.pairs.items()}
    ends = {(first, end): tally.count for first, part in parts.items() for end, tally in part.ends.items()}
    kept_ways, kept_pairs, kept_ends = _most(ways, MOST_WAYS), _most(pairs, MOST_PAIRS), _most(ends, MOST_ENDS)
    return [
        {
            "first": first,
            "journeys": _tally(part.journeys),
            "numbers": [part.inactive, part.cancelled, part.with_problem, part.handed_over, part.orders],
            "totals": [[name, str(nanos)] for name, nanos in part.totals.most_common(MOST_CURRENCIES)],
            "ways": [[way, _tally(tally)] for way, tally in _ways(first, part, kept_ways).items()],
            "turns": [
                [before, after, _tally(tally.journeys), _numbers(tally.times)]
                for (before, after), tally in part.turns.items()
            ],
            "places": [[place, _tally(tally)] for place, tally in part.places.items()],
            "firsts": [list(one) for one in part.firsts.items()],
            "lasts": [list(one) for one in part.lasts.items()],
            "pairs": [[*pair, _numbers(times)] for pair, times in part.pairs.items() if (first, pair) in kept_pairs],
            "ends": [[*end, _tally(tally)] for end, tally in _ends(first, part, kept_ends).items()],
        }
        for first, part in sorted(parts.items())
    ]


def parts_from_fields(fields: Sequence[Mapping[str, Any]]) -> Parts:
    """Read a day."""
    return {one["first"]: _part(one) for one in fields}


def _part(fields: Mapping[str, Any]) -> Counts:
    inactive, cancelled, with_problem, handed_over, orders = fields["numbers"]
    return Counts(
        journeys=_read(fields["journeys"]),
        inactive=inactive,
        cancelled=cancelled,
        with_problem=with_problem,
        handed_over=handed_over,
        orders=orders,
        totals=Counter({name: int(nanos) for name, nanos in fields["totals"]}),
        ways={way: _read(tally) for way, tally in fields["ways"]},
        turns={
            (before, after): TurnTally(_read(tally), _counter(times)) for before, after, tally, times in fields["turns"]
        },
        places={place: _read(tally) for place, tally in fields["places"]},
        firsts=Counter(dict(fields["firsts"])),
        lasts=Counter(dict(fields["lasts"])),
        pairs={(before, after): _counter(times) for before, after, times in fields["pairs"]},
        ends={(kind, channel_kind, reason): _read(tally) for kind, channel_kind, reason, tally in fields["ends"]},
    )


def _ways(first: str, part: Counts, kept: set[tuple[str, str]]) -> dict[str, Tally]:
    ways: dict[str, Tally] = {}
    for way, tally in part.ways.items():
        ways.setdefault(way if (first, way) in kept else OTHER_WAYS, Tally()).take(tally)
    return ways


def _ends(first: str, part: Counts, kept: set[tuple[str, Break]]) -> dict[Break, Tally]:
    ends: dict[Break, Tally] = {}
    for end, tally in part.ends.items():
        ends.setdefault(end if (first, end) in kept else OTHER_ENDS, Tally()).take(tally)
    return ends


def _most(counts: dict[tuple[str, Any], int], most: int) -> set[tuple[str, Any]]:
    return set(sorted(counts, key=lambda key: (-counts[key], str(key)))[:most])


def _tally(tally: Tally) -> list[Any]:
    return [tally.count, tally.going_on, [list(one) for one in tally.reached.most_common(MOST_GOALS + 1)]]


def _read(fields: list[Any]) -> Tally:
    count, going_on, reached = fields
    return Tally(count, going_on, Counter(dict(reached)))


def _numbers(counts: Mapping[int, int]) -> str:
    """Write numbers as text: a year's are read at once, and lists of lists would take many times as long."""
    return " ".join(f"{key} {count}" for key, count in sorted(counts.items()))


def _counter(numbers: str | list[list[int]]) -> Counter[int]:
    """Read them; an older version wrote lists."""
    if isinstance(numbers, str):
        each = map(int, numbers.split())
        return Counter(dict(zip(each, each, strict=True)))
    return Counter({one[0]: one[1] for one in numbers})
