"""Reads a customer's context: all services at once, what is committed now, within the caller's time.

A section whose service does not answer is missing and named; the rest is served. Where a merge is not absorbed
everywhere yet, that is done while the caller waits, and named where it does not work out in time.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from libs.errors import OmnithreadError, Status, customer_not_found
from libs.origin import Origin
from omnithread.context.v1.context_pb2 import (
    SECTION_JOURNEY,
    SECTION_PROBLEM_REASON_BEHIND,
    SECTION_PROBLEM_REASON_MERGE_PENDING,
    SECTION_PROFILE,
)
from omnithread.profile.v1.profile_pb2 import Merge, Profile
from services.aggregator.budget import Budget
from services.aggregator.context import (
    ALL_SECTIONS,
    AREAS,
    SECTIONS,
    ContextRead,
    Problem,
    SectionRead,
    assemble,
    problem_of,
)
from services.aggregator.convert import section_to_proto
from services.aggregator.freshness import Freshness, not_heard
from services.aggregator.merging import Merges, pending_areas
from services.aggregator.operations import Journeys
from services.aggregator.sources import Sources
from services.aggregator.unmerging import Unmerges
from services.aggregator.values import Thread

READ_SHARE = 0.7
"""Of what is left, for the services' answers; what remains is for merging, catching up and answering."""
MERGE_SHARE = 0.6
CATCH_UP_SHARE = 0.8
REFRESH_SHARE = 0.5
MOST_AWAITED = 4
"""Of so many merged customers is asked what they did last."""


@dataclass(slots=True)
class _Reading:
    """What has come in so far, by section: an answer, or the error that stands in its place."""

    reads: dict[int, SectionRead] = field(default_factory=dict)
    errors: dict[int, OmnithreadError] = field(default_factory=dict)
    thread: Thread = field(default_factory=Thread)
    """Behind the journey section."""
    is_parted: bool = False
    """Whether our own record says that the customer was merged away once, and is there again."""

    def note(self, section: int, answer: SectionRead | OmnithreadError) -> None:
        """Take in one answer, the newest for its section."""
        if isinstance(answer, SectionRead):
            self.reads[section] = answer
            self.errors.pop(section, None)
        else:
            self.reads.pop(section, None)
            self.errors[section] = answer

    def strangers(self, customer_id: str) -> set[int]:
        """Give the sections that are somebody else's."""
        return {section for section, read in self.reads.items() if read.customer_id != customer_id}

    def merges(self) -> list[Merge]:
        """Give the merges that the profile names."""
        read = self.reads.get(SECTION_PROFILE)
        return list(read.message.merges) if read is not None and isinstance(read.message, Profile) else []


