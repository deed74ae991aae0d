"""Measures sides in turns, so that whatever else the machine does meets all of them alike."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Name = TypeVar("Name")
Taken = TypeVar("Taken")


@dataclass(frozen=True, slots=True)
class Effort:
    """How long and how often is measured."""

    rounds: int = 7
    seconds: float = 5.0
    """Of each side in each round."""
    warm_seconds: float = 3.0
    """Of each side before the first round, which nobody counts."""
    is_smoke: bool = False
    """Whether only the answers matter: everything is small and short."""

    def size(self, whole: int, small: int) -> int:
        """Give how many there are of something."""
        return small if self.is_smoke else whole


SMOKE = Effort(rounds=1, seconds=0.5, warm_seconds=0.2, is_smoke=True)


def turns(names: Sequence[Name], rounds: int) -> Iterator[tuple[int, Name]]:
    """Give who is measured when: A B A B, never A A B B."""
    for number in range(rounds):
        for name in names:
            yield number, name


@dataclass(frozen=True, slots=True)
class Turns(Generic[Taken]):
    """What was taken of each side, one for each round."""

    by_side: Mapping[str, Sequence[Taken]]

    def __getitem__(self, side: str) -> Sequence[Taken]:
        return self.by_side[side]


async def in_turns(sides: Mapping[str, Callable[[float], Awaitable[Taken]]], effort: Effort) -> Turns[Taken]:
    """Warm all sides up, then measure them in turns; each is called with how many seconds it has."""
    for take in sides.values():
        await take(effort.warm_seconds)
    taken: dict[str, list[Taken]] = {name: [] for name in sides}
    for _, name in turns(list(sides), effort.rounds):
        taken[name].append(await sides[name](effort.seconds))
    return Turns(taken)
