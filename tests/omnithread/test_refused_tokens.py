"""A token whose key was taken out is of no more use: the next one is fetched, for calls and for streams."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import grpc
import pytest
from grpc import aio
from opentelemetry.trace import get_tracer

from deploy.local.keys import Keys, ensure_keys, mint_channel_token
from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceStub
from omnithread.context.v1.watch_service_pb2 import WatchCustomerContextRequest, WatchCustomerContextResponse
from omnithread.context.v1.watch_service_pb2_grpc import (
    WatchServiceServicer,
    WatchServiceStub,
    add_WatchServiceServicer_to_server,
)
from omnithread.interceptor import OutgoingStream, OutgoingUnary
from omnithread.interceptor_streams_sync import OutgoingStreamSync
from omnithread.requests import ServerClock
from omnithread.tokens import TokenSource
from tests.libs.rpc.opened_door import ASK, OpenedDoor, opened_door

WATCH = WatchCustomerContextRequest(customer_id="cus_1")
TRACER = get_tracer("test")


class OneWord(WatchServiceServicer):
    """Says one word and ends."""

    async def WatchCustomerContext(  # noqa: N802  the contract's name
        self, _request: WatchCustomerContextRequest, _context: object
    ) -> AsyncIterator[WatchCustomerContextResponse]:
        yield WatchCustomerContextResponse()


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[OpenedDoor]:
    keys = ensure_keys(tmp_path / "present")
    async with opened_door(keys, more=[partial(add_WatchServiceServicer_to_server, OneWord())]) as door:
        yield door


@pytest.fixture
def tokens(door: OpenedDoor, tmp_path: Path) -> TokenSource:
    """Gives a token by a key that was taken out, and after it good ones."""
    gone: Keys = ensure_keys(tmp_path / "leaked")
    given = iter([gone, door.keys, door.keys])
    return TokenSource(lambda: mint_channel_token(next(given).state, "web-shop"))


async def test_a_call_whose_key_was_taken_out_is_sent_again_with_another_token(
    door: OpenedDoor, tokens: TokenSource
) -> None:
    outgoing = OutgoingUnary(tokens=tokens, clock=ServerClock(), timeout_seconds=30, tracer=TRACER, address="")
    async with aio.insecure_channel(f"127.0.0.1:{door.server.port}", interceptors=[outgoing]) as channel:
        assert (await CartServiceStub(channel).GetCart(ASK)).cart.customer_id == "cus_1"


async def test_the_stream_after_one_whose_key_was_taken_out_has_another_token(
    door: OpenedDoor, tokens: TokenSource
) -> None:
    outgoing = OutgoingStream(tokens=tokens, tracer=TRACER, address="")
    async with aio.insecure_channel(f"127.0.0.1:{door.server.port}", interceptors=[outgoing]) as channel:
        stub, first = WatchServiceStub(channel), await tokens.get()
        with pytest.raises(aio.AioRpcError, match="UNAUTHENTICATED"):
            await anext(aiter(stub.WatchCustomerContext(WATCH, timeout=30)))
        async with asyncio.timeout(30):
            while await tokens.get() == first:
                await asyncio.sleep(0.01)
        assert await anext(aiter(stub.WatchCustomerContext(WATCH, timeout=30))) == WatchCustomerContextResponse()


async def test_a_blocking_program_has_another_token_for_its_next_stream_too(
    door: OpenedDoor, tokens: TokenSource
) -> None:
    def open_two() -> list[WatchCustomerContextResponse]:
        outgoing = OutgoingStreamSync(tokens=tokens, tracer=TRACER, address="")
        with grpc.insecure_channel(f"127.0.0.1:{door.server.port}") as plain:
            stub = WatchServiceStub(grpc.intercept_channel(plain, outgoing))
            first = tokens.get_sync()
            with pytest.raises(grpc.RpcError, match="UNAUTHENTICATED"):
                list(stub.WatchCustomerContext(WATCH, timeout=30))
            while tokens.get_sync() == first:
                pass
            return list(stub.WatchCustomerContext(WATCH, timeout=30))

    async with asyncio.timeout(60):
        assert await asyncio.to_thread(open_two) == [WatchCustomerContextResponse()]
