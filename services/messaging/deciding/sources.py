"""What the other services say of a customer now, in our words: asked just before something is sent.

As this service, not in a channel's name. A service that does not answer is `SourceAway`, and the message waits:
nothing is ever sent on an assumption.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import grpc

from libs.contact_points import normal_email, normal_phone
from libs.errors import OmnithreadError, Status
from libs.purposes import Purpose
from libs.rpc.status import error_from_rpc
from libs.timestamps import from_timestamp
from omnithread.cart.v1 import order_pb2
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest, GetCartResponse
from omnithread.cart.v1.order_service_pb2 import GetOrderRequest, ListOrdersRequest
from omnithread.preference.v1 import preference_pb2
from omnithread.preference.v1.preference_internal_service_pb2 import GetConfirmationRequest
from omnithread.preference.v1.preference_service_pb2 import GetPreferencesRequest
from omnithread.profile.v1 import profile_pb2
from omnithread.profile.v1.profile_internal_service_pb2 import GetVerificationCodeRequest
from omnithread.profile.v1.profile_service_pb2 import GetProfileRequest
from services.messaging.convert import kind_from_proto
from services.messaging.deciding.consent import is_consented
from services.messaging.deciding.facts import Bought, Cap, CartNow, Consent, Pause, Wishes
from services.messaging.deciding.judgement import Finding, Judgement
from services.messaging.deciding.quiet_hours import QuietHours
from services.messaging.values import DeliveryKind, Reason

if TYPE_CHECKING:  # the classes of stubs on an asyncio channel are known to type checkers only
    from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceAsyncStub
    from omnithread.cart.v1.order_service_pb2_grpc import OrderServiceAsyncStub
    from omnithread.preference.v1.preference_internal_service_pb2_grpc import PreferenceInternalServiceAsyncStub
    from omnithread.preference.v1.preference_service_pb2_grpc import PreferenceServiceAsyncStub
    from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceAsyncStub
    from omnithread.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

TIMEOUT_SECONDS = 3.0
CONFIRM_LINK = "confirm_link"
PURPOSE_LABEL = "purpose_label"
"""What the template that asks for a confirmation may tell beside the code."""
ADDRESSES = {
    DeliveryKind.EMAIL: (profile_pb2.IDENTIFIER_KIND_EMAIL, normal_email),
    DeliveryKind.SMS: (profile_pb2.IDENTIFIER_KIND_PHONE, normal_phone),
}
"""For each way with an address, the identifiers that are one, and how they are written."""
BY_CUSTOMER_ID = (
    DeliveryKind.PUSH,
    DeliveryKind.WEBHOOK,
    DeliveryKind.AD_AUDIENCE,
    DeliveryKind.STORE_DISPLAY,
)
NEWEST_ORDERS = 20
"""How many orders are looked through for an article."""

SAID = frozenset({preference_pb2.CONSENT_STATE_GRANTED, preference_pb2.CONSENT_STATE_REVOKED})
"""Consents in another state are asked for and not answered yet."""

Answer = TypeVar("Answer")


class SourceAway(Exception):
    """A service did not answer, or not with what it promises; its name is the message."""


class NotThere(Exception):
    """The service says that there is no such thing."""


def way_to(kind: profile_pb2.IdentifierKind.ValueType) -> DeliveryKind:
    """Give the way by which a code reaches an identifier."""
    return DeliveryKind.SMS if kind == profile_pb2.IDENTIFIER_KIND_PHONE else DeliveryKind.EMAIL


@dataclass(frozen=True, slots=True)
class Code:
    """A one-time code, where it goes, and in which language; an empty one leaves that to the customer's wishes."""

    code: str = field(repr=False)
    address: str = field(repr=False)
    language: str
    kind: DeliveryKind = DeliveryKind.EMAIL
    """By which way it goes."""
    told: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the text may tell beside it."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The three services that are asked. Every method raises SourceAway and NotThere."""

    profile: "ProfileServiceAsyncStub"
    preference: "PreferenceServiceAsyncStub"
    cart: "CartServiceAsyncStub"
    orders: "OrderServiceAsyncStub"
    profile_internal: "ProfileInternalServiceAsyncStub"
    preference_internal: "PreferenceInternalServiceAsyncStub"

    async def person(self, customer_id: str) -> profile_pb2.Profile:
        """Give who the customer is."""
        request = GetProfileRequest(customer_id=customer_id)
        return (await asked("profile", self.profile.GetProfile(request, timeout=TIMEOUT_SECONDS))).profile

    async def code(self, customer_id: str, verification_id: str) -> Code:
        """Give a one-time code, while it works."""
        request = GetVerificationCodeRequest(customer_id=customer_id, verification_id=verification_id)
        answer = await asked("profile", self.profile_internal.GetVerificationCode(request, timeout=TIMEOUT_SECONDS))
        identifier = answer.identifier
        return Code(code=answer.code, address=identifier.value, language=answer.language, kind=way_to(identifier.kind))

    async def confirmation(self, customer_id: str, confirmation_id: str) -> Code:
        """Give code and link by which a yes is confirmed, while it waits."""
        request = GetConfirmationRequest(customer_id=customer_id, confirmation_id=confirmation_id)
        confirmation = self.preference_internal.GetConfirmation(request, timeout=TIMEOUT_SECONDS)
        answer = await asked("preference", confirmation)
        return Code(
            code=answer.code,
            address=answer.contact_point,
            language=answer.language,
            kind=kind_from_proto(answer.delivery_kind) or DeliveryKind.EMAIL,
            told={CONFIRM_LINK: answer.link, PURPOSE_LABEL: answer.purpose_label},
        )

    async def wishes(self, customer_id: str) -> Wishes:
        """Give how the customer wants to be spoken to."""
        request = GetPreferencesRequest(customer_id=customer_id)
        answer = await asked("preference", self.preference.GetPreferences(request, timeout=TIMEOUT_SECONDS))
        return wishes_from_proto(answer.preferences)

    async def purchases(self, customer_id: str) -> GetCartResponse:
        """Give the cart and the newest orders."""
        return await asked("cart", self.cart.GetCart(GetCartRequest(customer_id=customer_id), timeout=TIMEOUT_SECONDS))

    async def order(self, customer_id: str, order_id: str) -> order_pb2.Order:
        """Give one order."""
        request = GetOrderRequest(customer_id=customer_id, order_id=order_id)
        return (await asked("cart", self.orders.GetOrder(request, timeout=TIMEOUT_SECONDS))).order

    async def bought(self, customer_id: str) -> tuple[Bought, ...]:
        """Give the newest orders, 20 at most, without those that were cancelled."""
        request = ListOrdersRequest(customer_id=customer_id, page_size=NEWEST_ORDERS)
        answer = await asked("cart", self.orders.ListOrders(request, timeout=TIMEOUT_SECONDS))
        return bought_in(answer.orders)


