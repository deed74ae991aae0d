"""Reads a customer's context: all services at once, what is committed now, within the caller's time.

A section whose service does not answer is missing and named; the rest is served. Where a merge is not absorbed
everywhere yet, that is done while the caller waits (`uniting.py`), and named where it does not work out in time.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from libs.errors import OmnithreadError, Status, customer_not_found
from libs.origin import Origin
from libs.rpc.call import call_or_none
from libs.rpc.written import Written
from omnithread.context.v1.context_pb2 import (
    SECTION_CART,
    SECTION_JOURNEY,
    SECTION_OFFERS,
    SECTION_PROBLEM_REASON_BEHIND,
    SECTION_PROBLEM_REASON_MERGE_PENDING,
    SECTION_PROFILE,
)
from services.aggregator.answers import Answers
from services.aggregator.budget import Budget
from services.aggregator.caught_up import CaughtUp
from services.aggregator.context import (
    ALL_SECTIONS,
    AREAS,
    SECTIONS,
    ContextRead,
    Problem,
    SectionRead,
    assemble,
    beside,
    problem_of,
    told_together,
)
from services.aggregator.convert import section_to_proto
from services.aggregator.freshness import Freshness, not_heard
from services.aggregator.operations import Journeys
from services.aggregator.scoping import closed_to, for_caller, withheld_problems
from services.aggregator.section_metrics import SectionMetrics
from services.aggregator.sources import Sources
from services.aggregator.troubles.sections import MissingSections
from services.aggregator.uniting import Ask, Uniting

READ_SHARE = 0.7
"""Of what is left, for the services' answers; what remains is for merging, catching up and answering."""
CATCH_UP_SHARE = 0.8
REFRESH_SHARE = 0.5
MOST_AWAITED = 4
"""Of so many merged customers is asked what they did last."""


