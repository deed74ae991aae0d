"""Tries every call at its points, several calls at once: one settles while the next is struck.

Tests ask for one call after the other, and find that those behind it have been begun.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from tests.faults.retries.calls import SEEDS
from tests.faults.retries.case import Seed
from tests.faults.retries.comparing import wrong_answers, wrong_effects
from tests.faults.retries.house import House, NewHouse
from tests.faults.retries.points import POINTS
from tests.faults.retries.running import Run, Struck, points_of, run
from tests.faults.seeds import chance, rounds, share

SEEDS_AT_ONCE = 6
CASES_AT_ONCE = 8
LEAST_DRAWN = 2
MOST_OF_A_SAMPLE = 24
"""How many points of one call a run of less than everything strikes: the one call with a thousand is not the row."""
MOST_DRAWN = 4
"""Times as many points as are wanted are drawn, until so many were struck."""


@dataclass(frozen=True, slots=True)
class Trial:
    """How one call fared."""

    points: Sequence[Struck]
    """All that it has."""
    wanted: int
    """How many were to be struck."""
    struck: Sequence[Run]
    """Those that were drawn, in whose run the fault struck something or not."""
    faults: Sequence[str]


@dataclass(slots=True)
class Trials:
    """All calls that are asked for."""

    house: House
    _seeds: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SEEDS_AT_ONCE))
    _cases: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CASES_AT_ONCE))
    _begun: dict[str, asyncio.Task[Trial]] = field(default_factory=dict)

    def begin(self, names: Iterable[str]) -> None:
        """Begin those that were not begun, in this order."""
        for name in names:
            if name not in self._begun:
                self._begun[name] = asyncio.create_task(self._tried(SEEDS[name]))

    async def of(self, name: str) -> Trial:
        """Give what became of one. Raises what a retry was refused with."""
        self.begin([name])
        return await self._begun[name]

    async def end(self) -> None:
        """Break off what nobody asked for."""
        for task in self._begun.values():
            task.cancel()
        await asyncio.gather(*self._begun.values(), return_exceptions=True)

    async def _tried(self, one: Seed) -> Trial:
        async with self._seeds:
            undisturbed = await self._run(one, [None, None])
            points = points_of(undisturbed, POINTS)
            most = len(points) if share() >= 1 else MOST_OF_A_SAMPLE
            wanted = min(len(points), most, max(LEAST_DRAWN, rounds(len(points))))
            struck = await self._struck(one, points, wanted)
            faults = wrong_answers(undisturbed[0], struck)
            faults += await wrong_effects(self.house, undisturbed, struck)
            for each in (*undisturbed, *struck):
                await one.after(each.case)
            return Trial(points, wanted, struck, faults)

    async def _struck(self, one: Seed, points: Sequence[Struck], wanted: int) -> list[Run]:
        """Draw points until as many as are wanted were struck: which commands a call has depends on others, too."""
        drawn = chance(one.name).sample(points, min(len(points), wanted * MOST_DRAWN))
        runs: list[Run] = []
        while drawn and (missing := wanted - sum(each.happened for each in runs)) > 0:
            now, drawn = drawn[:missing], drawn[missing:]
            runs += await self._run(one, now)
        return runs

    async def _run(self, one: Seed, points: Sequence[Struck | None]) -> list[Run]:
        alone = asyncio.Semaphore(1 if one.alone else len(points))

        async def in_turn(point: Struck | None) -> Run:
            async with alone, self._cases:
                try:
                    return await run(self.house, one, point)
                except Exception as error:
                    error.add_note(f"{one.name}, {f'struck by {point}' if point else 'undisturbed'}")
                    raise

        return list(await asyncio.gather(*(in_turn(point) for point in points)))


@dataclass(slots=True)
class TrialsByHouse:
    """All calls that are asked for, some in each house: whoever looks at one reads all that is there."""

    new_house: NewHouse
    asked: Sequence[str]
    """In their order; empty where other workers may be asked for the same, and nothing is begun ahead."""
    in_one_house: int
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _trials: Trials | None = None
    _here: frozenset[str] = frozenset()

    async def of(self, name: str) -> Trial:
        """Give what became of one. Raises what a retry was refused with."""
        if self._trials is None or (self._here and name not in self._here):
            self._trials = await self._move_on(name)
        return await self._trials.of(name)

    async def end(self) -> None:
        """Break off what nobody asked for, and close the house."""
        if self._trials is not None:
            await self._trials.end()
        await self._stack.aclose()

    async def _move_on(self, name: str) -> Trials:
        await self.end()
        trials = Trials(await self._stack.enter_async_context(self.new_house()))
        if name in self.asked:
            first = self.asked.index(name)
            following = self.asked[first : first + self.in_one_house]
            self._here = frozenset(following)
            trials.begin(following)
        return trials