def wishes_from_proto(said: preference_pb2.Preferences) -> Wishes:
    """Read preferences. What this version does not know of is left out: it can only be more cautious for it."""
    quiet = said.quiet_hours
    return Wishes(
        language=said.language,
        time_zone=said.time_zone,
        preferred_kinds=tuple(kind for value in said.preferred_channels if (kind := kind_from_proto(value))),
        quiet_hours=QuietHours(quiet.start_minute, quiet.end_minute) if said.HasField("quiet_hours") else None,
        pauses=tuple(Pause(pause.purpose, from_timestamp(pause.until_time)) for pause in said.pauses),
        caps=tuple(Cap(cap.purpose, cap.max_messages, timedelta(days=cap.period_days)) for cap in said.frequency_caps),
        consents=tuple(
            Consent(
                purpose=consent.purpose,
                kind=kind,
                contact_point=consent.contact_point,
                is_granted=consent.state == preference_pb2.CONSENT_STATE_GRANTED,
                update_time=from_timestamp(consent.update_time),
                is_pending=consent.state not in SAID,
                channel_id=consent.channel.id,
            )
            for consent in said.consents
            if (kind := kind_from_proto(consent.delivery_kind))
        ),
        version=said.version,
    )


def cart_now(answer: GetCartResponse) -> CartNow:
    """Read what the gates ask of a cart."""
    cart = answer.cart
    return CartNow(
        cart_id=cart.cart_id,
        is_empty=not cart.lines,
        update_time=from_timestamp(cart.update_time) if cart.HasField("update_time") else None,
        ordered_cart_ids=frozenset(order.cart_id for order in answer.recent_orders),
        idle_due_time=from_timestamp(cart.idle_due_time) if cart.HasField("idle_due_time") else None,
        version=cart.version,
    )


def bought_in(orders: Iterable[order_pb2.Order]) -> tuple[Bought, ...]:
    """Read what the gates ask of orders; what came back was bought all the same."""
    return tuple(
        Bought(frozenset(line.sku for line in order.lines), from_timestamp(order.place_time))
        for order in orders
        if order.state != order_pb2.ORDER_STATE_CANCELLED
    )


def contact_points(
    profile: profile_pb2.Profile, wishes: Wishes, purpose: Purpose, is_closed: Callable[[DeliveryKind, str], bool]
) -> dict[DeliveryKind, str]:
    """Give where the customer can be reached: at addresses of which a channel has proof that they are theirs.

    Of several, one for which the customer said yes, and which is not closed; else the first. What needs no yes looks
    for an open one first. Ways without an address know the customer by id: whoever delivers a push notification knows
    the devices, and whoever keeps an audience its members.
    """
    points = {kind: profile.customer_id for kind in BY_CUSTOMER_ID if profile.customer_id}
    for kind, (identifier_kind, normal) in ADDRESSES.items():
        ranked: list[tuple[tuple[bool, bool], int, str]] = []
        for identifier in profile.identifiers:
            if identifier.kind != identifier_kind or not identifier.verified:
                continue
            if address := _normal(normal, identifier.value):
                no_yes = not is_consented(wishes.consents, purpose.name, kind, address)
                hurdles = (no_yes, is_closed(kind, address))
                ranked.append((hurdles[::-1] if purpose.is_transactional else hurdles, len(ranked), address))
        if ranked:
            points[kind] = min(ranked)[-1]
    return points


def _normal(normal: Callable[[str], str], address: str) -> str:
    try:
        return normal(address)
    except ValueError:
        return ""


async def asked(source: str, answer: Awaitable[Answer]) -> Answer:
    """Wait for an answer of a service. Raises SourceAway, and NotThere where it says NOT_FOUND."""
    try:
        return await answer
    except grpc.aio.AioRpcError as raised:
        error = error_from_rpc(raised, dependency=source)
    except OmnithreadError as raised:  # no time is left, or our own token cannot be read
        error = raised
    if error.status is Status.NOT_FOUND:
        raise NotThere(source)
    raise SourceAway(source)


def source_finding(source: str) -> Finding:
    """Say that a message waits for a service."""
    return Finding("sources", "WAIT", Reason.SOURCE_AWAY.value, (("source", source),))


def away_from(source: str, *, time: datetime, traceparent: str) -> Judgement:
    """Give the judgement of a message about which nothing could be asked."""
    return Judgement(time, traceparent, "WAIT", Reason.SOURCE_AWAY.value, findings=(source_finding(source),))
