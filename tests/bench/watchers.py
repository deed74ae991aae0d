"""Watchers by the thousand, in a process of their own: `python -m tests.bench.watchers` is told lines of JSON.

The first line says whom to watch: all streams are opened at once, and the answer says how many of them stand and why
others do not. Each further line, `{"forget": false}`, is answered by which version of whose cart came when, on the
clock that all processes of a machine share; `true` lets it begin anew.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import grpc
import uvloop

from omnithread.context.v1.context_pb2 import SECTION_CART
from omnithread.context.v1.watch_service_pb2 import WatchCustomerContextRequest, WatchCustomerContextResponse

WATCH = "/omnithread.context.v1.WatchService/WatchCustomerContext"
HEARTBEAT_SECONDS = 60
OPENED_SECONDS = 300.0
OPTIONS = (("grpc.enable_retries", 0), ("grpc.max_concurrent_streams", 1_000_000))


class Crowd:
    """All of them, on one connection."""

    def __init__(self, channel: grpc.aio.Channel, token: str) -> None:
        self._channel = channel
        self._metadata = (("authorization", f"Bearer {token}"),)
        self._refused: Counter[str] = Counter()
        self._standing = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._arrived: list[tuple[int, str, int, float]] = []

    async def open(self, customers: Sequence[str]) -> dict[str, Any]:
        """Open one stream for each, all at once."""
        began = time.monotonic()
        waiting = [asyncio.get_running_loop().create_future() for _ in customers]
        self._tasks = [
            asyncio.create_task(self._watch(number, customer, waiting[number]))
            for number, customer in enumerate(customers)
        ]
        await asyncio.wait(waiting, timeout=OPENED_SECONDS)
        return {"standing": self._standing, "refused": self._refused, "seconds": time.monotonic() - began}

    def forget(self) -> None:
        """Begin to note anew."""
        self._arrived.clear()

    @property
    def arrived(self) -> list[tuple[int, str, int, float]]:
        """What came since then: which watcher, whose cart, which version, when."""
        return self._arrived

    async def _watch(self, number: int, customer_id: str, opened: asyncio.Future[None]) -> None:
        request = WatchCustomerContextRequest(
            customer_id=customer_id, sections=[SECTION_CART], heartbeat_seconds=HEARTBEAT_SECONDS
        )
        watch: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = self._channel.unary_stream(WATCH)
        stream = watch(request.SerializeToString(), metadata=self._metadata)
        try:
            async for raw in stream:
                at = time.monotonic()
                told = WatchCustomerContextResponse.FromString(raw)
                if told.HasField("update"):
                    self._arrived.append((number, customer_id, told.update.context.cart.cart.version, at))
                if not opened.done():
                    self._standing += 1
                    opened.set_result(None)
        except grpc.aio.AioRpcError as error:
            self._refused[error.code().name] += 1
        if not opened.done():
            opened.set_result(None)


async def main() -> None:
    """Watch as told."""
    loop = asyncio.get_running_loop()

    async def told() -> dict[str, Any] | None:
        line = await loop.run_in_executor(None, sys.stdin.readline)
        return dict(json.loads(line)) if line else None

    wish = await told()
    assert wish is not None
    async with grpc.aio.insecure_channel(wish["address"], OPTIONS) as channel:
        crowd = Crowd(channel, wish["token"])
        _say(await crowd.open(wish["customers"]))
        while order := await told():
            if order["forget"]:
                crowd.forget()
            _say(crowd.arrived)


def _say(told: object) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main())
