"""Coordinates: load, decide, save. What is done with the aggregator's own records; each operation is one story."""

from dataclasses import dataclass, replace

from libs.clock import Clock
from libs.ids import NewId
from libs.journey_rules import JourneyRules
from libs.mongo.connection import Database
from libs.mongo.members import Position, get_member, page, position_at
from libs.mongo.record import Records
from libs.mongo.values import Outcome, Saved
from libs.origin import Origin, Stamp
from libs.rpc.directory import CustomerDirectory
from services.aggregator import errors, hearing, model
from services.aggregator.events import Event, JourneySealed
from services.aggregator.journey_spans import spans
from services.aggregator.journey_values import Span
from services.aggregator.model import Change, FreshIds, Sighting
from services.aggregator.store import (
    JOURNEYS,
    TOUCHPOINTS,
    span_from_document,
    span_to_member,
    touchpoint_from_document,
)
from services.aggregator.touchpoint_spans import tell_newest_on_span, tell_on_span
from services.aggregator.values import Heard, Thread, Touchpoint

MAX_OLD_JOURNEYS = 100
"""So many journeys that have left the record are looked through for a name: eight years and more."""


class NothingToDo(Exception):
    """The record already is as it should be, so nothing is written."""


class NeedsLooking(Exception):
    """The record alone does not tell whether this event was heard."""


@dataclass(frozen=True, slots=True)
class JourneyPage:
    """A journey with some of its touchpoints."""

    customer_id: str
    span: Span
    touchpoints: tuple[Touchpoint, ...]
    following: Position | None


