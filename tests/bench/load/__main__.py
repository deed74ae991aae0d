"""Calls as it is told: `python -m tests.bench.load` reads a plan from its first line of input, and then spells.

Each spell is a line, and is answered by a line. Requests and answers stay bytes as far as they can, so that a spell
needs as little of this process as possible; what it needs is counted nowhere.
"""

import asyncio
import itertools
import math
import random
import sys
import time

import grpc
import uvloop

from omnithread import details_of
from omnithread.outgoing import retry_seconds
from tests.bench.load.kinds import kind_of
from tests.bench.load.plan import Load, LoadPlan, Told, Visitor

Metadata = tuple[tuple[str, str], ...]

DEADLINE_SECONDS = 20.0
MOST_OPEN = 20_000
SPREAD = 0.5
"""Who is turned away, since it is too much just now, comes again with the same request after the time that the server
names, as the client package does: up to so much later, so that not all come at once, and while its deadline lets it."""


class Caller:
    """One connection, over which all calls go."""

    def __init__(self, plan: LoadPlan, channel: grpc.aio.Channel) -> None:
        self._kind = kind_of(plan.kind, plan.expected)
        self._call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(self._kind.path)
        self._chance = random.Random(0)
        self._visits = itertools.cycle([(visitor, _metadata(plan, visitor)) for visitor in plan.visitors])

    async def spell(self, load: Load) -> Told:
        """Call for so long."""
        told, began = Told(), time.perf_counter()
        if load.rate:
            await self._at_a_rate(load, told, began)
        else:
            await asyncio.gather(*(self._one_by_one(began + load.seconds, told) for _ in range(load.concurrency)))
        told.wall_seconds = time.perf_counter() - began
        return told

    async def _one_by_one(self, end: float, told: Told) -> None:
        while (now := time.perf_counter()) < end:
            await self._once(now, told)

    async def _at_a_rate(self, load: Load, told: Told, began: float) -> None:
        open_calls = set[asyncio.Task[None]]()
        for number in range(int(load.rate * load.seconds)):
            due = began + number / load.rate
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            if len(open_calls) >= MOST_OPEN:
                raise RuntimeError("too many calls are open: the rate is more than can be served")
            task = asyncio.create_task(self._once(due, told))
            open_calls.add(task)
            task.add_done_callback(open_calls.discard)
        await asyncio.gather(*open_calls)

    async def _once(self, due: float, told: Told) -> None:
        visitor, metadata = next(self._visits)
        answer = await self._answered(self._kind.request(visitor), metadata, told)
        if answer is None:
            return
        seconds = time.perf_counter() - due
        if self._kind.is_right(visitor, answer):
            told.calls += 1
            told.latencies_ms.append(round(seconds * 1000, 3))
        else:
            told.wrong += 1

    async def _answered(self, request: bytes, metadata: Metadata, told: Told) -> bytes | None:
        """Give the answer; None, and its status noted, where there is none."""
        end = time.perf_counter() + DEADLINE_SECONDS
        while True:
            left = end - time.perf_counter()
            try:
                return await self._call(request, metadata=metadata, timeout=left)
            except grpc.aio.AioRpcError as error:
                pause = (retry_seconds(details_of(error)) or math.inf) * (1 + SPREAD * self._chance.random())
                if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED or pause >= left:
                    told.failed[error.code().name] = told.failed.get(error.code().name, 0) + 1
                    return None
            told.turned_away += 1
            await asyncio.sleep(pause)


def _metadata(plan: LoadPlan, visitor: Visitor) -> Metadata:
    """Send what a channel sends: its token, and the visit."""
    baggage = f"journey.id={visitor.journey_id},session.id={visitor.session_id}"
    return (("authorization", f"Bearer {plan.token}"), ("baggage", baggage))


async def main() -> None:
    """Read the plan and carry out spell after spell, until there are no more."""
    loop = asyncio.get_running_loop()
    plan = LoadPlan.from_json(await loop.run_in_executor(None, sys.stdin.readline))
    options = (("grpc.enable_retries", 0), ("grpc.max_receive_message_length", -1))
    async with grpc.aio.insecure_channel(plan.address, options) as channel:
        caller = Caller(plan, channel)
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            told = await caller.spell(Load.from_json(line))
            sys.stdout.write(told.to_json() + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main())
