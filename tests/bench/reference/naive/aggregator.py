"""The aggregator, as it is usually written: four calls at once, the journey from its own database, and one answer."""

import asyncio
from collections.abc import Mapping

import grpc
import structlog
from motor.motor_asyncio import AsyncIOMotorDatabase

from omnithread.cart.v1.cart_service_pb2 import GetCartRequest
from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceStub
from omnithread.common.v1.attribute_pb2 import Attribute
from omnithread.common.v1.channel_pb2 import Channel
from omnithread.context.v1 import context_pb2, context_service_pb2
from omnithread.context.v1.context_service_pb2_grpc import ContextServiceServicer
from omnithread.messaging.v1.messaging_service_pb2 import GetMessagingOverviewRequest
from omnithread.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub
from omnithread.preference.v1.preference_service_pb2 import GetPreferencesRequest
from omnithread.preference.v1.preference_service_pb2_grpc import PreferenceServiceStub
from omnithread.profile.v1.profile_service_pb2 import GetProfileRequest
from omnithread.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from tests.bench.reference.naive.words import Record, channel, timestamp

log = structlog.get_logger("aggregator")
TIMEOUT_SECONDS = 10.0


class NaiveAggregator(ContextServiceServicer):
    """Answers one question."""

    def __init__(self, database: AsyncIOMotorDatabase[Record], addresses: Mapping[str, str]) -> None:
        channels = {name: grpc.aio.insecure_channel(address) for name, address in addresses.items()}
        self._records = database["records"]
        self._profile = ProfileServiceStub(channels["profile"])
        self._cart = CartServiceStub(channels["cart"])
        self._preference = PreferenceServiceStub(channels["preference"])
        self._messaging = MessagingServiceStub(channels["messaging"])

    async def GetCustomerContext(  # noqa: N802  the contract's name
        self, request: context_service_pb2.GetCustomerContextRequest, _context: object
    ) -> context_service_pb2.GetCustomerContextResponse:
        who = request.customer_id
        profile, cart, preference, messaging, record = await asyncio.gather(
            self._profile.GetProfile(GetProfileRequest(customer_id=who), timeout=TIMEOUT_SECONDS),
            self._cart.GetCart(GetCartRequest(customer_id=who), timeout=TIMEOUT_SECONDS),
            self._preference.GetPreferences(GetPreferencesRequest(customer_id=who), timeout=TIMEOUT_SECONDS),
            self._messaging.GetMessagingOverview(GetMessagingOverviewRequest(customer_id=who), timeout=TIMEOUT_SECONDS),
            self._records.find_one({"_id": who}),
        )
        if record is None:
            raise LookupError(who)
        log.info("get_context", customer_id=who, version=record["version"])
        return context_service_pb2.GetCustomerContextResponse(
            context=context_pb2.CustomerContext(
                customer_id=who,
                profile=profile.profile,
                cart=context_pb2.CartSection(cart=cart.cart, recent_orders=cart.recent_orders),
                preferences=preference.preferences,
                messaging=messaging.overview,
                journey=journey_of(record),
            ),
            cart_price=cart.price,
        )


def journey_of(record: Record) -> context_pb2.JourneySection:
    """Convert a record."""
    newest = record["journeys"][-1]
    journey = context_pb2.Journey(
        journey_id=newest["journey_id"],
        customer_id=record["_id"],
        start_time=timestamp(newest["first_act_time"]),
        last_act_time=timestamp(newest["last_act_time"]),
        touchpoint_count=len(record["recent_touchpoints"]),
        channel_ids=newest["channel_ids"],
    )
    return context_pb2.JourneySection(
        journey=journey,
        recent_touchpoints=[_touchpoint(one, journey.journey_id) for one in record["recent_touchpoints"]],
        viewed_products=[
            context_pb2.ViewedProduct(
                sku=one["sku"],
                view_count=one["count"],
                first_view_time=timestamp(one["first_time"]),
                last_view_time=timestamp(one["last_time"]),
                last_channel=channel(one["last_channel"]),
            )
            for one in record["views"]
        ],
    )


def _touchpoint(fields: Record, journey_id: str) -> context_pb2.Touchpoint:
    return context_pb2.Touchpoint(
        touchpoint_id=fields["touchpoint_id"],
        journey_id=journey_id,
        session_id=fields["session_id"],
        channel=Channel(id=fields["channel_id"], kind=fields["channel_kind"]),
        kind=fields["kind"],
        summary=fields["summary"],
        subject=fields["subject"],
        attributes=[Attribute(key=key, value=value) for key, value in fields["attributes"]],
        occur_time=timestamp(fields["occur_time"]),
        traceparent=fields["traceparent"],
        by_customer=fields["by_customer"],
        area=fields["area"],
    )
