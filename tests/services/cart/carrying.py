"""Hand-overs as tests of them tell of them."""

from typing import Any

from omnithread.cart.v1 import handover_service_pb2 as pb
from tests.services.cart.shop import Shop, item


async def filled(shop: Shop) -> str:
    """A guest with a shoe in the cart."""
    customer_id = await shop.new_customer()
    await shop.web.AddItem(item(customer_id))
    return customer_id


async def handed_over(shop: Shop, customer_id: str, **fields: Any) -> pb.CreateHandoverResponse:
    """What the web shop gives the customer to carry."""
    return await shop.at_web.handovers.CreateHandover(pb.CreateHandoverRequest(customer_id=customer_id, **fields))


def by_token(token: str) -> pb.RedeemHandoverRequest:
    return pb.RedeemHandoverRequest(token=token)


def by_code(code: str) -> pb.RedeemHandoverRequest:
    return pb.RedeemHandoverRequest(code=code)


def wrong(code: str) -> str:
    """Six digits that are none of these."""
    return f"{(int(code) + 1) % 10**6:06}"
