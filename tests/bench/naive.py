"""The five processes of reference (n), over the records of a company that serves beside them."""

from contextlib import AsyncExitStack

from tests.bench.house import Furnished, House
from tests.bench.reference.naive.settings import FOUR, NaiveSettings
from tests.bench.servers import Module


async def start_naive(
    house: House, stack: AsyncExitStack, furnished: Furnished, *, trace_ratio: float
) -> dict[str, Module]:
    """Start them, for as long as the stack is open, and give them by name."""
    started: dict[str, Module] = {}
    for name in (*FOUR, "aggregator"):
        settings = NaiveSettings(
            name=name,
            mongo_uri=house.mongo.address.uri,
            database=furnished.company.plan.database(name),
            trace_ratio=trace_ratio,
            addresses={other: module.address for other, module in started.items()},
        )
        started[name] = module = Module(
            "tests.bench.reference.naive",
            folder=house.folder,
            name=f"naive-{name}",
            environment={**settings.environment(), "OTEL_EXPORTER_OTLP_ENDPOINT": house.sink.endpoint},
        )
        await stack.enter_async_context(module)
    return started
