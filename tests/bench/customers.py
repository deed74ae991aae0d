"""Customers as channels make them: who they are, what is in the cart, wishes, a question, some looking about."""

import asyncio
from collections.abc import Sequence
from functools import partial

from google.protobuf.field_mask_pb2 import FieldMask
from google.type.money_pb2 import Money

import omnithread
from omnithread.cart.v1.cart_service_pb2 import AddItemRequest
from omnithread.common.v1.attribute_pb2 import Attribute
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_PRODUCT_VIEWED
from omnithread.context.v1.context_service_pb2 import (
    GetCustomerContextRequest,
    GetCustomerContextResponse,
    RecordTouchpointRequest,
)
from omnithread.messaging.v1.messaging_pb2 import AUTHOR_CUSTOMER
from omnithread.messaging.v1.messaging_service_pb2 import PostMessageRequest
from omnithread.preference.v1.preference_pb2 import Preferences
from omnithread.preference.v1.preference_service_pb2 import UpdatePreferencesRequest
from tests.bench.load.plan import Visitor, to_text
from tests.patience import patiently

ARTICLES = (("boot-1", "Wanderschuh", 89), ("sock-2", "Wandersocken", 12), ("pack-3", "Rucksack", 129))
AT_ONCE = 4
SETTLE_SECONDS = 120.0
QUIET_LOOKS = 3
LOOK_AGAIN_SECONDS = 0.3


async def furnish(
    shop: omnithread.Omnithread, count: int, *, word: str = "visitor", articles: int = len(ARTICLES)
) -> list[Visitor]:
    """Make so many, with so many articles in each cart, and give them in their visits."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> Visitor:
        async with gate:
            return await _customer(shop, f"{word}-{number}", articles)

    return list(await asyncio.gather(*(one(number) for number in range(count))))


async def settled(shop: omnithread.Omnithread, visitors: Sequence[Visitor]) -> dict[str, str]:
    """Wait until nothing of them changes any more, and give each one's context as it is answered, in Base64.

    Raises TimeoutError where that does not happen.
    """
    async with asyncio.timeout(SETTLE_SECONDS + len(visitors)):
        return {visitor.customer_id: await _settled_context(shop, visitor) for visitor in visitors}


async def _settled_context(shop: omnithread.Omnithread, visitor: Visitor) -> str:
    request, quiet, etag = GetCustomerContextRequest(customer_id=visitor.customer_id), 0, ""
    while True:
        answer: GetCustomerContextResponse = await patiently(partial(shop.context.GetCustomerContext, request))
        quiet = quiet + 1 if answer.context.etag == etag and not answer.problems else 0
        if quiet == QUIET_LOOKS:
            return to_text(answer.SerializeToString())
        etag = answer.context.etag
        if not quiet:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def _customer(shop: omnithread.Omnithread, word: str, articles: int) -> Visitor:
    identifiers = [omnithread.cookie(word), omnithread.email(f"{word}@example.com", verified=True)]
    session = await patiently(lambda: shop.start_session(identifiers, given_name="Erika", family_name="Muster"))
    customer_id = session.customer_id
    with session.carry():
        for sku, name, price in ARTICLES[:articles]:
            await patiently(partial(shop.cart.AddItem, article(customer_id, sku, name, price)))
        wishes = UpdatePreferencesRequest(
            preferences=Preferences(
                customer_id=customer_id,
                language="de",
                time_zone="Europe/Berlin",
                preferred_channels=[DELIVERY_KIND_EMAIL],
            ),
            update_mask=FieldMask(paths=["language", "time_zone", "preferred_channels"]),
        )
        await patiently(partial(shop.preference.UpdatePreferences, wishes))
        question = PostMessageRequest(
            customer_id=customer_id, topic="delivery", author=AUTHOR_CUSTOMER, text="Wann kommt das Paket?"
        )
        await patiently(partial(shop.messaging.PostMessage, question))
        for sku, _, _ in ARTICLES[:2]:
            look = RecordTouchpointRequest(customer_id=customer_id, kind=TOUCHPOINT_KIND_PRODUCT_VIEWED, subject=sku)
            await patiently(partial(shop.context.RecordTouchpoint, look))
    labels = session.labels
    return Visitor(customer_id=customer_id, session_id=labels.session_id, journey_id=labels.journey_id)


def article(customer_id: str, sku: str, name: str, price: int) -> AddItemRequest:
    """Give what puts an article into a cart, with all that shops say of one."""
    return AddItemRequest(
        customer_id=customer_id,
        sku=sku,
        name=name,
        unit_price=Money(currency_code="EUR", units=price, nanos=900_000_000),
        quantity=1,
        image_uri=f"https://shop.example.com/{sku}.jpg",
        link_uri=f"https://shop.example.com/{sku}",
        attributes=[Attribute(key="colour", value="grün"), Attribute(key="size", value="42")],
        categories=["outdoor"],
    )
