"""The four services whose answers make up a context: one function per question, each with its own timeout.

Reads go on in the name of the channel that asks; merging is the suite's own business and goes in the aggregator's.
What goes wrong comes back as the other service's own error.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from libs.rpc.status import error_from_rpc
from omnithread.cart.v1 import cart_internal_service_pb2, cart_service_pb2, handover_service_pb2
from omnithread.common.v1.event_pb2 import Head
from omnithread.context.v1.context_pb2 import (
    SECTION_CART,
    SECTION_MESSAGING,
    SECTION_OFFERS,
    SECTION_PREFERENCES,
    SECTION_PROFILE,
    CartSection,
    OffersSection,
)
from omnithread.messaging.v1 import messaging_internal_service_pb2, messaging_service_pb2
from omnithread.preference.v1 import preference_internal_service_pb2, preference_service_pb2
from omnithread.profile.v1 import profile_internal_service_pb2, profile_service_pb2
from omnithread.profile.v1.profile_pb2 import Profile
from services.aggregator.context import BesideCart, SectionRead

if TYPE_CHECKING:  # the classes of stubs on asyncio channels are known to type checkers only
    from omnithread.cart.v1.cart_internal_service_pb2_grpc import CartInternalServiceAsyncStub
    from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceAsyncStub
    from omnithread.cart.v1.handover_service_pb2_grpc import HandoverServiceAsyncStub
    from omnithread.messaging.v1.messaging_internal_service_pb2_grpc import MessagingInternalServiceAsyncStub
    from omnithread.messaging.v1.messaging_service_pb2_grpc import MessagingServiceAsyncStub
    from omnithread.preference.v1.preference_internal_service_pb2_grpc import PreferenceInternalServiceAsyncStub
    from omnithread.preference.v1.preference_service_pb2_grpc import PreferenceServiceAsyncStub
    from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceAsyncStub
    from omnithread.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Sources:
    """The stubs, on channels in the caller's name; those of internal services in our own."""

    profile: "ProfileServiceAsyncStub"
    cart: "CartServiceAsyncStub"
    preference: "PreferenceServiceAsyncStub"
    messaging: "MessagingServiceAsyncStub"
    handovers: "HandoverServiceAsyncStub"
    own_profile: "ProfileServiceAsyncStub"
    """These four in our own name: for what profile takes from no channel, and for what a channel may not be shown but
    what a context cannot do without: who the customer is, and how far their journey should be."""
    own_cart: "CartServiceAsyncStub"
    own_preference: "PreferenceServiceAsyncStub"
    own_messaging: "MessagingServiceAsyncStub"
    profile_internal: "ProfileInternalServiceAsyncStub"
    cart_internal: "CartInternalServiceAsyncStub"
    preference_internal: "PreferenceInternalServiceAsyncStub"
    messaging_internal: "MessagingInternalServiceAsyncStub"

    async def identify(
        self, request: profile_service_pb2.IdentifyRequest, *, timeout_seconds: float
    ) -> profile_service_pb2.IdentifyResponse:
        """Find or make the customer."""
        stub = self.own_profile if request.continued_guest_id else self.profile
        return await answered("profile", stub.Identify(request, timeout=timeout_seconds))

    async def redeem(
        self, request: handover_service_pb2.RedeemHandoverRequest, *, timeout_seconds: float
    ) -> handover_service_pb2.RedeemHandoverResponse:
        """Go on with a hand-over."""
        return await answered("cart", self.handovers.RedeemHandover(request, timeout=timeout_seconds))

    async def find(
        self, request: profile_service_pb2.GetProfileRequest, *, timeout_seconds: float, own: bool = False
    ) -> profile_service_pb2.GetProfileResponse:
        """Find the customer, by id or identifier.

        `own`: in our own name, for what is not shown to the caller.
        """
        profile = self.own_profile if own else self.profile
        return await answered("profile", profile.GetProfile(request, timeout=timeout_seconds))

    async def read(
        self, section: int, customer_id: str, *, timeout_seconds: float, own: bool = False
    ) -> tuple[SectionRead, ...]:
        """Ask one of the four services, named by its section; what cart answers are two sections.

        `own`: in our own name, for what is not shown to the caller.
        """
        if section == SECTION_PROFILE:
            asked = profile_service_pb2.GetProfileRequest(customer_id=customer_id)
            profile = self.own_profile if own else self.profile
            found = await answered("profile", profile.GetProfile(asked, timeout=timeout_seconds))
            return (profile_section(found.profile, found.head),)
        if section == SECTION_CART:
            return await _read_cart(self.own_cart if own else self.cart, customer_id, timeout_seconds)
        if section == SECTION_PREFERENCES:
            preference = self.own_preference if own else self.preference
            return (await _read_preferences(preference, customer_id, timeout_seconds),)
        if section == SECTION_MESSAGING:
            messaging = self.own_messaging if own else self.messaging
            return (await _read_messaging(messaging, customer_id, timeout_seconds),)
        raise ValueError(section)

    def internal(self, area: str) -> tuple[Any, Any]:  # what is the same in all areas has no common type
        """Give the stub of another area's internal service, and the module of its messages."""
        return {
            "profile": (self.profile_internal, profile_internal_service_pb2),
            "cart": (self.cart_internal, cart_internal_service_pb2),
            "preference": (self.preference_internal, preference_internal_service_pb2),
            "messaging": (self.messaging_internal, messaging_internal_service_pb2),
        }[area]

    async def absorb(self, area: str, merge: "MergeOrder", *, timeout_seconds: float) -> None:
        """Let another service take over a merged customer now."""
        fields: dict[str, Any] = {
            "merge_id": merge.merge_id,
            "source_customer_id": merge.source_customer_id,
            "survivor_customer_id": merge.survivor_customer_id,
        }
        if area == "preference":  # there it matters what was said before the merge and what after it
            fields["merge_time"] = merge.merge_time
        stub, messages = self.internal(area)
        request = messages.AbsorbCustomerRequest(**fields)
        await answered(area, stub.AbsorbCustomer(request, timeout=timeout_seconds))

    async def complete_merge(self, area: str, merge: "MergeOrder", *, timeout_seconds: float) -> None:
        """Tell profile that an area has taken over a merged customer."""
        request = profile_internal_service_pb2.CompleteMergeRequest(
            merge_id=merge.merge_id, survivor_customer_id=merge.survivor_customer_id, area=area
        )
        await answered("profile", self.profile_internal.CompleteMerge(request, timeout=timeout_seconds))


