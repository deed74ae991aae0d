"""A shop with its channels: what tests of cart's calls are told with."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.type.money_pb2 import Money

from libs.ids import new_id
from libs.serving import Running
from omnithread import Omnithread
from omnithread.cart.v1 import cart_internal_service_pb2 as internal_pb
from omnithread.cart.v1 import cart_service_pb2 as pb
from omnithread.cart.v1.cart_events_pb2 import CartEvent
from omnithread.cart.v1.cart_internal_service_pb2_grpc import CartInternalServiceStub
from omnithread.cart.v1.cart_pb2 import Cart
from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceStub
from omnithread.common.v1.attribute_pb2 import Attribute
from omnithread.profile.v1.profile_pb2 import IDENTIFIER_KIND_COOKIE, Identifier
from omnithread.profile.v1.profile_service_pb2 import IdentifyRequest
from tests.services.running import Services

if TYPE_CHECKING:  # the classes of stubs on asyncio channels are known to type checkers only
    from omnithread.cart.v1.cart_internal_service_pb2_grpc import CartInternalServiceAsyncStub
    from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceAsyncStub
    from omnithread.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub


@dataclass(frozen=True, slots=True)
class Shop:
    """Cart as the web shop, a store and the aggregator meet it."""

    at_web: Omnithread
    at_store: Omnithread
    """Its calls are made by Anna, who works there."""
    at_phone: Omnithread
    """The call centre: its calls are made by Carl."""
    bare: "CartServiceAsyncStub"
    """The web shop without the client package: nothing is filled in, nothing is tried again."""
    internal: "CartInternalServiceAsyncStub"
    """As the aggregator calls it."""
    internal_of_messaging: "CartInternalServiceAsyncStub"
    """As messaging calls it."""
    internal_of_the_door: "CartInternalServiceAsyncStub"
    """As the public pages call it."""
    internal_as_web: "CartInternalServiceAsyncStub"
    """As a channel that oversteps."""
    profile: "ProfileServiceAsyncStub"

    @property
    def web(self) -> "CartServiceAsyncStub":
        """Carts as the web shop meets them."""
        return self.at_web.cart

    @property
    def store(self) -> "CartServiceAsyncStub":
        """Carts as the store meets them."""
        return self.at_store.cart

    async def new_customer(self) -> str:
        """Somebody nobody has seen before."""
        visitor = Identifier(kind=IDENTIFIER_KIND_COOKIE, value=new_id("visitor"))
        return (await self.profile.Identify(IdentifyRequest(identifiers=[visitor]))).profile.customer_id

    async def cart(self, customer_id: str) -> Cart:
        """What the web shop shows."""
        return (await self.web.GetCart(pb.GetCartRequest(customer_id=customer_id))).cart

    async def fill(self, customer_id: str, lines: int, *, prefix: str = "sku", **fields: Any) -> None:
        """Put many articles in, a few at a time."""
        numbers = iter(range(lines))

        async def keep_adding() -> None:
            for number in numbers:
                await self.web.AddItem(item(customer_id, f"{prefix}-{number}", **fields))

        await asyncio.gather(*(keep_adding() for _ in range(4)))

    async def absorb(self, merge_id: str, source: str, survivor: str) -> internal_pb.AbsorbCustomerResponse:
        """What the aggregator asks for after a merge."""
        return await self.internal.AbsorbCustomer(
            internal_pb.AbsorbCustomerRequest(
                merge_id=merge_id, source_customer_id=source, survivor_customer_id=survivor
            )
        )

    async def events(self, customer_id: str) -> list[CartEvent]:
        """What was announced of a customer."""
        answer = await self.internal.ReplayEvents(internal_pb.ReplayEventsRequest(customer_id=customer_id))
        return list(answer.events)


def shop_at(services: Services, cart: Running) -> Shop:
    """The shop whose channels all call this one replica of cart."""
    return Shop(
        at_web=services.connect("web-shop", at=cart),
        at_store=services.connect("store-042", at=cart, actor="anna"),
        at_phone=services.connect("call-centre", at=cart, actor="carl"),
        bare=CartServiceStub(services.bare("web-shop", to=cart)),
        internal=CartInternalServiceStub(services.as_service("aggregator", to=cart)),
        internal_of_messaging=CartInternalServiceStub(services.as_service("messaging", to=cart)),
        internal_of_the_door=CartInternalServiceStub(services.as_service("door", to=cart)),
        internal_as_web=CartInternalServiceStub(services.bare("web-shop", to=cart)),
        profile=services.connect("web-shop").profile,
    )


def money(units: int, nanos: int = 0, currency_code: str = "CHF") -> Money:
    return Money(currency_code=currency_code, units=units, nanos=nanos)


def item(
    customer_id: str,
    sku: str = "shoe",
    quantity: int = 1,
    **fields: Any,
) -> pb.AddItemRequest:
    """A request to add some pieces of an article at 89.90."""
    request = pb.AddItemRequest(
        customer_id=customer_id, sku=sku, name=f"The {sku}", unit_price=money(89, 900_000_000), quantity=quantity
    )
    request.MergeFrom(pb.AddItemRequest(**fields))
    return request


def sized(size: str) -> list[Attribute]:
    return [Attribute(key="size", value=size)]


def pickup(customer_id: str, **fields: Any) -> pb.CheckoutRequest:
    """A request to take the cart along in the store."""
    request = pb.CheckoutRequest(customer_id=customer_id, pickup=pb.PickupChoice(store_id="store-042"))
    request.MergeFrom(pb.CheckoutRequest(**fields))
    return request
