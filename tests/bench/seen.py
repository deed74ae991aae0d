"""When each watcher saw each change: in this version or a later one, since only the newest state is told. Pure."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

MS = 1000.0

Arrival: TypeAlias = tuple[int, str, int, float]
"""Which watcher, whose cart, which version, when."""
Change: TypeAlias = tuple[str, int, float, float]
"""Whose cart, which version, when it was sent and when it was answered."""


def delays_ms(
    changes: Sequence[Change], arrivals: Sequence[Arrival], watchers: Sequence[str]
) -> tuple[list[float], int]:
    """Give for each change and each watcher of that customer how long it took from the answer until it was seen.

    What was seen before the answer came took no time. Gives also how many changes some watcher never saw.
    """
    by_watcher: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
    for number, _, version, at in sorted(arrivals, key=lambda arrival: arrival[3]):
        known = by_watcher[number]
        if not known or version > known[-1][0]:
            known.append((version, at))
    of_customer: defaultdict[str, list[int]] = defaultdict(list)
    for number, customer in enumerate(watchers):
        of_customer[customer].append(number)
    delays: list[float] = []
    unseen = 0
    for customer, version, _, answered_at in changes:
        for number in of_customer[customer]:
            known = by_watcher[number]
            place = bisect_left(known, version, key=lambda one: one[0])
            if place == len(known):
                unseen += 1
            else:
                delays.append(max(0.0, known[place][1] - answered_at) * MS)
    return delays, unseen