class ContextReader:
    """Puts contexts together."""

    def __init__(
        self, *, journeys: Journeys, sources: Sources, merges: Merges, unmerges: Unmerges, freshness: Freshness
    ) -> None:
        self._journeys = journeys
        self._sources = sources
        self._merges = merges
        self._unmerges = unmerges
        self._freshness = freshness

    async def read(
        self,
        customer_id: str,
        *,
        wanted: frozenset[int],
        origin: Origin,
        budget: Budget,
        profile: SectionRead | None = None,
    ) -> ContextRead:
        """Read the wanted sections; `profile` where it has just been answered.

        Profile is always asked: it knows who the customer is today, and which merges are not yet done everywhere.
        The journey needs all four, to know whether it is up to date. Raises CUSTOMER_NOT_FOUND.
        """
        reading = _Reading()
        if profile is not None:
            reading.note(SECTION_PROFILE, profile)
        asked = ALL_SECTIONS if SECTION_JOURNEY in wanted else wanted | {SECTION_PROFILE}
        await self._ask(reading, asked - reading.reads.keys(), customer_id, budget)
        missing = reading.errors.get(SECTION_PROFILE)
        if missing is not None and missing.status is Status.NOT_FOUND:
            raise customer_not_found(customer_id)
        survivor_id = _survivor_of(customer_id, reading)
        left = await self._finish_merges(reading, survivor_id, origin, budget)
        left |= await self._finish_unmerges(reading, survivor_id, origin, budget)
        await self._ask(reading, reading.strangers(survivor_id), survivor_id, budget)
        withheld = await self._part_from_strangers(reading, survivor_id, origin, budget)
        behind = await self._catch_up(reading, survivor_id, budget) if SECTION_JOURNEY in wanted else 0
        problems = [problem_of(section, error) for section, error in reading.errors.items()]
        problems += [
            Problem(SECTIONS[area], SECTION_PROBLEM_REASON_MERGE_PENDING)
            for area in left
            if SECTIONS[area] in wanted and SECTIONS[area] in reading.reads
        ]
        problems += [Problem(section, SECTION_PROBLEM_REASON_MERGE_PENDING) for section in withheld & wanted]
        if behind:
            problems.append(Problem(SECTION_JOURNEY, SECTION_PROBLEM_REASON_BEHIND, behind))
        return ContextRead(assemble(survivor_id, reading.reads.values(), wanted=wanted), tuple(problems))

    async def refresh_journey(self, customer_id: str, *, budget: Budget) -> None:
        """Take in what the services announced of this customer, as far as they answer in time."""
        saved = await self._journeys.records.get(customer_id)
        awaited = _answering(saved.state.awaited_areas(saved.customer_id), frozenset())
        timeout_seconds = budget.share_seconds(REFRESH_SHARE)
        await asyncio.gather(
            self._freshness.catch_up_all(saved.customer_id, timeout_seconds=timeout_seconds),
            *(
                self._freshness.catch_up_areas(source_id, areas, timeout_seconds=timeout_seconds)
                for source_id, areas in awaited
            ),
        )

    async def _ask(self, reading: _Reading, sections: Iterable[int], customer_id: str, budget: Budget) -> None:
        asked = sorted(sections)
        timeout_seconds = budget.share_seconds(READ_SHARE)
        answers = await asyncio.gather(
            *(self._answer(reading, section, customer_id, timeout_seconds) for section in asked)
        )
        for section, answer in zip(asked, answers, strict=True):
            reading.note(section, answer)

    async def _answer(
        self, reading: _Reading, section: int, customer_id: str, timeout_seconds: float
    ) -> SectionRead | OmnithreadError:
        try:
            if section == SECTION_JOURNEY:
                return await self._read_journey(reading, customer_id)
            return await self._sources.read(section, customer_id, timeout_seconds=timeout_seconds)
        except OmnithreadError as error:
            return error

    async def _read_journey(self, reading: _Reading, customer_id: str) -> SectionRead:
        saved = await self._journeys.records.get(customer_id)
        reading.thread = saved.state
        reading.is_parted = saved.customer_id == customer_id and bool(saved.released)
        return SectionRead(SECTION_JOURNEY, saved.customer_id, saved.version, saved.head(), section_to_proto(saved))

    async def _finish_merges(
        self, reading: _Reading, survivor_id: str, origin: Origin, budget: Budget
    ) -> frozenset[str]:
        """Complete what is pending at services that answer, and read again what has changed by it."""
        merges = reading.merges()
        pending = pending_areas(merges)
        if not pending:
            return frozenset()
        awake = frozenset(AREAS[section] for section in reading.reads) | (pending - _areas(reading.errors))
        left = await self._merges.complete(
            merges, survivor_id, areas=awake, origin=origin, budget=budget.part(MERGE_SHARE)
        )
        done = {SECTIONS[area] for area in pending - left}
        if done:
            await self._ask(reading, (done & reading.reads.keys()) | {SECTION_PROFILE}, survivor_id, budget)
        return left

    async def _finish_unmerges(
        self, reading: _Reading, survivor_id: str, origin: Origin, budget: Budget
    ) -> frozenset[str]:
        """Give those who were merged into this customer by mistake their own, and read again what has changed by it."""
        undone = [merge for merge in reading.merges() if merge.unmerge_pending_areas]
        if not undone:
            return frozenset()
        pending = frozenset(area for merge in undone for area in merge.unmerge_pending_areas)
        silent = _areas(reading.errors)
        part = budget.part(MERGE_SHARE)
        left = await self._unmerges.complete(undone, survivor_id, silent=silent, origin=origin, budget=part)
        done = {SECTIONS[area] for area in pending - left}
        await self._ask(reading, (done & reading.reads.keys()) | {SECTION_PROFILE}, survivor_id, budget)
        return left

    async def _part_from_strangers(
        self, reading: _Reading, customer_id: str, origin: Origin, budget: Budget
    ) -> frozenset[int]:
        """Get this customer's own from areas that still take them for the one they had been merged into.

        Gives the sections that have to be withheld, since they are the other one's.
        """
        if SECTION_PROFILE not in reading.reads and not reading.is_parted:
            return frozenset()
        withheld: set[int] = set()
        others = sorted({reading.reads[section].customer_id for section in reading.strangers(customer_id)})
        for other_id in others:
            seconds = budget.share_seconds(REFRESH_SHARE)
            undone = await self._unmerges.undone_between(customer_id, other_id, timeout_seconds=seconds)
            if undone == []:
                continue  # a merge that profile has decided meanwhile
            of_other = {s for s in reading.strangers(customer_id) if reading.reads[s].customer_id == other_id}
            if undone:
                silent = _areas(reading.errors)
                part = budget.part(MERGE_SHARE)
                await self._unmerges.complete(undone, other_id, silent=silent, origin=origin, budget=part)
                await self._ask(reading, of_other, customer_id, budget)
            withheld |= of_other & reading.strangers(customer_id)
        for section in withheld:
            del reading.reads[section]
        return frozenset(withheld)

    async def _catch_up(self, reading: _Reading, customer_id: str, budget: Budget) -> int:
        """Let the journey have all that the other sections show; give how many events it still lacks."""
        if SECTION_JOURNEY not in reading.reads:
            return 0
        heads = {
            AREAS[section]: read.head
            for section, read in reading.reads.items()
            if section != SECTION_JOURNEY and read.customer_id == customer_id
        }
        missing = not_heard(reading.thread, customer_id, heads)
        awaited = _answering(reading.thread.awaited_areas(customer_id), _areas(reading.errors))
        if not missing and not awaited:
            return 0
        timeout_seconds = budget.share_seconds(CATCH_UP_SHARE)
        try:
            await asyncio.gather(
                *(
                    self._freshness.catch_up_areas(source_id, areas, timeout_seconds=timeout_seconds)
                    for source_id, areas in awaited
                )
            )
            behind = await self._freshness.catch_up(customer_id, missing, timeout_seconds=timeout_seconds)
        except OmnithreadError as error:
            reading.note(SECTION_JOURNEY, error)
            return 0
        await self._ask(reading, [SECTION_JOURNEY], customer_id, budget)
        return behind


def _survivor_of(customer_id: str, reading: _Reading) -> str:
    """Give who the customer is today: as profile says, or where it is silent as one who has absorbed the id says."""
    if SECTION_PROFILE in reading.reads:
        return reading.reads[SECTION_PROFILE].customer_id
    if reading.is_parted:
        return customer_id
    others = sorted(read.customer_id for read in reading.reads.values() if read.customer_id != customer_id)
    return others[0] if others else customer_id


def _answering(awaited: Mapping[str, frozenset[str]], silent: frozenset[str]) -> list[tuple[str, frozenset[str]]]:
    """Give of whom to ask which areas: not those that have just not answered, and not too many at once."""
    asked = [(source_id, areas - silent) for source_id, areas in awaited.items() if areas - silent]
    return asked[-MOST_AWAITED:]


def _areas(sections: Iterable[int]) -> frozenset[str]:
    return frozenset(AREAS[section] for section in sections)
