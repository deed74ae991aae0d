"""The relay passes on what it gets, and says what it saw."""

import time
from collections.abc import AsyncIterator

import grpc
import pytest

from tests.proxies.grpc_relay import IN_HAND, Arrived, GrpcRelay

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = ("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01")
ECHO, REFUSE, COUNT = "/x.Y/Echo", "/x.Y/Refuse", "/x.Y/Count"


class Server(grpc.GenericRpcHandler):
    """Answers with what it was told."""

    def __init__(self) -> None:
        self.told: list[dict[str, str | bytes]] = []
        self.left: list[float] = []

    def service(self, details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes]":
        """Answer."""

        async def echo(request: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]") -> bytes:
            self.told.append({str(key): value for key, value in context.invocation_metadata() or ()})
            self.left.append(context.time_remaining() or 0.0)
            if str(details.method) == REFUSE:
                await context.abort(grpc.StatusCode.NOT_FOUND, "nowhere", (("why-bin", b"\x00\xff"),))
            return request

        async def count(request: bytes, _: "grpc.aio.ServicerContext[bytes, bytes]") -> AsyncIterator[bytes]:
            for number in request:
                yield bytes([number])

        if str(details.method) == COUNT:
            return grpc.unary_stream_rpc_method_handler(count)
        return grpc.unary_unary_rpc_method_handler(echo)


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, str]]:
    handler, server = Server(), grpc.aio.server()
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield handler, f"127.0.0.1:{port}"
    await server.stop(None)


async def test_a_call_in_hand_arrives_with_its_deadline_and_is_noted(server: tuple[Server, str]) -> None:
    handler, address = server
    arrived: list[Arrived] = []
    async with (
        GrpcRelay(address, arrived=arrived.append) as relay,
        grpc.aio.insecure_channel(relay.address) as channel,
    ):
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(ECHO)
        sent = time.monotonic()
        assert await call(b"hello", timeout=30, metadata=(TRACEPARENT, (IN_HAND, "1"))) == b"hello"
        assert await call(b"", timeout=30, metadata=(TRACEPARENT,)) == b""
    [noted] = arrived
    assert (noted.method, noted.trace_id) == (ECHO, TRACE)
    assert noted.deadline is not None
    assert 0 < noted.deadline - sent <= 31
    assert max(handler.left) <= 31  # grpc rounds up what it writes, to two or three digits
    assert [told.get("traceparent") for told in handler.told] == [TRACEPARENT[1], None]
    assert all(IN_HAND not in told for told in handler.told)


async def test_refusals_and_streams_come_through(server: tuple[Server, str]) -> None:
    _, address = server
    async with (
        GrpcRelay(address, arrived=lambda _: None, streams=frozenset({COUNT})) as relay,
        grpc.aio.insecure_channel(relay.address) as channel,
    ):
        refuse: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(REFUSE)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await refuse(b"", timeout=30)
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND
        assert dict(refused.value.trailing_metadata() or ())["why-bin"] == b"\x00\xff"
        count: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(COUNT)
        assert [answer async for answer in count(b"\x01\x02\x03", timeout=30)] == [b"\x01", b"\x02", b"\x03"]
