"""Makes the sections of one context speak of one customer while somebody waits: merges and their undoing.

Where a merge, or its undoing, is not carried out everywhere yet, that is done now, and what has changed by it is read
again. What does not work out in time is named, and what is somebody else's is withheld.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from libs.origin import Origin
from omnithread.context.v1.context_pb2 import SECTION_PROFILE
from services.aggregator.answers import Answers, areas_of
from services.aggregator.budget import Budget
from services.aggregator.context import SECTIONS
from services.aggregator.merging import Merges, pending_areas
from services.aggregator.unmerging import Unmerges

MERGE_SHARE = 0.6
LOOK_UP_SHARE = 0.5

Ask: TypeAlias = Callable[[Iterable[int], str], Awaitable[None]]
"""Reads sections of a customer, once more."""


@dataclass(frozen=True, slots=True)
class Uniting:
    """Completes for one read what profile says to be under way."""

    merges: Merges
    unmerges: Unmerges

    async def complete(
        self, answers: Answers, survivor_id: str, *, ask: Ask, origin: Origin, budget: Budget
    ) -> frozenset[str]:
        """Complete merges and undoings at services that answer, and give the areas where something is left to do."""
        left = await self._finish_merges(answers, survivor_id, ask, origin, budget)
        return left | await self._finish_unmerges(answers, survivor_id, ask, origin, budget)

    async def part_from_strangers(
        self, answers: Answers, customer_id: str, *, ask: Ask, origin: Origin, budget: Budget
    ) -> frozenset[int]:
        """Get this customer's own from areas that still take them for the one they had been merged into.

        Gives the sections that have to be withheld, since they are the other one's.
        """
        if SECTION_PROFILE not in answers.reads and not answers.is_parted:
            return frozenset()
        withheld: set[int] = set()
        others = sorted({answers.reads[section].customer_id for section in answers.strangers(customer_id)})
        for other_id in others:
            seconds = budget.share_seconds(LOOK_UP_SHARE)
            undone = await self.unmerges.undone_between(customer_id, other_id, timeout_seconds=seconds)
            if undone == []:
                continue  # a merge that profile has decided meanwhile
            of_other = {s for s in answers.strangers(customer_id) if answers.reads[s].customer_id == other_id}
            if undone:
                silent, part = answers.silent_areas, budget.part(MERGE_SHARE)
                await self.unmerges.complete(undone, other_id, silent=silent, origin=origin, budget=part)
                await ask(of_other, customer_id)
            withheld |= of_other & answers.strangers(customer_id)
        for section in withheld:
            del answers.reads[section]
        return frozenset(withheld)

    async def _finish_merges(
        self, answers: Answers, survivor_id: str, ask: Ask, origin: Origin, budget: Budget
    ) -> frozenset[str]:
        merges = answers.merges()
        pending = pending_areas(merges)
        if not pending:
            return frozenset()
        awake = areas_of(answers.reads) | (pending - answers.silent_areas)
        part = budget.part(MERGE_SHARE)
        left = await self.merges.complete(merges, survivor_id, areas=awake, origin=origin, budget=part)
        done = {SECTIONS[area] for area in pending - left}
        if done:
            await ask((done & answers.reads.keys()) | {SECTION_PROFILE}, survivor_id)
        return left

    async def _finish_unmerges(
        self, answers: Answers, survivor_id: str, ask: Ask, origin: Origin, budget: Budget
    ) -> frozenset[str]:
        """Give those who were merged into this customer by mistake their own."""
        undone = [merge for merge in answers.merges() if merge.unmerge_pending_areas]
        if not undone:
            return frozenset()
        pending = frozenset(area for merge in undone for area in merge.unmerge_pending_areas)
        silent, part = answers.silent_areas, budget.part(MERGE_SHARE)
        left = await self.unmerges.complete(undone, survivor_id, silent=silent, origin=origin, budget=part)
        done = {SECTIONS[area] for area in pending - left}
        await ask((done & answers.reads.keys()) | {SECTION_PROFILE}, survivor_id)
        return left
