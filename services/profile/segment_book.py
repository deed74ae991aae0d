"""Coordinates segments: documents that belong to no customer, and this replica's knowledge of them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn

import structlog

from libs.clock import Clock
from libs.errors import OmnithreadError, etag_mismatch
from libs.mongo.documents import DocumentOutcome, Documents, SavedDocument
from libs.mongo.record import Records
from libs.mongo.values import Decision
from libs.origin import Stamp
from services.profile.errors import segment_invalid, segment_limit, segment_not_found
from services.profile.events import ProfileEvent
from services.profile.membership import NO_SEGMENTS, Catalogue, Rule, with_memberships
from services.profile.model import Profile
from services.profile.segment_rules import faults_of
from services.profile.segments import Segment, Subject
from services.profile.store import Announced

MOST_SEGMENTS = 100
ROOM_FOR_RACES = 20
"""Replicas that make segments at the same moment may go beyond the limit by a few, which are then in use as well."""
MOST_SHOWN = 20

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class KnownSegments:
    """The segments as this replica knows them: a moment old at most."""

    documents: Documents[Segment]
    clock: Clock
    refresh_seconds: float
    catalogue: Catalogue = field(default=NO_SEGMENTS)

    async def run(self) -> None:
        """Keep up until cancelled."""
        while True:
            await asyncio.sleep(self.refresh_seconds)
            try:
                await self.refresh()
            except OmnithreadError as error:
                log.warning("segments_not_refreshed", reason=error.reason)

    async def refresh(self) -> Catalogue:
        """Look whether segments have changed, and give them as they are. One small query, one more where they have."""
        most = MOST_SEGMENTS + ROOM_FOR_RACES
        if sum((await self.documents.versions(most)).values()) != self.catalogue.edition:
            found = await self.documents.page(limit=most)
            catalogue = Catalogue({saved.key: Rule(saved.state, saved.version) for saved in found})
            if catalogue.edition > self.catalogue.edition:
                self.catalogue = catalogue
        return self.catalogue

    def consequences(self, profile: Profile, now: datetime) -> tuple[Profile, tuple[Announced, ...]]:
        """Give a profile with its memberships: what a record asks before it is written."""
        after, events = with_memberships(profile, self.catalogue, now=now)
        return after, tuple(map(_announced, events))


@dataclass(frozen=True, slots=True)
class Preview:
    """How many of a sample would belong to a segment."""

    looked_at_count: int
    member_count: int
    customer_ids: tuple[str, ...]
    """Some of them."""


@dataclass(frozen=True, slots=True)
class SegmentBook:
    """What can be done with segments."""

    documents: Documents[Segment]
    known: KnownSegments
    records: Records[Profile, Announced]
    clock: Clock
    on_changed: Callable[[], None]
    """Told when customers have to be looked at again."""

    async def put(self, segment: Segment, *, etag: str, stamp: Stamp) -> DocumentOutcome[Segment]:
        """Make the segment or its next version. Raises SEGMENT_INVALID, SEGMENT_LIMIT, ETAG_MISMATCH."""
        _check(segment)
        is_full = len(await self.documents.versions(MOST_SEGMENTS)) >= MOST_SEGMENTS

        def decide(saved: SavedDocument[Segment]) -> Decision[Segment, NoReturn]:
            if etag and (not saved.exists or etag != saved.etag()):
                raise etag_mismatch()
            if not saved.exists and is_full:
                raise segment_limit(MOST_SEGMENTS)
            return Decision(segment)

        outcome = await self.documents.run(segment.segment_id, stamp, decide)
        await self.known.refresh()
        self.on_changed()
        return outcome

    async def get(self, segment_id: str) -> SavedDocument[Segment]:
        """Give a segment. Raises SEGMENT_NOT_FOUND."""
        saved = await self.documents.get(segment_id)
        if not saved.exists:
            raise segment_not_found(segment_id)
        return saved

    async def page(self, *, after_id: str, limit: int) -> tuple[list[SavedDocument[Segment]], str]:
        """Give one page by id, and the id after which the next one begins, empty at the end."""
        found = await self.documents.page(after_key=after_id, limit=limit + 1)
        return found[:limit], found[limit - 1].key if len(found) > limit else ""

    async def preview(self, segment: Segment, *, sample_size: int) -> Preview:
        """Look who of those who changed last would belong to a segment. Raises SEGMENT_INVALID."""
        _check(segment)
        looked_at, members = 0, []
        async for saved in self.records.newest(sample_size):
            if saved.state.create_time is None:
                continue
            looked_at += 1
            if Subject(saved.state, now=self.clock()).belongs(segment):
                members.append(saved.customer_id)
        return Preview(looked_at, len(members), tuple(members[:MOST_SHOWN]))


def _check(segment: Segment) -> None:
    if faults := faults_of(segment):
        raise segment_invalid(faults)


def _announced(event: ProfileEvent) -> Announced:
    return Announced(event=event, occur_time=None)
