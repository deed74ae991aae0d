"""A figure: what was measured in each round, on both sides, and what is to be reached. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Self

from tests.bench.spells import MS, Quantity, Spell, added, cpu_ms, p50_ms, p99_ms

TIMES = "times"
"""The unit of ratios."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table."""

    row: str
    """The file in `rows/` that measures it."""
    name: str
    """What is measured; together with the row it is found again in another run."""
    against: str = ""
    goal: float | None = None
    """None for what is only told."""
    at_least: bool = False
    """Whether the goal is the least, and not the most."""
    unit: str = TIMES
    rounds: Sequence[float]
    """What was measured in each round that counts: a ratio, or a value in the unit."""
    subject: Sequence[float] = field(default_factory=list)
    reference: Sequence[float] = field(default_factory=list)
    """The two sides of each ratio."""
    quantity: str = ""
    """What both sides are, with its unit."""
    void: int = 0
    """Rounds that were thrown away, since an answer was wrong or missing."""
    notes: Mapping[str, Any] = field(default_factory=dict)
    """What else was seen, as JSON can hold it."""

    @property
    def middle(self) -> float:
        """Give the median of the rounds; not a number where none counts."""
        return median(self.rounds) if self.rounds else math.nan

    @property
    def spread(self) -> float:
        """Give the median distance from the median."""
        return median(abs(one - self.middle) for one in self.rounds) if self.rounds else math.nan

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        if self.goal is None:
            return None
        return self.middle >= self.goal if self.at_least else self.middle <= self.goal

    def to_plain(self) -> dict[str, Any]:
        """Give it for JSON, with what is worked out of it."""
        told = {"median": self.middle, "spread": self.spread} if self.rounds else {"median": None, "spread": None}
        return asdict(self) | told | {"met": self.is_met if self.rounds else None}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """Read it back."""
        return cls(**{name: value for name, value in plain.items() if name not in ("median", "spread", "met")})


def ratio(
    row: str,
    name: str,
    *,
    subject: Sequence[Spell],
    reference: Sequence[Spell],
    quantity: Quantity,
    told_as: str,
    against: str,
    goal: float | None = None,
    at_least: bool = False,
    notes: Mapping[str, Any] | None = None,
) -> Figure:
    """Compare two sides round by round; a round in which either went wrong does not count."""
    pairs = list(zip(subject, reference, strict=True))
    good = [(ours, theirs) for ours, theirs in pairs if not (ours.is_void or theirs.is_void)]
    ours, theirs = [quantity(one) for one, _ in good], [quantity(other) for _, other in good]
    return Figure(
        row=row,
        name=name,
        against=against,
        goal=goal,
        at_least=at_least,
        rounds=[one / other for one, other in zip(ours, theirs, strict=True)],
        subject=ours,
        reference=theirs,
        quantity=told_as,
        void=len(pairs) - len(good),
        notes={
            **(notes or {}),
            "subject": beside([one for one, _ in good]),
            "reference": beside([other for _, other in good]),
            **_faults([one for pair in pairs for one in pair]),
        },
    )


def value(
    row: str,
    name: str,
    *,
    rounds: Sequence[float],
    unit: str,
    goal: float | None = None,
    at_least: bool = False,
    void: int = 0,
    notes: Mapping[str, Any] | None = None,
) -> Figure:
    """Tell what has no reference, and means little on a machine that is shared."""
    return Figure(
        row=row,
        name=name,
        goal=goal,
        at_least=at_least,
        unit=unit,
        rounds=list(rounds),
        void=void,
        notes=dict(notes or {}),
    )


def beside(spells: Sequence[Spell]) -> dict[str, Any]:
    """Say what else was seen of a side, each the median of its rounds: times, rate, and who used the CPU."""
    if not spells:
        return {}
    timed = [spell for spell in spells if spell.latencies_ms]
    names = {name for spell in spells for name in (*spell.cpu_seconds, *spell.apart_seconds)}
    return {
        "p50 ms": median(map(p50_ms, timed)) if timed else None,
        "p99 ms": median(map(p99_ms, timed)) if timed else None,
        "turned away": sum(spell.turned_away for spell in spells),
        "calls a second": median(spell.rate for spell in spells),
        "CPU ms a call": median(map(cpu_ms, spells)),
        "CPU ms a call, by process": {
            name: median(_cpu_of(name, spell) * MS / spell.calls for spell in spells) for name in sorted(names)
        },
    }


def _cpu_of(name: str, spell: Spell) -> float:
    return spell.cpu_seconds.get(name, 0.0) + spell.apart_seconds.get(name, 0.0)


def _faults(spells: Sequence[Spell]) -> dict[str, Any]:
    """Say what went wrong; nothing where all went well."""
    wrong, failed = sum(one.wrong for one in spells), added([one.failed for one in spells])
    return ({"wrong answers": wrong} if wrong else {}) | ({"failed calls": failed} if failed else {})
