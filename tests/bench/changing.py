"""Changes to carts at a fixed rate, from a process of its own: `python -m tests.bench.changing` is told lines of JSON.

The first line says whose carts; each further line, `{"seconds": 5, "rate": 100}`, is answered by what was changed:
whose cart, which version it was told, when it was sent and when it was answered.
"""

import asyncio
import itertools
import json
import sys
import time
from collections import Counter
from typing import Any

import grpc
import uvloop

from omnithread.cart.v1.cart_service_pb2 import AddItemResponse
from tests.bench.load.kinds import ADD_ITEM, Adding
from tests.bench.load.plan import Visitor

DEADLINE_SECONDS = 20.0


class Changing:
    """Puts one more piece into one cart after the other."""

    def __init__(self, channel: grpc.aio.Channel, token: str, visitors: list[Visitor]) -> None:
        self._call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(ADD_ITEM)
        self._metadata = (("authorization", f"Bearer {token}"),)
        self._visitors = itertools.cycle(visitors)
        self._adding = Adding({})

    async def spell(self, seconds: float, rate: float) -> dict[str, Any]:
        """Change at this rate for so long, whether or not earlier changes were answered."""
        began, changes, failed = time.monotonic(), list[tuple[str, int, float, float]](), Counter[str]()

        async def one(due: float) -> None:
            visitor = next(self._visitors)
            request = self._adding.request(visitor)
            try:
                answer = await self._call(request, metadata=self._metadata, timeout=DEADLINE_SECONDS)
            except grpc.aio.AioRpcError as error:
                failed[error.code().name] += 1
                return
            version = AddItemResponse.FromString(answer).cart.version
            changes.append((visitor.customer_id, version, due, time.monotonic()))

        tasks = []
        for number in range(int(seconds * rate)):
            due = began + number / rate
            if (early := due - time.monotonic()) > 0:
                await asyncio.sleep(early)
            tasks.append(asyncio.create_task(one(due)))
        await asyncio.gather(*tasks)
        return {"changes": changes, "failed": failed, "seconds": time.monotonic() - began}


async def main() -> None:
    """Change as told."""
    loop = asyncio.get_running_loop()
    wish = json.loads(await loop.run_in_executor(None, sys.stdin.readline))
    async with grpc.aio.insecure_channel(wish["address"], (("grpc.enable_retries", 0),)) as channel:
        changing = Changing(channel, wish["token"], [Visitor(**one) for one in wish["visitors"]])
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            sys.stdout.write(json.dumps(await changing.spell(**json.loads(line))) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main())
