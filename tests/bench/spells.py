"""A spell: so many seconds of load on one side, with what it cost. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

MS = 1000.0

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """What came of one."""

    calls: int
    """That were answered rightly."""
    wrong: int = 0
    """Answers that were not what they should be."""
    failed: Mapping[str, int] = field(default_factory=dict)
    """Calls that were not answered, by status."""
    turned_away: int = 0
    """How often a call was too much just then, and was made again."""
    wall_seconds: float
    latencies_ms: Sequence[float] = ()
    cpu_seconds: Mapping[str, float] = field(default_factory=dict)
    """Of each process that counts."""
    apart_seconds: Mapping[str, float] = field(default_factory=dict)
    """Of processes that stand beside: a stub, a broker."""

    @property
    def is_void(self) -> bool:
        """Whether nothing can be read from it."""
        return self.wrong > 0 or bool(self.failed) or self.calls == 0

    def percentile_ms(self, share: float) -> float:
        """Give the time within which a share of the calls was answered."""
        in_order = sorted(self.latencies_ms)
        return in_order[min(len(in_order) - 1, int(len(in_order) * share))]

    @property
    def rate(self) -> float:
        """Give the calls a second."""
        return self.calls / self.wall_seconds


def merged(spells: Sequence[Spell]) -> Spell:
    """Give what came of several at the same time as one; the CPU of what has the same name in several is added."""
    return Spell(
        calls=sum(one.calls for one in spells),
        wrong=sum(one.wrong for one in spells),
        failed=added([one.failed for one in spells]),
        turned_away=sum(one.turned_away for one in spells),
        wall_seconds=max(one.wall_seconds for one in spells),
        latencies_ms=[took for one in spells for took in one.latencies_ms],
        cpu_seconds=added([one.cpu_seconds for one in spells]),
        apart_seconds=added([one.apart_seconds for one in spells]),
    )


def added(counts: Sequence[Mapping[str, Number]]) -> dict[str, Number]:
    """Add up what is counted by name."""
    found: dict[str, Number] = {}
    for count in counts:
        for name, one in count.items():
            found[name] = found[name] + one if name in found else one
    return found


Quantity: TypeAlias = Callable[[Spell], float]
"""What is looked at in a spell."""


def cpu_ms(spell: Spell) -> float:
    """Give the CPU of a call: of all processes that count."""
    return sum(spell.cpu_seconds.values()) * MS / spell.calls


def cpu_ms_with_all(spell: Spell) -> float:
    """Give the CPU of a call, of those that stand beside too."""
    return cpu_ms(spell) + sum(spell.apart_seconds.values()) * MS / spell.calls


def p50_ms(spell: Spell) -> float:
    """Give what half of the calls took at most."""
    return spell.percentile_ms(0.5)


def p99_ms(spell: Spell) -> float:
    """Give what nearly all calls took at most."""
    return spell.percentile_ms(0.99)
