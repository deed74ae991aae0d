"""Row `rolling`: every replica is stopped with SIGTERM and started again, one after the other, and no client notices.

The clients use the client package with what it does by itself: nothing is tried again here.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import grpc
import pytest

import omnithread
from deploy.local.plan import SERVICES
from deploy.local.suite import Suite
from omnithread.messaging.v1.inbox_service_pb2 import SubscribeInboxRequest
from tests.faults.histories.crowd import Crowd, crowd_at
from tests.faults.histories.plan import steps
from tests.faults.results import note
from tests.faults.seeds import chance, rounds, seed

CLIENTS = 8
WATCHERS = 4
ROUNDS = 5
EXIT_SECONDS = 10.0
PACE_SECONDS = 0.05
CALL_SECONDS = 20.0
GOES_ON = frozenset({"INBOX_STOPPED", "STREAM_TOO_OLD"})
"""What a stream says that is to be opened again."""


@pytest.mark.timeout(1800)
async def test_no_client_notices_that_every_replica_is_restarted_in_order(pairs: Suite) -> None:
    """Promise: rolling restart with SIGTERM, two replicas each, under load: 0 errors, exit in 10 s."""
    slowest: dict[str, float] = {}
    full = rounds(ROUNDS)
    async with crowd_at(pairs, clients=CLIENTS, call_seconds=CALL_SECONDS) as crowd:
        async with working(crowd, "rolling"), watching(crowd) as ended:
            for _ in range(full):
                for number in (1, 2):
                    for replica, seconds in (await pairs.replace(number)).items():
                        slowest[replica] = max(slowest.get(replica, 0.0), seconds)
            await asyncio.sleep(1)  # what comes after the last restart counts as well
        await crowd.read_all()
        violations = await crowd.check()
    errors = crowd.failures + ended
    worst = max(slowest, key=lambda replica: slowest[replica])
    told = "; ".join([*map(str, violations[:3]), *(f"{count} x {what}" for what, count in errors.most_common(3))])
    note(
        "rolling",
        seed=seed(),
        done=full * 2 * len(SERVICES),
        wanted="0 errors, 0 violations, exit in 10 s",
        found=f"{errors.total()} errors in {crowd.done} calls, {len(violations)} violations, "
        f"slowest exit {slowest[worst]:.1f} s ({worst}) {told}",
        ok=not errors and not violations,
        in_time=slowest[worst] <= EXIT_SECONDS,
    )


@asynccontextmanager
async def working(crowd: Crowd, what: str, *, pace_seconds: float = PACE_SECONDS) -> AsyncIterator[None]:
    """Let all clients work until the block ends, each one step every so many seconds at most.

    Raises what one of them could not go on with.
    """
    stop = asyncio.Event()
    at_work = [
        asyncio.create_task(
            client.work(
                steps(chance(what, client.number), client.number, first=client.done), stop, pace_seconds=pace_seconds
            )
        )
        for client in crowd.clients
    ]
    try:
        yield
    finally:
        stop.set()
        outcomes = await asyncio.gather(*at_work, return_exceptions=True)
    for outcome in outcomes:
        if outcome is not None:
            raise outcome


@asynccontextmanager
async def watching(crowd: Crowd) -> AsyncIterator[Counter[str]]:
    """Watch a few customers' contexts and inboxes meanwhile; gives what a watcher could not go on after."""
    ended: Counter[str] = Counter()
    customers = [await crowd.customers.id_of(number) for number in range(WATCHERS)]
    watchers = [
        asyncio.create_task(watch(crowd.clients[place].channel, customer, ended))
        for place, customer in enumerate(customers)
        for watch in (_watch_context, _watch_inbox)
    ]
    try:
        yield ended
    finally:
        for watcher in watchers:
            watcher.cancel()
        outcomes = await asyncio.gather(*watchers, return_exceptions=True)
    for outcome in outcomes:
        if not isinstance(outcome, asyncio.CancelledError):
            ended[f"a watcher ended: {outcome!r}"] += 1


async def _watch_context(channel: omnithread.Omnithread, customer: str, _: Counter[str]) -> None:
    async with aclosing(channel.watch_context(customer, heartbeat_seconds=5)) as updates:
        async for _update in updates:
            pass


async def _watch_inbox(channel: omnithread.Omnithread, customer: str, ended: Counter[str]) -> None:
    """Subscribe, and again with the last token when the replica says that it stops, as the contract says.

    A stream that has shown something has to say why it ends; one that has not may have met a replica that is gone.
    """
    token = ""
    while True:
        shown_any = False
        stream = channel.inbox.SubscribeInbox(SubscribeInboxRequest(customer_id=customer, resume_token=token))
        try:
            async for shown in stream:
                token, shown_any = shown.resume_token, True
            ended["an inbox ended without a word"] += 1
        except grpc.aio.AioRpcError as error:
            reason = omnithread.details_of(error).reason or error.code().name
            if reason not in GOES_ON and (shown_any or error.code() is not grpc.StatusCode.UNAVAILABLE):
                ended[f"an inbox ended: {reason}"] += 1
        await asyncio.sleep(0.05)
