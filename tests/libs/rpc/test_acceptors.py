"""Calls are taken in side by side for as long as the server runs, and so many at once."""

import asyncio
from contextlib import AsyncExitStack

import grpc
import pytest

from deploy.local.keys import Keys, mint_channel_token
from libs.rpc import server
from libs.rpc.acceptors import MOST_AT_ONCE, Acceptors
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest, GetCartResponse
from tests.libs.rpc import bare_http2
from tests.libs.rpc.bare_http2 import bare_connection
from tests.libs.rpc.opened_door import ASK, GET_CART, opened_door

NO_WINDOW = bare_http2.INITIAL_WINDOW_SIZE.to_bytes(2) + (0).to_bytes(4)
MOST_CALLS = 4


async def test_who_takes_no_answers_in_is_given_no_more_calls_than_a_server_has_room_for(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MOST_CALLS_AT_ONCE", MOST_CALLS)
    answered = []

    async def count(request: GetCartRequest) -> GetCartResponse:
        answered.append(request)
        return GetCartResponse()

    async with opened_door(keys) as door, AsyncExitStack() as stack:
        door.will(count)
        more = {"authorization": f"Bearer {mint_channel_token(keys.state, 'web-shop')}"}
        staying = []
        for _ in range(10):
            silent = await stack.enter_async_context(bare_connection(door.server.port, settings=NO_WINDOW))
            staying.append(asyncio.create_task(silent.stay()))
            for number in range(MOST_CALLS):
                await silent.call(GET_CART, ASK.SerializeToString(), stream=2 * number + 1, more=more)
        accepted, refused = 0, 0
        async with asyncio.timeout(60):
            while refused < 30:
                try:
                    await door.ask()
                    accepted += 1
                except grpc.aio.AioRpcError as refusal:
                    assert refusal.code() is grpc.StatusCode.RESOURCE_EXHAUSTED  # noqa: PT017  which is what is counted
                    refused += 1
        assert len(answered) - accepted <= 2 * MOST_CALLS
        for task in staying:
            task.cancel()


class Inner:
    """Stands for grpc's server: the first calls break off, the next never come."""

    def __init__(self) -> None:
        self.asked = 0
        self.waits = asyncio.Event()

    async def _request_registered_call(self, _path: bytes) -> None:
        self.asked += 1
        if self.asked <= MOST_AT_ONCE:
            raise RuntimeError
        if self.asked == 2 * MOST_AT_ONCE:
            self.waits.set()
        await asyncio.Event().wait()

    def is_running(self) -> bool:
        return True


async def test_a_call_that_breaks_off_while_it_is_taken_in_ends_no_acceptor() -> None:
    async def answer(request: bytes, _context: object) -> bytes:
        return request

    inner = Inner()
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(answer)
    Acceptors(inner, methods={"/a/b": handler}, interceptors=[], most_calls=10).start()
    await asyncio.wait_for(inner.waits.wait(), 30)
