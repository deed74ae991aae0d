"""The cart service by itself, on a stub of its database, and the bare references beside it."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

from deploy.local.service import Service
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest
from tests.bench.house import Furnished, House
from tests.bench.load.plan import to_bytes, to_text
from tests.bench.reference import bare
from tests.bench.servers import Module, MongoStub


async def carts_of(furnished: Furnished, *, address: str = "") -> dict[str, str]:
    """Give each customer's answer of `GetCart`, in Base64: of the company's cart, or of one at another address."""
    async with furnished.company.connect("web-shop", address=address) as shop:
        found = {}
        for visitor in furnished.visitors:
            answer = await shop.cart.GetCart(GetCartRequest(customer_id=visitor.customer_id))
            found[visitor.customer_id] = to_text(answer.SerializeToString())
        return found


@dataclass(frozen=True, slots=True)
class Carts:
    """Starts them, for as long as the stack is open."""

    house: House
    furnished: Furnished
    stack: AsyncExitStack

    async def stub(self, *, keeps_outbox: bool = True) -> MongoStub:
        """Start a stub that holds what the usual company's cart holds."""
        recorded = await self.house.recorded_cart()
        stub = MongoStub(recorded, folder=self.house.folder, keeps_outbox=keeps_outbox)
        await self.stack.enter_async_context(stub)
        return stub

    async def cart(self, mongo_uri: str, *, trace_ratio: float, **settings: object) -> Service:
        """Start the cart service on a database."""
        told = {"mongo_uri": mongo_uri, "trace_ratio": trace_ratio, **settings}
        service = await self.furnished.company.branch("cart", told, number=self.house.next_number())
        await self.stack.enter_async_context(service)
        return service

    async def bare(self, *, mongo_uri: str = "", cart: str = "", added: str = "") -> Module:
        """Start a bare reference that answers what is given, in Base64."""
        folder = self.house.new_folder("bare")
        told = {bare.DATABASE: self.furnished.company.plan.database("cart")}
        if mongo_uri:
            told[bare.MONGO_URI] = mongo_uri
        answers: Mapping[str, str] = {bare.CART_FILE: cart, bare.ADDED_FILE: added}
        for name, answer in answers.items():
            if answer:
                file = folder / name
                file.write_bytes(to_bytes(answer))
                told[name] = str(file)
        module = Module("tests.bench.reference.bare", folder=folder, name="bare", environment=told)
        await self.stack.enter_async_context(module)
        return module


def pid_of(server: Service | Module) -> int:
    """Give the process of a server that runs."""
    assert server.pid is not None
    return server.pid
