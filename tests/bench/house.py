"""What all rows of a run share: servers, the company that is usually measured, its customers, and what came of them."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.backends import EmbeddedKafka, EmbeddedMongo
from tests.bench.company import START_SECONDS, Company
from tests.bench.customers import furnish, settled
from tests.bench.load.client import LoadClient
from tests.bench.load.plan import FIXED, LoadPlan, Visitor
from tests.bench.recording import record
from tests.bench.rounds import Effort
from tests.bench.servers import Sink

USUAL_RATIO = 0.1
"""Of journeys that are traced."""
CUSTOMERS, FEW_CUSTOMERS = 100, 8


@dataclass(frozen=True, slots=True)
class Furnished:
    """A company that serves, and its customers."""

    company: Company
    visitors: Sequence[Visitor]
    contexts: Mapping[str, str]
    """Of each customer the context as it was answered, in Base64."""


class House:
    """Starts what a row asks for, once."""

    def __init__(self, folder: Path, effort: Effort) -> None:
        self.folder = folder
        self.effort = effort
        self.mongo = EmbeddedMongo(data_dir=folder / "mongo")
        self.kafka = EmbeddedKafka(data_dir=folder / "kafka")
        self.sink = Sink(folder=folder)
        self._stack = AsyncExitStack()
        self._usual: Furnished | None = None
        self._recorded: Path | None = None
        self._count = 0

    async def usual(self) -> Furnished:
        """Give the company that traces one journey of ten, with its customers; it runs to the end."""
        if self._usual is None:
            self._usual = await self.furnished(self._stack, trace_ratio=USUAL_RATIO)
        return self._usual

    async def furnished(
        self,
        stack: AsyncExitStack,
        *,
        trace_ratio: float,
        environment: Mapping[str, str] | None = None,
        sink: Sink | None = None,
    ) -> Furnished:
        """Start a company of its own, for as long as the stack is open, and give it customers."""
        company = await stack.enter_async_context(
            Company(
                folder=self.new_folder("company"),
                mongo_uri=self.mongo.address.uri,
                kafka_bootstrap=self.kafka.address.bootstrap_servers,
                traces_endpoint=(sink or self.sink).endpoint,
                trace_ratio=trace_ratio,
                environment=environment,
            )
        )
        async with company.connect("web-shop") as shop:
            visitors = await furnish(shop, self.effort.size(CUSTOMERS, FEW_CUSTOMERS))
            return Furnished(company, visitors, await settled(shop, visitors))

    async def recorded_cart(self) -> Path:
        """Give the folder with what the usual company's cart has in its database."""
        if self._recorded is None:
            plan = (await self.usual()).company.plan
            self._recorded = self.new_folder("recorded")
            await asyncio.to_thread(record, self.mongo.address.uri, [plan.database("cart")], self._recorded)
        return self._recorded

    def new_folder(self, word: str) -> Path:
        """Make a folder for something."""
        self._count += 1
        folder = self.folder / f"{word}-{self._count}"
        folder.mkdir(mode=0o700)
        return folder

    def next_number(self) -> int:
        """Give a number that nothing else of this run has."""
        self._count += 1
        return self._count

    @property
    def database_pid(self) -> int:
        """Of the embedded MongoDB."""
        return _pid(self.mongo)

    @property
    def broker_pid(self) -> int:
        """Of the embedded Kafka."""
        return _pid(self.kafka)

    async def client(
        self,
        stack: AsyncExitStack,
        kind: str,
        address: str,
        furnished: Furnished,
        *,
        expected: Mapping[str, str] | None = None,
        fixed: str = "",
    ) -> LoadClient:
        """Start what calls an address in the name of the customers, for as long as the stack is open."""
        plan = LoadPlan(
            address=address,
            kind=kind,
            visitors=furnished.visitors,
            token=furnished.company.token("web-shop"),
            expected={FIXED: fixed} if fixed else expected or {},
        )
        return await stack.enter_async_context(LoadClient(plan))

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for server in (self.mongo, self.kafka, self.sink):
                server._start_timeout_seconds = START_SECONDS  # as the services have: a machine may be busy
                stack.push_async_callback(server.kill)
                await server.start()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()


def _pid(server: EmbeddedMongo | EmbeddedKafka) -> int:
    assert server.pid is not None
    return server.pid
