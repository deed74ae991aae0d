"""Customers for stories: each new, and the same steps that many stories begin with."""

import uuid
from dataclasses import dataclass

from google.protobuf.field_mask_pb2 import FieldMask
from google.type.money_pb2 import Money

import omnithread
from omnithread.cart.v1.cart_pb2 import Cart
from omnithread.cart.v1.cart_service_pb2 import AddItemRequest, GetCartRequest
from omnithread.common.v1.delivery_pb2 import DeliveryKind
from omnithread.context.v1.context_pb2 import CustomerContext, Touchpoint
from omnithread.context.v1.context_service_pb2 import (
    GetCustomerContextRequest,
    GetCustomerContextResponse,
    GetJourneyRequest,
)
from omnithread.messaging.v1.messaging_pb2 import Message
from omnithread.messaging.v1.messaging_service_pb2 import ListMessagesRequest
from omnithread.preference.v1.preference_pb2 import CONSENT_STATE_GRANTED, ConsentState, Preferences
from omnithread.preference.v1.preference_service_pb2 import SetConsentRequest, UpdatePreferencesRequest
from tests.running_suite import until

REMINDER = "cart_reminder"


@dataclass(frozen=True, slots=True)
class Person:
    """What a customer can show, say or carry."""

    email: str
    phone: str
    card: str
    cookie: str
    device: str


def somebody() -> Person:
    """Give a person whom nobody has met."""
    number = uuid.uuid4().int
    mark = f"{number % 10**10:010d}"
    return Person(
        email=f"anna.{mark}@example.com",
        phone=f"+4930{mark[:8]}",
        card=f"4711-{mark}",
        cookie=f"visitor-{mark}",
        device=f"device-{mark}",
    )


async def log_in(channel: omnithread.Omnithread, person: Person) -> omnithread.Session:
    """The person proves their e-mail address, and shows card and telephone number, on a channel."""
    return await channel.start_session(
        [
            omnithread.email(person.email, verified=True),
            omnithread.loyalty_card(person.card, verified=True),
            omnithread.phone(person.phone, verified=True),
        ],
        given_name="Anna",
        family_name="Berger",
    )


async def add(
    channel: omnithread.Omnithread, customer_id: str, sku: str, *, quantity: int = 1, name: str = "", euros: int = 10
) -> Cart:
    """Put something into the cart."""
    answer = await channel.cart.AddItem(
        AddItemRequest(
            customer_id=customer_id,
            sku=sku,
            name=name or sku,
            unit_price=Money(currency_code="EUR", units=euros),
            quantity=quantity,
        )
    )
    return answer.cart


async def cart_of(channel: omnithread.Omnithread, customer_id: str) -> dict[str, int]:
    """How many of what are in the cart, as a channel sees it."""
    answer = await channel.cart.GetCart(GetCartRequest(customer_id=customer_id))
    return {line.sku: line.quantity for line in answer.cart.lines}


async def context_of(channel: omnithread.Omnithread, customer_id: str) -> CustomerContext:
    """The whole customer context, as a channel sees it: read again while a part is named as not complete."""

    async def look() -> GetCustomerContextResponse:
        return await channel.context.GetCustomerContext(GetCustomerContextRequest(customer_id=customer_id))

    return (await until(look, lambda answer: not answer.problems)).context


async def journey_of(channel: omnithread.Omnithread, customer_id: str, journey_id: str = "") -> list[Touchpoint]:
    """The touchpoints of the present journey, or of the one named, in order."""
    await context_of(channel, customer_id)  # it waits for what is on its way into the journey
    touchpoints: list[Touchpoint] = []
    token = ""
    while True:
        page = await channel.context.GetJourney(
            GetJourneyRequest(customer_id=customer_id, journey_id=journey_id, page_size=100, page_token=token)
        )
        touchpoints.extend(page.touchpoints)
        if not (token := page.next_page_token):
            return touchpoints


async def speak_to(
    channel: omnithread.Omnithread, customer_id: str, *, language: str, ways: "list[DeliveryKind.ValueType]"
) -> Preferences:
    """The customer says in which language and by which ways to be spoken to."""
    answer = await channel.preference.UpdatePreferences(
        UpdatePreferencesRequest(
            preferences=Preferences(
                customer_id=customer_id, language=language, time_zone="Europe/Berlin", preferred_channels=ways
            ),
            update_mask=FieldMask(paths=["language", "time_zone", "preferred_channels"]),
        )
    )
    return answer.preferences


async def consent(
    channel: omnithread.Omnithread,
    customer_id: str,
    way: "DeliveryKind.ValueType",
    *,
    state: "ConsentState.ValueType" = CONSENT_STATE_GRANTED,
    purpose: str = REMINDER,
) -> str:
    """The customer says yes, or no, to messages of a purpose by a way; gives the id of the record that proves it."""
    answer = await channel.preference.SetConsent(
        SetConsentRequest(
            customer_id=customer_id,
            purpose=purpose,
            delivery_kind=way,
            state=state,
            wording="Ja, erinnern Sie mich an meinen Warenkorb.",
            wording_version="1",
            source="account page",
        )
    )
    return answer.record_id


async def messages_to(channel: omnithread.Omnithread, customer_id: str, *, purpose: str = REMINDER) -> list[Message]:
    """What the company said to the customer for a purpose, and what it did not say; newest first."""
    answer = await channel.messaging.ListMessages(ListMessagesRequest(customer_id=customer_id))
    return [message for message in answer.messages if message.purpose == purpose]
