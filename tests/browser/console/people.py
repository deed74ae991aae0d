"""Customers whom agents look at."""

from dataclasses import dataclass
from itertools import count

from google.type.money_pb2 import Money

import omnithread
from omnithread.cart.v1.cart_service_pb2 import AddItemRequest
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from omnithread.preference.v1.preference_pb2 import CONSENT_STATE_GRANTED
from omnithread.preference.v1.preference_service_pb2 import SetConsentRequest
from tests.browser.console.watching import Counter

NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Somebody:
    """A customer and how they can be named."""

    customer_id: str
    email: str
    phone: str
    card: str


async def somebody(counter: Counter, *, given_name: str = "Clara", family_name: str = "Weiss") -> Somebody:
    """Come to the web shop, known by three things."""
    number = next(NUMBERS)
    email, phone, card = f"clara{number}@example.com", f"+493012{number:05}", f"4711-{number:04}"
    shop = counter.channel("web-shop")
    session = await shop.start_session(
        [
            omnithread.email(email, verified=True),
            omnithread.phone(phone, verified=True),
            omnithread.loyalty_card(card, verified=True),
        ],
        given_name=given_name,
        family_name=family_name,
    )
    return Somebody(session.customer_id, email, phone, card)


async def add_item(counter: Counter, customer_id: str, sku: str, name: str, *, channel: str = "web-shop") -> None:
    """Put something into the cart, on any channel."""
    await counter.channel(channel).cart.AddItem(
        AddItemRequest(
            customer_id=customer_id,
            sku=sku,
            name=name,
            unit_price=Money(currency_code="EUR", units=129),
            quantity=1,
        )
    )


async def consent(counter: Counter, customer_id: str) -> None:
    """Say yes to reminders."""
    await counter.channel("web-shop").preference.SetConsent(
        SetConsentRequest(
            customer_id=customer_id,
            purpose="cart_reminder",
            delivery_kind=DELIVERY_KIND_EMAIL,
            state=CONSENT_STATE_GRANTED,
            wording="Remind me.",
            wording_version="1",
            source="account page",
        )
    )