@dataclass(frozen=True, slots=True)
class Journeys:
    """What can be done with sessions, touchpoints and journeys."""

    records: Records[Thread, Event]
    database: Database
    directory: CustomerDirectory
    clock: Clock
    new_id: NewId
    rules: JourneyRules

    async def get(self, customer_id: str) -> Saved[Thread]:
        """Give the thread as committed now, an empty one to a customer without. Raises CUSTOMER_NOT_FOUND."""
        saved = await self.records.get(customer_id)
        if saved.exists:
            return saved
        standing_id = await self.directory.standing_as_far_as_known(customer_id)
        return saved if standing_id == customer_id else await self.records.get(standing_id)

    async def start_session(
        self, customer_id: str, session_id: str, stamp: Stamp, *, entrance_customer_id: str = ""
    ) -> Outcome[Thread]:
        """Begin a session or go on with `session_id`; the facts are those of `model.start_session`.

        `entrance_customer_id` is the customer to whom the identifier led first by which they came in.
        """
        ids = self._fresh_ids()
        occur_time = stamp.issue_time or self.clock()

        def decide(saved: Saved[Thread]) -> Change:
            return model.start_session(
                saved.state,
                origin=stamp.origin,
                occur_time=occur_time,
                session_id=session_id,
                ids=ids,
                rules=self.rules,
                entrance=entrance_customer_id if entrance_customer_id != saved.customer_id else "",
            )

        outcome = await self.records.run(customer_id, stamp, decide)
        tell_newest_on_span(outcome.saved.state, outcome.facts["touchpoint_id"])
        return outcome

    async def record(self, customer_id: str, sighting: Sighting, stamp: Stamp) -> tuple[Outcome[Thread], Touchpoint]:
        """Note what a channel saw, and give it as it was noted."""
        ids = self._fresh_ids()

        def decide(saved: Saved[Thread]) -> Change:
            return model.record(saved.state, sighting, origin=stamp.origin, now=self.clock(), ids=ids, rules=self.rules)

        outcome = await self.records.run(customer_id, stamp, decide)
        touchpoint = await self._touchpoint(outcome.saved, outcome.facts["touchpoint_id"])
        tell_on_span(outcome.saved.state, touchpoint)
        return outcome, touchpoint

    async def hear(self, touchpoint: Touchpoint, source: Heard, stamp: Stamp) -> Saved[Thread]:
        """Take what another service announced into the journey of whoever `source.customer_id` is today, once."""
        try:
            return await self._hear(touchpoint, source, stamp, is_new=False)
        except NeedsLooking:
            saved = await self.records.get(source.customer_id)
        if await get_member(self.database, TOUCHPOINTS, saved, touchpoint.touchpoint_id) is not None:
            return saved  # a restored owner tells again what it told before
        return await self._hear(touchpoint, source, stamp, is_new=True)

    async def forget_source(self, source: Heard, stamp: Stamp) -> None:
        """Stop counting the events of a merged customer, whose last one in this area has come."""

        def decide(saved: Saved[Thread]) -> Change:
            change = hearing.forget_source(saved.state, source)
            if change is None or saved.customer_id == source.customer_id:
                raise NothingToDo  # one whose merge was undone goes on
            return change

        try:
            await self.records.run(source.customer_id, stamp, decide)
        except NothingToDo:
            return

    async def close_idle(self, customer_id: str, stamp: Stamp) -> None:
        """End the customer's journey after too long a silence. Raises NothingToDo where they have acted meanwhile."""

        def decide(saved: Saved[Thread]) -> Change:
            change = model.close_idle(saved.state, now=self.clock())
            if change is None:
                raise NothingToDo
            return change

        await self.records.run(customer_id, stamp, decide)

    async def absorb(
        self, *, merge_id: str, source_customer_id: str, survivor_customer_id: str, origin: Origin
    ) -> tuple[bool, Saved[Thread]]:
        """Seal the source's record and take over its journeys; False where that was done. Gives the survivor's too."""
        now = self.clock()

        def decide(source: Saved[Thread], survivor: Saved[Thread]) -> Change:
            return hearing.absorb(
                survivor.state, source.state, merge_id=merge_id, source_customer_id=source_customer_id, now=now
            )

        absorbed_now = await self.records.absorb(
            merge_id=merge_id,
            source_customer_id=source_customer_id,
            survivor_customer_id=survivor_customer_id,
            origin=origin,
            seal=JourneySealed(now, merge_id, survivor_customer_id),
            decide=decide,
        )
        return absorbed_now, await self.records.standing(survivor_customer_id)

    async def get_journey(
        self, customer_id: str, journey_id: str, *, position: Position | None, limit: int
    ) -> JourneyPage:
        """Give a journey, under whichever of its names, and a page of its touchpoints in order; "" is the present one.

        Raises CUSTOMER_NOT_FOUND and JOURNEY_NOT_FOUND.
        """
        saved = await self.get(customer_id)
        span = await self._span(saved, journey_id)
        # One more than asked for tells whether the last one asked for ends the journey.
        documents, _ = await page(
            self.database,
            TOUCHPOINTS,
            saved,
            newest_first=False,
            position=position or position_at(span.start_time),
            limit=limit + 1,
        )
        found = [touchpoint_from_document(document) for document in documents]
        within = [t for t in found if span.until_time is None or t.occur_time < span.until_time]
        shown = tuple(within[:limit])
        return JourneyPage(
            customer_id=saved.customer_id,
            span=span,
            touchpoints=shown,
            following=position_at(shown[-1].occur_time, shown[-1].touchpoint_id) if len(within) > limit else None,
        )

    async def list_journeys(
        self, customer_id: str, *, position: Position | None, limit: int
    ) -> tuple[str, list[Span], Position | None]:
        """Give one page of journeys, newest first, whose they are today, and where the next page begins."""
        saved = await self.get(customer_id)
        documents, following = await page(
            self.database, JOURNEYS, _with_kept_journeys(saved), position=position, limit=limit
        )
        return saved.customer_id, [span_from_document(document) for document in documents], following

    async def _hear(self, touchpoint: Touchpoint, source: Heard, stamp: Stamp, *, is_new: bool) -> Saved[Thread]:
        journey_id = self.new_id("jrn")

        def decide(saved: Saved[Thread]) -> Change:
            last = hearing.last_heard(saved.state, source)
            if last is not None and last.seq > 0 and last.epoch != source.epoch and not is_new:
                raise NeedsLooking
            change = hearing.hear(saved.state, touchpoint, source=source, journey_id=journey_id, rules=self.rules)
            if change is None:
                raise NothingToDo
            return change

        try:
            saved = (await self.records.run(source.customer_id, stamp, decide)).saved
        except NothingToDo:
            return await self.records.get(source.customer_id)
        tell_on_span(saved.state, touchpoint)
        return saved

    async def _span(self, saved: Saved[Thread], journey_id: str) -> Span:
        kept = spans(saved.state.timeline)
        if not journey_id and kept:
            return kept[-1]
        for span in kept:
            if span.is_named(journey_id):
                return span
        documents, _ = await page(self.database, JOURNEYS, saved, limit=MAX_OLD_JOURNEYS)
        old = (span_from_document(document) for document in documents)
        found = next((span for span in old if span.is_named(journey_id)), None)
        if found is None:
            raise errors.journey_not_found()
        return found

    async def _touchpoint(self, saved: Saved[Thread], touchpoint_id: str) -> Touchpoint:
        for touchpoint in saved.state.recent_touchpoints:
            if touchpoint.touchpoint_id == touchpoint_id:
                return touchpoint
        document = await get_member(self.database, TOUCHPOINTS, saved, touchpoint_id)
        if document is None:
            raise LookupError("a touchpoint that was noted is gone")
        return touchpoint_from_document(document)

    def _fresh_ids(self) -> FreshIds:
        return FreshIds(touchpoint_id=self.new_id("tch"), session_id=self.new_id("ses"), journey_id=self.new_id("jrn"))


def _with_kept_journeys(saved: Saved[Thread]) -> Saved[Thread]:
    """Give the record as if the journeys that it holds were waiting to join those that have left it."""
    kept = (span_to_member(span) for span in spans(saved.state.timeline))
    members = (
        replace(member, document={**member.document, "_id": member.id, "customer_id": saved.customer_id, "revision": 1})
        for member in kept
    )
    return replace(saved, pending_members=(*saved.pending_members, *members))
