"""Makes the load that its standard input describes, and writes what came of it: `python -m tests.faults.pressure`.

Calls go out at their times whether or not earlier ones were answered, as customers come whether or not the last one was
served. No client package: nothing is tried again, and a call costs as little as can be.
"""

import asyncio
import itertools
import sys
import time

import grpc

from tests.faults.pressure.calls import Calls
from tests.faults.pressure.plan import LoadPlan, LoadResult, Tally

MOST_OPEN = 20_000


class Load:
    """One load."""

    def __init__(self, plan: LoadPlan, channel: grpc.aio.Channel) -> None:
        self._plan = plan
        self._channel = channel
        self._calls = Calls(customers=plan.customers, mix=plan.mix, seed=plan.seed)
        self._headers = itertools.cycle([(("authorization", f"Bearer {token}"),) for token in plan.tokens])
        self._methods: dict[str, grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]] = {}
        self._tallies = {kind: Tally() for kind in plan.mix}
        self._counts_from = time.perf_counter() + plan.settle_seconds
        self._end = self._counts_from + plan.seconds

    async def run(self) -> LoadResult:
        """Make it."""
        if self._plan.rate:
            await self._open_loop()
        else:
            await asyncio.gather(*(self._work() for _ in range(self._plan.workers)))
        return LoadResult(self._plan.seconds, self._tallies)

    async def _work(self) -> None:
        while (now := time.perf_counter()) < self._end:
            await self._call(now)

    async def _open_loop(self) -> None:
        start, open_calls = time.perf_counter(), set[asyncio.Task[None]]()
        for number in itertools.count():
            due = start + number / self._plan.rate
            if due >= self._end:
                break
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            if len(open_calls) >= MOST_OPEN:
                raise RuntimeError("too many calls are open: the load is more than this process can make")
            task = asyncio.create_task(self._call(due))
            open_calls.add(task)
            task.add_done_callback(open_calls.discard)
        await asyncio.gather(*open_calls)

    async def _call(self, due: float) -> None:
        kind, path, request = self._calls.next()
        method = self._methods.get(path)
        if method is None:
            method = self._methods[path] = self._channel.unary_unary(path)
        code = "OK"
        try:
            await method(request, metadata=next(self._headers), timeout=self._plan.deadline_seconds)
        except grpc.aio.AioRpcError as error:
            code = error.code().name
        if not self._counts_from <= due < self._end:
            return
        tally = self._tallies[kind]
        tally.sent += 1
        if code == "OK":
            tally.done += 1
            tally.seconds.append(round(time.perf_counter() - due, 5))
        elif code == "RESOURCE_EXHAUSTED":
            tally.shed += 1
        else:
            tally.others[code] = tally.others.get(code, 0) + 1


async def main() -> None:
    """Read the plan, make the load, write the result."""
    plan = LoadPlan.from_json(sys.stdin.read())
    # No retries: the service config of channels has none by itself, and those for lost connections are not wanted.
    options = (("grpc.enable_retries", 0),)
    async with (
        grpc.aio.secure_channel(plan.address, grpc.ssl_channel_credentials(plan.authority.encode()), options)
        if plan.authority
        else grpc.aio.insecure_channel(plan.address, options)
    ) as channel:
        sys.stdout.write((await Load(plan, channel).run()).to_json())


if __name__ == "__main__":
    asyncio.run(main())
