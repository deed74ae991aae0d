"""A visitor of the Node shop, and what the other channels see of them: by the Python client, from the outside."""

from dataclasses import dataclass
from typing import Any

import omnithread
from deploy.demo.actor import Actor
from deploy.demo.channels.catalogue import ARTICLES
from deploy.demo.views import View
from libs.ids import new_id
from omnithread.cart.v1.cart_pb2 import Cart
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest, SetItemQuantityRequest
from omnithread.context.v1.context_service_pb2 import GetCustomerContextResponse

PURSE, SCARF = "PURSE-17", "SCARF-03"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is in the shop now, seen by another channel."""

    customer_id: str
    cookie: str
    email: str
    other: omnithread.Omnithread

    async def context(self) -> GetCustomerContextResponse:
        """The context as committed now."""
        return await self.other.get_context(self.customer_id, newest=True)

    async def cart(self) -> Cart:
        """The cart as committed now."""
        return (await self.other.cart.GetCart(GetCartRequest(customer_id=self.customer_id))).cart

    async def pieces(self, sku: str) -> int:
        """How many of an article are in the cart."""
        return sum(line.quantity for line in (await self.cart()).lines if line.sku == sku)

    async def add(self, sku: str) -> None:
        """Put one piece into the cart, on the other channel."""
        await self.other.cart.AddItem(ARTICLES[sku].added_to(self.customer_id))

    async def set_pieces(self, sku: str, quantity: int, *, etag: str = "") -> None:
        """Say on the other channel how many there are; with an etag, only where nothing changed."""
        await self.other.cart.SetItemQuantity(
            SetItemQuantityRequest(customer_id=self.customer_id, sku=sku, quantity=quantity, etag=etag)
        )


async def who_comes(shop: Actor, other: omnithread.Omnithread) -> Visitor:
    """Let a guest open a page of the shop."""
    cookie = new_id("visitor")
    seen = await shop.act(View, "open_page", cookie=cookie, sku=PURSE)
    return Visitor(seen.customer_id, cookie, f"{cookie.replace('_', '-')}@example.com", other)


def purse_for(customer_id: str, **more: Any) -> dict[str, Any]:
    """The request that puts a purse into a cart, as Node's JSON."""
    price = {"currency_code": "EUR", "units": 129}
    article = {"sku": PURSE, "name": "Handtasche Marlene", "unit_price": price, "quantity": 1}
    return {"customer_id": customer_id, **article, **more}
