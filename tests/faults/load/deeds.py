"""What clients do, each as a few calls whose answers are noted."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from google.type.money_pb2 import Money

import omnithread
from omnithread.cart.v1.cart_service_pb2 import AddItemRequest, CheckoutRequest, GetCartRequest, PickupChoice
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL, DELIVERY_KIND_IN_APP
from omnithread.context.v1.context_pb2 import SECTION_CART, TOUCHPOINT_KIND_PRODUCT_VIEWED
from omnithread.context.v1.context_service_pb2 import (
    GetCustomerContextRequest,
    RecordTouchpointRequest,
    StartSessionRequest,
)
from omnithread.messaging.v1.messaging_pb2 import AUTHOR_AGENT, AUTHOR_CUSTOMER
from omnithread.messaging.v1.messaging_service_pb2 import PostMessageRequest, SendMessageRequest, Variable
from omnithread.preference.v1.preference_pb2 import CONSENT_STATE_GRANTED, CONSENT_STATE_REVOKED
from omnithread.preference.v1.preference_service_pb2 import SetConsentRequest
from omnithread.profile.v1.profile_pb2 import Identifier
from tests.faults.load.client import Client, Facts
from tests.faults.load.told import Deed
from tests.journeys.people import Person, somebody

ARTICLES = 5
"""Of each client, so that a cart with pieces of all clients stays small."""
PURPOSE = "cart_reminder"
GRANTED, REVOKED = "GRANTED", "REVOKED"
STATES = {GRANTED: CONSENT_STATE_GRANTED, REVOKED: CONSENT_STATE_REVOKED}
NOTHING_TO_PAY = frozenset({"CART_EMPTY"})

Act = Callable[[Client, str, Person], Awaitable[None]]
"""What a client does for a customer, whose id and papers it has."""


async def add(client: Client, customer_id: str, _: Person) -> None:
    """Put one piece into the cart."""
    sku = f"{client.name}-{client.chance.randrange(ARTICLES)}"
    request = AddItemRequest(
        customer_id=customer_id, sku=sku, name=sku, unit_price=Money(currency_code="EUR", units=20), quantity=1
    )
    await client.ask(
        Deed.ADD,
        client.channel.cart.AddItem,
        request,
        lambda answer: Facts(version=answer.cart.version),
        customer_id=customer_id,
        subject=sku,
    )


async def check_out(client: Client, customer_id: str, _: Person) -> None:
    """Pay for what is in the cart, and have the order confirmed."""
    request = CheckoutRequest(customer_id=customer_id, pickup=PickupChoice(store_id="042"))
    answer = await client.ask(
        Deed.CHECKOUT,
        client.channel.cart.Checkout,
        request,
        lambda answer: Facts(subject=answer.order.order_id, version=answer.cart.version),
        customer_id=customer_id,
        may_be_refused=NOTHING_TO_PAY,
    )
    if answer is not None:
        await _confirm(client, customer_id, answer.order.order_id)


async def _confirm(client: Client, customer_id: str, order_id: str) -> None:
    request = SendMessageRequest(
        customer_id=customer_id,
        template_id="order_confirmation",
        variables=[Variable(name="order_id", value=order_id)],
        purpose="order_confirmation",
        delivery_kind=client.chance.choice((DELIVERY_KIND_EMAIL, DELIVERY_KIND_IN_APP)),
    )
    await client.ask(
        Deed.SEND,
        client.channel.messaging.SendMessage,
        request,
        lambda answer: Facts(subject=answer.message.message_id),
        customer_id=customer_id,
    )


async def look_at(client: Client, customer_id: str, _: Person) -> None:
    """Look at an article."""
    request = RecordTouchpointRequest(
        customer_id=customer_id, kind=TOUCHPOINT_KIND_PRODUCT_VIEWED, subject=f"seen-{client.chance.randrange(20)}"
    )
    await client.ask(
        Deed.TOUCHPOINT,
        client.channel.context.RecordTouchpoint,
        request,
        lambda answer: Facts(subject=answer.touchpoint.touchpoint_id),
        customer_id=customer_id,
    )


async def say(client: Client, customer_id: str, _: Person) -> None:
    """Say yes or no to reminders."""
    await consent(client, customer_id, client.chance.choice((GRANTED, REVOKED)), PURPOSE)


async def consent(client: Client, customer_id: str, state: str, purpose: str) -> None:
    """Say yes or no to a purpose."""
    request = SetConsentRequest(
        customer_id=customer_id,
        purpose=purpose,
        delivery_kind=DELIVERY_KIND_EMAIL,
        state=STATES[state],
        wording="Ja, erinnern Sie mich an meinen Warenkorb.",
        wording_version="1",
        source="account page",
    )
    await client.ask(
        Deed.CONSENT,
        client.channel.preference.SetConsent,
        request,
        lambda answer: Facts(subject=answer.record_id),
        customer_id=customer_id,
        said=f"{purpose}={state}",
    )


async def write(client: Client, customer_id: str, _: Person) -> None:
    """Say something in the conversation: staff where staff work on this channel, else the customer."""
    author = AUTHOR_AGENT if client.channel_id == "call-centre" else AUTHOR_CUSTOMER
    request = PostMessageRequest(customer_id=customer_id, topic="order_help", author=author, text="Where is it?")
    await client.ask(
        Deed.POST,
        client.channel.messaging.PostMessage,
        request,
        lambda answer: Facts(subject=answer.entry_id),
        customer_id=customer_id,
    )


async def read_cart(client: Client, customer_id: str, _: Person) -> None:
    """See the cart."""
    await client.ask(
        Deed.READ,
        client.channel.cart.GetCart,
        GetCartRequest(customer_id=customer_id),
        lambda answer: Facts(version=answer.cart.version),
        customer_id=customer_id,
    )


async def read_context(client: Client, customer_id: str, _: Person) -> None:
    """See the whole context; where the cart is named as missing, nothing was told of it."""
    await client.ask(
        Deed.READ,
        client.channel.context.GetCustomerContext,
        GetCustomerContextRequest(customer_id=customer_id),
        lambda answer: Facts(
            version=next((one.version for one in answer.context.versions if one.section == SECTION_CART), 0)
        ),
        customer_id=customer_id,
    )


async def come_back(client: Client, customer_id: str, person: Person) -> None:
    """Somebody comes as a guest, puts two pieces into a cart, and logs in: the guest was this customer all along."""
    cookie = omnithread.cookie(somebody().cookie)
    guest = await visit(client, [cookie])
    if guest:
        await add(client, guest, person)
        await add(client, guest, person)
        await visit(client, [cookie, omnithread.email(person.email, verified=True)], customer_id)


async def come_in(client: Client, _customer_id: str, _: Person) -> None:
    """Somebody nobody knows comes in."""
    await visit(client, [omnithread.cookie(somebody().cookie)])


async def visit(client: Client, identifiers: Sequence[Identifier], customer_id: str = "") -> str:
    """Begin a session; give who it is, empty where that was not answered."""
    answer = await client.ask(
        Deed.VISIT,
        client.channel.context.StartSession,
        StartSessionRequest(identifiers=identifiers),
        lambda answer: Facts(subject=answer.session_id, customer_id=answer.customer_id),
        customer_id=customer_id,
    )
    return "" if answer is None else answer.customer_id


HABITS: Mapping[str, Mapping[Act, int]] = {
    "web-shop": {add: 40, look_at: 15, read_cart: 10, read_context: 5, check_out: 6, say: 4, come_back: 1},
    "mobile-app": {add: 40, look_at: 15, read_cart: 10, read_context: 5, check_out: 6, say: 4, come_back: 1},
    "store-042": {add: 40, read_cart: 25, check_out: 10, read_context: 5},
    "call-centre": {read_context: 30, add: 20, write: 15, say: 10, read_cart: 10},
    "mail-gateway": {write: 40, say: 20, read_context: 10},
}
"""How often a client of a channel does what."""
