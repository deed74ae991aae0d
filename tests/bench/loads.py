"""Sides under a load, in turns."""

from collections.abc import Mapping

from tests.bench.load.plan import Load
from tests.bench.rounds import Effort, Turns, in_turns
from tests.bench.sides import Side
from tests.bench.spells import Spell


async def under(sides: Mapping[str, Side], effort: Effort, *, concurrency: int = 0, rate: float = 0.0) -> Turns[Spell]:
    """Measure these sides, one spell after the other."""

    def taking(side: Side) -> "Take":
        return Take(side, concurrency=concurrency, rate=rate)

    return await in_turns({name: taking(side) for name, side in sides.items()}, effort)


class Take:
    """Takes one spell of a side, of as many seconds as it is told."""

    def __init__(self, side: Side, *, concurrency: int, rate: float) -> None:
        self._side = side
        self._concurrency = concurrency
        self._rate = rate

    async def __call__(self, seconds: float) -> Spell:
        return await self._side.spell(Load(seconds=seconds, concurrency=self._concurrency, rate=self._rate))
