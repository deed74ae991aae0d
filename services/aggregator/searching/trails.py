"""What the touchpoints of one journey come to, followed one after the other in their order. Pure."""

from collections import Counter
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from omnithread.context.v1 import context_pb2
from services.aggregator.searching.places import place_of
from services.aggregator.searching.sketches import with_time
from services.aggregator.values import Touchpoint

MOST_WAY = 200
"""So many steps of a way are kept, and found by a search; more are only counted."""
MOST_PAIRS = 100
"""Of pairs of kinds of touchpoints, those that came first; later ones of a journey that long are not counted."""
MOST_CURRENCIES = 5
MOST_REASON = 64
NANOS = 1_000_000_000
FRACTION_DIGITS = 9

Turn = tuple[str, str]
"""From one kind of channel to another, by their letters."""
Pair = tuple[int, int]
"""From one kind of touchpoint to another."""
Key = TypeVar("Key", Turn, Pair)


@dataclass(slots=True)
class Trail:
    """How far a journey has been followed, and what was on the way."""

    count: int = 0
    """Of touchpoints."""
    last_time: datetime | None = None
    last_id: str = ""
    """The touchpoint that it has come to."""
    way: str = ""
    """The kinds of channels, each different from the one before it, by their letters."""
    step_count: int = 0
    here: str = ""
    here_time: datetime | None = None
    """Where the customer was last, and when."""
    turns: dict[Turn, Counter[int]] = field(default_factory=dict)
    """How long it took to go on, on another kind of channel."""
    did: int = 0
    did_time: datetime | None = None
    """What was done last, by the customer or by a message that went out."""
    pairs: dict[Pair, Counter[int]] = field(default_factory=dict)
    """How long it took from one thing done to the next of another kind."""
    kinds: Counter[int] = field(default_factory=Counter)
    """How often each kind of touchpoint was there."""
    last_kind: int = 0
    last_channel_id: str = ""
    last_channel_kind: int = 0
    """Of the customer's last act; of the last touchpoint of all before there was one."""
    has_act: bool = False
    problem_count: int = 0
    last_problem: str = ""
    order_count: int = 0
    totals: Counter[str] = field(default_factory=Counter)
    """What was ordered, in billionths, by currency."""

    def follow(self, touchpoint: Touchpoint) -> None:
        """Go on to the next touchpoint."""
        self.count += 1
        self.last_time, self.last_id = touchpoint.occur_time, touchpoint.touchpoint_id
        self.kinds[touchpoint.kind] += 1
        place = place_of(touchpoint)
        if place:
            self._step(place, touchpoint)
        if touchpoint.by_customer or not self.has_act:
            self.last_kind = touchpoint.kind
            self.last_channel_id, self.last_channel_kind = touchpoint.channel_id, touchpoint.channel_kind
            self.has_act = self.has_act or touchpoint.by_customer
        if touchpoint.kind == context_pb2.TOUCHPOINT_KIND_PROBLEM:
            self.problem_count += 1
            self.last_problem = touchpoint.subject[:MOST_REASON]
        if touchpoint.kind == context_pb2.TOUCHPOINT_KIND_ORDER_PLACED:
            self._order(dict(touchpoint.attributes).get("total", ""))

    def followed(self, touchpoints: Iterable[Touchpoint]) -> "Trail":
        """Give another trail that goes on with these, and leave this one where it is."""
        further = deepcopy(self)
        for touchpoint in touchpoints:
            further.follow(touchpoint)
        return further

    def _step(self, place: str, touchpoint: Touchpoint) -> None:
        time = touchpoint.occur_time
        if place != self.here:
            if self.here and self.here_time is not None:
                _note(self.turns, (self.here, place), (time - self.here_time).total_seconds())
            self.step_count += 1
            self.way = (self.way + place)[:MOST_WAY]
        self.here, self.here_time = place, time
        kind = touchpoint.kind
        if self.did and kind != self.did and self.did_time is not None:
            pair = (self.did, kind)
            if pair in self.pairs or len(self.pairs) < MOST_PAIRS:
                _note(self.pairs, pair, (time - self.did_time).total_seconds())
        self.did, self.did_time = kind, time

    def _order(self, total: str) -> None:
        self.order_count += 1
        amount = nanos_of(total)
        if amount is not None and (amount[0] in self.totals or len(self.totals) < MOST_CURRENCIES):
            self.totals[amount[0]] += amount[1]


def nanos_of(text: str) -> tuple[str, int] | None:
    """Read an amount as touchpoints write it, `59.90 EUR`: its currency and billionths; None where it is none."""
    amount, _, currency_code = text.partition(" ")
    units, _, fraction = amount.partition(".")
    digits = units.removeprefix("-") + fraction
    if not currency_code or not (digits.isascii() and digits.isdigit()) or len(fraction) > FRACTION_DIGITS:
        return None
    nanos = int(units.removeprefix("-") or "0") * NANOS + int(fraction.ljust(FRACTION_DIGITS, "0"))
    return currency_code, -nanos if units.startswith("-") else nanos


def _note(sketches: dict[Key, Counter[int]], key: Key, seconds: float) -> None:
    with_time(sketches.setdefault(key, Counter()), seconds)