class ContextReader:
    """Puts contexts together."""

    def __init__(
        self,
        *,
        journeys: Journeys,
        sources: Sources,
        uniting: Uniting,
        freshness: Freshness,
        caught_up: CaughtUp,
        metrics: SectionMetrics,
        missing_sections: MissingSections,
    ) -> None:
        self._journeys = journeys
        self._sources = sources
        self._uniting = uniting
        self._freshness = freshness
        self._caught_up = caught_up
        self._journeys_written = Written(section_to_proto)
        self._metrics = metrics
        self._missing_sections = missing_sections

    async def read(
        self,
        customer_id: str,
        *,
        wanted: frozenset[int],
        origin: Origin,
        budget: Budget,
        known: Iterable[SectionRead] = (),
        is_asked_for: bool = True,
    ) -> ContextRead:
        """Read the wanted sections; those that are `known` are not asked for again, unless the customer is another.

        What is missing is noted on the journey, unless nobody asked (`is_asked_for`) and it is only looked for again.
        Profile is always asked: it knows who the customer is today, and which merges are not yet done everywhere.
        The journey needs all four, to know whether it is up to date. Raises CUSTOMER_NOT_FOUND.
        """
        began = self._journeys.clock()
        closed = closed_to(call_or_none())
        shown = wanted - closed
        answers = Answers()
        for read in known:
            answers.note(read)
        ask = self._asking(answers, budget, closed)
        needed = ALL_SECTIONS if SECTION_JOURNEY in wanted else wanted | {SECTION_PROFILE}
        await ask(needed - answers.reads.keys(), customer_id)
        missing = answers.errors.get(SECTION_PROFILE)
        if missing is not None and missing.status is Status.NOT_FOUND:
            raise customer_not_found(customer_id)
        survivor_id = answers.survivor_of(customer_id)
        left = await self._uniting.complete(answers, survivor_id, ask=ask, origin=origin, budget=budget)
        await ask(answers.strangers(survivor_id), survivor_id)
        withheld = await self._uniting.part_from_strangers(answers, survivor_id, ask=ask, origin=origin, budget=budget)
        behind = await self._catch_up(answers, survivor_id, budget) if SECTION_JOURNEY in wanted else 0
        named = needed if SECTION_OFFERS in wanted else needed - {SECTION_OFFERS}
        problems = [problem_of(section, error) for section, error in answers.errors.items() if section in named]
        problems += [
            Problem(section, SECTION_PROBLEM_REASON_MERGE_PENDING)
            for area in left
            for section in told_together(SECTIONS[area])
            if section in wanted and section in answers.reads
        ]
        problems += [Problem(section, SECTION_PROBLEM_REASON_MERGE_PENDING) for section in withheld & wanted]
        if behind:
            problems.append(Problem(SECTION_JOURNEY, SECTION_PROBLEM_REASON_BEHIND, behind))
        self._metrics.count(problems)
        if is_asked_for:
            self._missing_sections.note(survivor_id, problems, origin)
        context = for_caller(assemble(survivor_id, answers.reads.values(), wanted=shown), call_or_none())
        problems = [*(one for one in problems if one.section not in closed), *withheld_problems(wanted & closed)]
        reads = {section: _dated(read, began) for section, read in answers.reads.items()}
        heads = {AREAS[section]: read.head for section, read in reads.items()}
        return ContextRead(context, tuple(problems), beside(reads.get(SECTION_CART), shown), heads, reads)

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

    def _asking(self, answers: Answers, budget: Budget, closed: frozenset[int]) -> Ask:
        """Give what reads sections at once, each with a share of what is left; one answer may tell two sections.

        Those that are closed to the caller are read in our own name.
        """

        async def ask(sections: Iterable[int], customer_id: str) -> None:
            asked = sorted({SECTIONS[AREAS[section]] for section in sections})
            timeout_seconds = budget.share_seconds(READ_SHARE)
            await asyncio.gather(
                *(
                    self._answer(answers, section, customer_id, timeout_seconds, own=section in closed)
                    for section in asked
                )
            )

        return ask

    async def _answer(
        self, answers: Answers, section: int, customer_id: str, timeout_seconds: float, *, own: bool
    ) -> None:
        try:
            if section == SECTION_JOURNEY:
                answers.note(await self._read_journey(answers, customer_id))
                return
            told = await self._sources.read(section, customer_id, timeout_seconds=timeout_seconds, own=own)
        except OmnithreadError as error:
            answers.note_error(section, error)
            return
        for read in told:
            answers.note(read)

    async def _read_journey(self, answers: Answers, customer_id: str) -> SectionRead:
        saved = await self._journeys.records.get(customer_id)
        answers.thread = saved.state
        answers.is_parted = saved.customer_id == customer_id and bool(saved.released)
        section = self._journeys_written.of(saved.customer_id, saved)
        return SectionRead(SECTION_JOURNEY, saved.customer_id, saved.version, saved.head(), section)

    async def _catch_up(self, answers: Answers, customer_id: str, budget: Budget) -> int:
        """Let the journey have all that the other sections show; give how many events it still lacks."""
        if SECTION_JOURNEY not in answers.reads:
            return 0
        heads = {
            AREAS[section]: read.head
            for section, read in answers.reads.items()
            if section != SECTION_JOURNEY and read.customer_id == customer_id
        }
        unheard = not_heard(answers.thread, customer_id, heads)
        missing = self._caught_up.not_known(customer_id, answers.reads[SECTION_JOURNEY], unheard)
        awaited = _answering(answers.thread.awaited_areas(customer_id), answers.silent_areas)
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
            answers.note_error(SECTION_JOURNEY, error)
            return 0
        await self._asking(answers, budget, frozenset())([SECTION_JOURNEY], customer_id)
        read_again = answers.reads.get(SECTION_JOURNEY)
        if not behind and read_again is not None:
            self._caught_up.note(customer_id, read_again, heads)
        return behind


def _dated(read: SectionRead, began: datetime) -> SectionRead:
    """Say from when a section is: what was asked for is at least as new as the read."""
    return read if read.read_time is not None else replace(read, read_time=began)


def _answering(awaited: Mapping[str, frozenset[str]], silent: frozenset[str]) -> list[tuple[str, frozenset[str]]]:
    """Give of whom to ask which areas: not those that have just not answered, and not too many at once."""
    asked = [(source_id, areas - silent) for source_id, areas in awaited.items() if areas - silent]
    return asked[-MOST_AWAITED:]
