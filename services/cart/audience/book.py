"""Remembers what others know of customers that offers look at: one document per customer, beside the records.

It is a copy: whoever needs a customer's facts reads it and asks nobody, but the first time, or where an offer names a
trait that profile was not asked for yet. Who was forgotten has none, however late news of them come.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

import structlog
from grpc.aio import AioRpcError

from libs.errors import CONFLICT, CUSTOMER_ERASED, OmnithreadError, Status, conflict, is_passing
from libs.mongo.connection import Database
from libs.mongo.deadline import reading
from libs.mongo.migrate import Index
from libs.mongo.once import insert_once
from libs.mongo.record import Records
from libs.mongo.values import Saved
from libs.rpc.status import error_from_rpc
from omnithread.profile.v1.profile_internal_service_pb2 import GetAudienceFactsRequest, GetAudienceFactsResponse
from omnithread.profile.v1.profile_pb2 import CUSTOMER_KIND_KNOWN
from services.cart.audience.copy import (
    GAP,
    AudienceCopy,
    ProfilePart,
    copy_from_document,
    copy_to_fields,
    facts_from,
    with_profile,
)
from services.cart.audience.facts import AudienceFacts
from services.cart.events import Event
from services.cart.values import Cart

if TYPE_CHECKING:  # the class of a stub on an asyncio channel is known to type checkers only
    from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceAsyncStub

AUDIENCE_FACTS = "audience_facts"
AUDIENCE_INDEXES = (Index(AUDIENCE_FACTS, (("customer_id", 1),)),)
MOST_JOINED = 50
"""Of so many merged customers, the newest, journeys are joined."""
MOST_TRAITS = 100
MAX_TRIES = 10
PATIENCE_SECONDS = 0.5
"""So long a price waits for profile, and then does without."""
QUIET_SECONDS = 2.0
"""So long no price asks profile after it did not answer, or had too much to do."""
FOLLOW_UP_SECONDS = 5.0

TraitNames: TypeAlias = Callable[[], Awaitable[frozenset[str]]]
"""Gives the traits that active offers name."""

log = structlog.get_logger(__name__)


class AudienceBook:
    """All copies of one cart service."""

    def __init__(
        self,
        *,
        database: Database,
        records: Records[Cart, Event],
        profile: "ProfileInternalServiceAsyncStub",
        trait_names: TraitNames,
        inactivity: timedelta = GAP,
    ) -> None:
        self.inactivity = inactivity
        """So long may a customer be silent within one journey."""
        self._copies = database[AUDIENCE_FACTS]
        self._records = records
        self._profile = profile
        self._trait_names = trait_names
        self._quiet_until = 0.0

    async def get(self, saved: Saved[Cart]) -> AudienceFacts:
        """Give what is known of a customer, `NO_FACTS` where nothing is. One read.

        Where profile's part is missing, or a trait that an offer names, profile is asked once, for half a second.
        """
        customer_ids = [saved.customer_id, *saved.lineage[1:][-MOST_JOINED:]]
        with reading():
            documents = await self._copies.find({"_id": {"$in": customer_ids}}).to_list(len(customer_ids))
        copies = {document["_id"]: copy_from_document(document) for document in documents}
        own = copies.get(saved.customer_id)
        wanted = await self._wanted_traits()
        if own is None or own.profile is None or not wanted <= set(own.profile.asked_traits):
            asked = await self._ask_quickly(saved.customer_id)
            if asked is not None:
                copies[saved.customer_id] = asked
        return facts_from(list(copies.values()), saved.customer_id, self.inactivity)

    async def follow_up(self, customer_id: str) -> None:
        """Ask profile anew for one of whom a price was asked before, since it says that something changed.

        Raises DEPENDENCY_UNAVAILABLE or DEADLINE_EXCEEDED where it does not answer.
        """
        with reading():
            document = await self._copies.find_one({"_id": customer_id}, {"is_asked": 1})
        if document is not None and document["is_asked"]:
            await self._ask(customer_id, FOLLOW_UP_SECONDS)

    async def forget(self, customer_id: str) -> None:
        """Delete the copy of a customer who was forgotten."""
        with reading():
            await self._copies.delete_one({"_id": customer_id})

    async def change(self, customer_id: str, decide: Callable[[AudienceCopy], AudienceCopy]) -> AudienceCopy:
        """Change a customer's copy under the condition that nobody else does; what changes nothing is not written.

        `decide` is pure and takes in nothing twice. Raises CONFLICT.
        """
        for _ in range(MAX_TRIES):
            with reading():
                document = await self._copies.find_one({"_id": customer_id})
            copy = copy_from_document(document) if document else AudienceCopy(customer_id)
            after = decide(copy)
            if after == copy or (await self._records.get_exact(customer_id)).erased:
                return copy
            fields = copy_to_fields(after) | {"version": copy.version + 1}
            if document is None:
                is_written = await insert_once(self._copies, {"_id": customer_id, **fields})
            else:
                match = {"_id": customer_id, "version": copy.version}
                with reading():
                    is_written = (await self._copies.update_one(match, {"$set": fields})).matched_count == 1
            if is_written:
                return copy_from_document({"_id": customer_id, **fields})
        raise conflict()

    async def _ask_quickly(self, customer_id: str) -> AudienceCopy | None:
        """Ask profile for a price's sake: the copy as it is then; None where profile does not answer in time."""
        now = asyncio.get_running_loop().time
        if now() < self._quiet_until:
            return None
        try:
            # From here on changes are followed up: what comes between the answer and its writing is not missed.
            await self.change(customer_id, lambda copy: copy if copy.is_asked else _asked(copy))
            return await self._ask(customer_id, PATIENCE_SECONDS)
        except OmnithreadError as error:
            if is_passing(error) and error.reason != CONFLICT:  # any other error is one customer's
                self._quiet_until = now() + QUIET_SECONDS
            log.info("facts_not_asked", customer_id=customer_id, reason=error.reason)
            return None

    async def _ask(self, customer_id: str, timeout_seconds: float) -> AudienceCopy | None:
        names = sorted(await self._wanted_traits())
        request = GetAudienceFactsRequest(customer_id=customer_id, trait_names=names)
        try:
            answer = await self._profile.GetAudienceFacts(request, timeout=timeout_seconds)
        except AioRpcError as raised:
            error = error_from_rpc(raised, dependency="profile")
            if error.status is Status.NOT_FOUND or error.reason == CUSTOMER_ERASED:
                await self.forget(customer_id)  # nobody's: whoever asks for any id leaves nothing behind
                return None
            raise error from raised
        part = _part_of(answer, tuple(names))
        return await self.change(answer.customer_id, lambda copy: with_profile(copy, part))

    async def _wanted_traits(self) -> frozenset[str]:
        return frozenset(sorted(await self._trait_names())[:MOST_TRAITS])


def _asked(copy: AudienceCopy) -> AudienceCopy:
    return AudienceCopy(copy.customer_id, copy.version, is_asked=True, profile=copy.profile, journey=copy.journey)


def _part_of(answer: GetAudienceFactsResponse, names: tuple[str, ...]) -> ProfilePart:
    return ProfilePart(
        epoch=answer.head.epoch,
        version=answer.version,
        known=answer.kind == CUSTOMER_KIND_KNOWN,
        segment_ids=tuple(answer.segment_ids),
        traits=tuple((trait.name, trait.value) for trait in answer.traits),
        asked_traits=names,
    )
