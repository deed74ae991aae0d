"""Every method is called with a trace and a deadline of its own, by who may call it."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass

import grpc

from tests.faults.deadlines.open import Seen
from tests.faults.deadlines.witness import Watched
from tests.faults.retries.calls import SEEDS
from tests.faults.retries.case import Case, stamp
from tests.faults.retries.methods import method
from tests.hostile.contract import Rpc, rpcs
from tests.hostile.furnished import Furnished, furnish, honest_messages
from tests.hostile.shares import house_is_spoilt

AFTER_SECONDS = 0.5
"""How long is looked for work that goes on after the end."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One call that was made."""

    path: str
    code: grpc.StatusCode
    watched: Watched


def unary(service: str) -> tuple[Rpc, ...]:
    """Give the methods of a service that answer once to one request."""
    return tuple(rpc for rpc in rpcs(service) if not (rpc.streams_requests or rpc.streams_answers))


async def ask(
    seen: Seen, channel: grpc.aio.Channel, path: str, request: bytes, *, bearer: str, seconds: float
) -> Asked:
    """Call once, and watch until a moment after the end where the time was too short."""
    trace_id = secrets.token_hex(16)
    metadata = (("authorization", bearer), ("traceparent", f"00-{trace_id}-{secrets.token_hex(8)}-01"))
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(path)
    code = grpc.StatusCode.OK
    watched = seen.witness.watch(trace_id, path, seconds)
    try:
        await call(request, timeout=seconds, metadata=metadata)
    except grpc.aio.AioRpcError as error:
        code = error.code()
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        await asyncio.sleep(AFTER_SECONDS)
    return Asked(path, code, watched)


async def ask_honestly(seen: Seen, rpc: Rpc, furnished: Furnished, *, seconds: float) -> Asked:
    """Ask about a customer who has something at every service."""
    sender = seen.furnishable.senders[rpc.service]
    request = honest_messages(rpc, furnished.honest)[0]
    bearer = f"Bearer {sender.token_for(rpc)}"
    return await ask(seen, sender.channel, rpc.path, request, bearer=bearer, seconds=seconds)


async def ask_all(seen: Seen, service: str, *, seconds: float) -> AsyncIterator[Asked]:
    """Ask every method of a service, one after the other."""
    furnished = await furnish(seen.furnishable, service)
    for rpc in unary(service):
        yield await ask_honestly(seen, rpc, furnished, seconds=seconds)
        if house_is_spoilt(rpc):
            furnished = await furnish(seen.furnishable, service)


async def ask_prepared(seen: Seen, name: str, *, seconds: float) -> Asked:
    """Ask a method that changes something, after all that it takes for it to be done."""
    case, planted = Case(seen.house), SEEDS[name]
    request = await planted.prepare(case)
    stamp(request)
    described = method(name)
    line = seen.house.line(described.service, planted.who)
    bearer = dict(line.metadata)["authorization"]
    asked = await ask(seen, line.channel, described.path, request.SerializeToString(), bearer=bearer, seconds=seconds)
    await planted.after(case)
    return asked