@dataclass(frozen=True, slots=True)
class MergeOrder:
    """One merge that profile decided."""

    merge_id: str
    source_customer_id: str
    survivor_customer_id: str
    merge_time: Timestamp | None = None
    """None where it is not known, which counts as now."""


def profile_section(profile: Profile, head: Head) -> SectionRead:
    """Give a profile as the section that it is."""
    return SectionRead(SECTION_PROFILE, profile.customer_id, profile.version, head, profile)


async def answered(dependency: str, call: Awaitable[Answer]) -> Answer:
    """Wait for another service's answer; what it raises is that service's own error."""
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        raise error_from_rpc(error, dependency=dependency) from error


async def _read_cart(
    stub: "CartServiceAsyncStub", customer_id: str, timeout_seconds: float
) -> tuple[SectionRead, SectionRead]:
    request = cart_service_pb2.GetCartRequest(customer_id=customer_id)
    answer = await answered("cart", stub.GetCart(request, timeout=timeout_seconds))
    cart, owner_id = answer.cart, answer.cart.customer_id
    section = CartSection(cart=cart, recent_orders=answer.recent_orders)
    offers = OffersSection(offers=answer.offers)
    beside = BesideCart(
        price=answer.price if answer.HasField("price") else None,
        other_channel_prices=tuple(answer.other_channel_prices),
        problems=tuple(answer.problems),
    )
    return (
        SectionRead(SECTION_CART, owner_id, cart.version, answer.head, section, beside),
        SectionRead(SECTION_OFFERS, owner_id, answer.offers_version, answer.head, offers),
    )


async def _read_preferences(
    stub: "PreferenceServiceAsyncStub", customer_id: str, timeout_seconds: float
) -> SectionRead:
    request = preference_service_pb2.GetPreferencesRequest(customer_id=customer_id)
    answer = await answered("preference", stub.GetPreferences(request, timeout=timeout_seconds))
    found = answer.preferences
    return SectionRead(SECTION_PREFERENCES, found.customer_id, found.version, answer.head, found)


async def _read_messaging(stub: "MessagingServiceAsyncStub", customer_id: str, timeout_seconds: float) -> SectionRead:
    request = messaging_service_pb2.GetMessagingOverviewRequest(customer_id=customer_id)
    answer = await answered("messaging", stub.GetMessagingOverview(request, timeout=timeout_seconds))
    found = answer.overview
    return SectionRead(SECTION_MESSAGING, found.customer_id, found.version, answer.head, found)
