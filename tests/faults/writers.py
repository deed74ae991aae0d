"""Channels that write carts without a pause, and note what was acknowledged to them: the truth to check against."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money

import omnithread
from omnithread.cart.v1.cart_service_pb2 import AddItemRequest
from tests.running_suite import until

ARTICLES = 30
PAUSE_SECONDS = 0.02
PATIENCE_SECONDS = 0.1
CALL_TIMEOUT_SECONDS = 2.0
RETRYABLE = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.ABORTED}


@dataclass(slots=True)
class Writer:
    """One channel that puts single pieces into one cart, one call after the other."""

    channel: omnithread.Omnithread
    customer_id: str
    name: str
    patient: bool
    """Whether it sends a request without an answer again, the very same, until it is answered."""
    acknowledged: Counter[str] = field(default_factory=Counter)
    """Pieces by article, as the answers said."""
    unknown: Counter[str] = field(default_factory=Counter)
    """Pieces by article whose request was never answered; only of an impatient writer."""
    failures: int = 0
    """Calls that failed; shows that the crash was felt."""

    async def write(self, stop: asyncio.Event) -> None:
        """Write until told to stop. Raises what is no passing failure."""
        for number in itertools.count():
            if stop.is_set():
                return
            await self._add(f"{self.name}-{number % ARTICLES}")
            await asyncio.sleep(PAUSE_SECONDS)

    async def _add(self, sku: str) -> None:
        issued = Timestamp()
        issued.FromDatetime(datetime.now(UTC))
        request = AddItemRequest(
            customer_id=self.customer_id,
            sku=sku,
            name=sku,
            unit_price=Money(currency_code="EUR", units=1),
            quantity=1,
            request_id=omnithread.new_request_id(),
            issue_time=issued,
        )
        while True:
            try:
                await self.channel.cart.AddItem(request, timeout=CALL_TIMEOUT_SECONDS)
            except grpc.aio.AioRpcError as error:
                if error.code() not in RETRYABLE:
                    raise
                self.failures += 1
                if not self.patient:
                    self.unknown[sku] += 1
                    return
                await asyncio.sleep(PATIENCE_SECONDS)
            else:
                self.acknowledged[sku] += 1
                return

    def assert_kept(self, cart: dict[str, int]) -> None:
        """Every acknowledged piece is in the cart, none twice; of unanswered ones each at most once."""
        for sku in self.acknowledged | self.unknown:
            least = self.acknowledged[sku]
            assert least <= cart.get(sku, 0) <= least + self.unknown[sku], sku


@asynccontextmanager
async def writing(writers: list[Writer], *, before: int = 10, after: int = 10) -> AsyncIterator[None]:
    """Let all write: the block begins when each has had some answers, and everything ends when each had some more."""
    stop = asyncio.Event()
    running = [asyncio.create_task(writer.write(stop)) for writer in writers]

    async def answered() -> list[int]:
        for task in running:
            if task.done():
                task.result()
        return [writer.acknowledged.total() for writer in writers]

    try:
        await until(answered, lambda counts: min(counts) >= before)
        yield
        so_far = await answered()
        await until(
            answered,
            lambda counts: all(now >= then + after for now, then in zip(counts, so_far, strict=True)),
            limit_seconds=60,
        )
    finally:
        stop.set()
        outcomes = await asyncio.gather(*running, return_exceptions=True)
    for outcome in outcomes:
        if outcome is not None:
            raise outcome
