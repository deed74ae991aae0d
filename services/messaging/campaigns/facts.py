"""Asks what a campaign looks at, just before its next step: no more than it looks at."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import grpc

from libs.errors import OmnithreadError, Status
from libs.mongo.connection import Database
from libs.mongo.members import get_member
from libs.mongo.values import Saved
from libs.rpc.status import error_from_rpc
from omnithread.profile.v1.profile_internal_service_pb2 import GetAudienceFactsRequest
from services.messaging.campaigns.convert import NANOS
from services.messaging.campaigns.definition import (
    Branch,
    CartAtLeast,
    Definition,
    HasConsent,
    HasTrait,
    InSegment,
    MessageOutcome,
    MessageTest,
    WaitUntil,
)
from services.messaging.campaigns.engine import CartSum, Facts
from services.messaging.campaigns.values import Enrolment
from services.messaging.deciding.facts import Wishes
from services.messaging.deciding.person import Person
from services.messaging.deciding.sources import NotThere, SourceAway, Sources
from services.messaging.deciding.time_zones import TimeZones
from services.messaging.store import MESSAGES, message_from_document
from services.messaging.values import DeliveryKind, Message, MessageState, Messaging

if TYPE_CHECKING:  # the classes of stubs on an asyncio channel are known to type checkers only
    from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceAsyncStub

TIMEOUT_SECONDS = 3.0
UTC_ZONE = ZoneInfo("UTC")
RECEIPTS: Mapping[str, frozenset[MessageOutcome]] = {
    "DELIVERED": frozenset({MessageOutcome.DELIVERED}),
    "OPENED": frozenset({MessageOutcome.DELIVERED, MessageOutcome.OPENED}),
    "CLICKED": frozenset({MessageOutcome.DELIVERED, MessageOutcome.OPENED, MessageOutcome.CLICKED}),
}
"""What a receipt proves: who followed a link has opened it."""


@dataclass(frozen=True, slots=True)
class CampaignSources:
    """Who is asked. Every method raises SourceAway and NotThere."""

    sources: Sources
    profile_internal: "ProfileInternalServiceAsyncStub"
    time_zones: TimeZones
    database: Database

    async def facts(self, saved: Saved[Messaging], one: Enrolment, definition: Definition) -> Facts:
        """Give what the campaign looks at, as it is now. One call to each service that it takes."""
        looked_at = {type(condition.fact) for condition in definition.all_conditions()}
        waits_by_clock = any(isinstance(step.action, WaitUntil) for step in definition.steps)
        customer_id = saved.customer_id

        async def wishes() -> Wishes:
            needed = waits_by_clock or HasConsent in looked_at
            return await self.sources.wishes(customer_id) if needed else Wishes()

        async def audience() -> tuple[frozenset[str], dict[str, str]]:
            needed = looked_at & {InSegment, HasTrait}
            return await self._audience(customer_id, definition.trait_names) if needed else (frozenset(), {})

        async def cart() -> CartSum | None:
            return await self._cart(customer_id) if CartAtLeast in looked_at else None

        (segment_ids, traits), wished, cart_sum, outcomes = await asyncio.gather(
            audience(), wishes(), cart(), self._outcomes(saved, one, definition)
        )
        return Facts(
            segment_ids=segment_ids,
            traits=traits,
            cart=cart_sum,
            consented_kinds=consented_kinds(wished, definition.purpose),
            zone=await self._zone(customer_id, one, wished) if waits_by_clock else UTC_ZONE,
            outcomes=outcomes,
        )

    async def _audience(self, customer_id: str, trait_names: frozenset[str]) -> tuple[frozenset[str], dict[str, str]]:
        request = GetAudienceFactsRequest(customer_id=customer_id, trait_names=sorted(trait_names))
        try:
            answer = await self.profile_internal.GetAudienceFacts(request, timeout=TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError as raised:
            if error_from_rpc(raised, dependency="profile").status is Status.NOT_FOUND:
                raise NotThere("profile") from None
            raise SourceAway("profile") from None
        except OmnithreadError:  # no time is left, or our own token cannot be read
            raise SourceAway("profile") from None
        return frozenset(answer.segment_ids), {trait.name: trait.value for trait in answer.traits}

    async def _cart(self, customer_id: str) -> CartSum | None:
        try:
            cart = (await self.sources.purchases(customer_id)).cart
        except NotThere:
            return None
        if not cart.lines:
            return None
        return CartSum(cart.subtotal.currency_code, cart.subtotal.units * NANOS + cart.subtotal.nanos)

    async def _zone(self, customer_id: str, one: Enrolment, wishes: Wishes) -> ZoneInfo:
        person = Person(customer_id, await self.sources.person(customer_id), wishes, None)
        return self.time_zones.find(person.whereabouts(one.trigger.origin.channel_id)).zone

    async def _outcomes(
        self, saved: Saved[Messaging], one: Enrolment, definition: Definition
    ) -> dict[str, frozenset[MessageOutcome]]:
        """Look up the messages that a branch asks about. One read for each, 10 at most."""
        asked = {
            case.test.step_id
            for step in definition.steps
            if isinstance(step.action, Branch)
            for case in step.action.cases
            if isinstance(case.test, MessageTest)
        }
        sent = [taken for taken in one.path if taken.step_id in asked and taken.message_id]
        members = await asyncio.gather(
            *(get_member(self.database, MESSAGES, saved, taken.message_id) for taken in sent)
        )
        return {
            taken.step_id: outcomes_of(message_from_document(member)[0])
            for taken, member in zip(sent, members, strict=True)
            if member is not None
        }


def outcomes_of(message: Message) -> frozenset[MessageOutcome]:
    """Say what is true of a message."""
    if message.state is not MessageState.SENT:
        return frozenset({MessageOutcome.NOT_SENT})
    proven = {outcome for receipt in message.receipts for outcome in RECEIPTS.get(receipt.kind, ())}
    return frozenset({MessageOutcome.SENT, *proven})


def consented_kinds(wishes: Wishes, purpose: str) -> frozenset[DeliveryKind]:
    """Give the ways by which the customer said yes to a purpose, at whatever address."""
    return frozenset(one.kind for one in wishes.consents if one.purpose == purpose and one.is_granted)
