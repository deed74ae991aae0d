"""The smallest whole service: `python -m tests.libs.tiny_service [serve | migrate | new-epoch | retry-parked]`.

It answers for cart, from a cart that is always empty, and takes as long as the customer's id says (`cus_after_0-5`).
"""

import asyncio
from functools import partial

from libs.mongo.migrate import Index
from libs.process import run_service
from libs.service import Foundation, Parts, Service
from libs.settings import ServiceSettings
from omnithread.cart.v1.cart_pb2 import Cart
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest, GetCartResponse
from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceServicer, add_CartServiceServicer_to_server


class EmptyCarts(CartServiceServicer):
    def __init__(self, epoch: str) -> None:
        self._epoch = epoch

    async def GetCart(self, request: GetCartRequest, _context: object) -> GetCartResponse:  # noqa: N802
        _, _, seconds = request.customer_id.partition("_after_")
        if seconds:
            await asyncio.sleep(float(seconds.replace("-", ".")))
        return GetCartResponse(cart=Cart(customer_id=request.customer_id, cart_id=self._epoch))


async def build(_settings: ServiceSettings, foundation: Foundation) -> Parts:
    carts = EmptyCarts(foundation.epoch)  # type: ignore[abstract]  # the others are left out
    return Parts(registrations=[partial(add_CartServiceServicer_to_server, carts)])


TINY = Service(
    name="cart",
    area="cart",
    settings=ServiceSettings,
    build=build,
    indexes=(Index("records", (("idle_time", 1),), sparse=True),),
)

if __name__ == "__main__":
    run_service(TINY)
