"""All clients of a history, on several channels, with a recorder that they share."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from deploy.local.suite import Suite
from libs.rpc.scopes import EVERY
from tests.faults.histories.asking import CALL_SECONDS
from tests.faults.histories.checker import check
from tests.faults.histories.clients import Client
from tests.faults.histories.customers import Customers
from tests.faults.histories.plan import CLIENTS
from tests.faults.histories.recorder import Recorder
from tests.faults.histories.violations import Violation

CHANNELS = (("web-shop", ""), ("mobile-app", ""), ("call-centre", "agent-17"), ("store-042", "till-3"))
READ_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Crowd:
    """They, whom they serve, and what was noted."""

    clients: list[Client]
    customers: Customers
    recorder: Recorder

    @property
    def failures(self) -> Counter[str]:
        """What the client package could not put right, over all clients."""
        return sum((client.failures for client in self.clients), Counter())

    @property
    def done(self) -> int:
        """How many steps were gone."""
        return sum(client.done for client in self.clients)

    async def read_all(self) -> None:
        """Let somebody read all of all customers, on whichever channel: else nobody misses what was written last."""
        room = asyncio.Semaphore(READ_AT_ONCE)

        async def read(place: int, customer: str) -> None:
            async with room:
                await self.clients[place % len(self.clients)].read_all(customer)

        customers = await self.customers.ids()
        await asyncio.gather(*(read(place, customer) for place, customer in enumerate(customers)))

    async def check(self) -> list[Violation]:
        """Check what was noted, without holding up the loop."""
        return await asyncio.to_thread(check, list(self.recorder.history))


@asynccontextmanager
async def crowd_at(suite: Suite, *, clients: int = CLIENTS, call_seconds: float = CALL_SECONDS) -> AsyncIterator[Crowd]:
    """Connect the clients, each by a connection of its own."""
    async with AsyncExitStack() as stack:
        recorder = Recorder(time.monotonic)
        channels = [
            (name, await stack.enter_async_context(suite.connect(name, actor=actor, scopes=EVERY)))
            for name, actor in (CHANNELS[number % len(CHANNELS)] for number in range(clients))
        ]
        customers = Customers(channels[0][1])
        crowd = [
            Client(
                number=number,
                name=name,
                channel=channel,
                customers=customers,
                recorder=recorder,
                call_seconds=call_seconds,
            )
            for number, (name, channel) in enumerate(channels)
        ]
        yield Crowd(crowd, customers, recorder)
