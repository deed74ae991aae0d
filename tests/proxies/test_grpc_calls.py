"""A call is lost before the server has it, or after it has answered."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.proxies.grpc_calls import GrpcProxy
from tests.proxies.strikes import CUT_AFTER, CUT_BEFORE, SILENT_AFTER, SILENT_BEFORE, Fault, Point

NEVER_AGAIN = (("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1))


@dataclass(slots=True)
class Counting(health_pb2_grpc.HealthServicer):
    """Counts who asks."""

    asked: list[str] = field(default_factory=list)

    async def Check(  # noqa: N802  the contract's name
        self, request: health_pb2.HealthCheckRequest, _context: object
    ) -> health_pb2.HealthCheckResponse:
        """Note who asks, and answer."""
        self.asked.append(request.service)
        return health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVING)


@dataclass(frozen=True, slots=True)
class Line:
    """A client, the proxy, and who answers."""

    proxy: GrpcProxy
    servicer: Counting
    channel: grpc.aio.Channel

    async def ask(self, name: str, seconds: float = 10.0, *, wait: bool = False) -> None:
        """Ask once."""
        check = self.channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        await check(health_pb2.HealthCheckRequest(service=name), timeout=seconds, wait_for_ready=wait)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    servicer, server = Counting(), grpc.aio.server()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with (
        GrpcProxy(host="127.0.0.1", port=port) as proxy,
        grpc.aio.insecure_channel(proxy.address, options=NEVER_AGAIN) as channel,
    ):
        yield Line(proxy, servicer, channel)
    await server.stop(None)


@pytest.mark.parametrize(("fault", "arrives"), [(CUT_BEFORE, False), (CUT_AFTER, True)])
async def test_a_cut_call_is_unavailable_whether_it_arrived_or_not(line: Line, fault: Fault, arrives: bool) -> None:
    await line.ask("first")
    armed = line.proxy.arm(fault)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await line.ask("second")
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert armed.struck
    assert ("second" in line.servicer.asked) is arrives
    await line.ask("third", wait=True)
    assert line.servicer.asked[-1] == "third"


@pytest.mark.parametrize(("fault", "arrives"), [(SILENT_BEFORE, False), (SILENT_AFTER, True)])
async def test_a_silent_connection_uses_up_the_callers_time(line: Line, fault: Fault, arrives: bool) -> None:
    await line.ask("first")
    line.proxy.arm(fault)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await line.ask("second", seconds=0.3)
    assert refused.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert ("second" in line.servicer.asked) is arrives


async def test_something_is_done_between_the_answer_and_its_arrival(line: Line) -> None:
    heard: list[list[str]] = []

    async def look() -> None:
        heard.append(list(line.servicer.asked))

    line.proxy.arm(Fault(Point.AFTER, hook=look, goes_on=True), nth=2)
    await asyncio.gather(line.ask("a"), line.ask("a"), line.ask("a"))
    assert heard
    assert line.servicer.asked == ["a", "a", "a"]
    assert (line.proxy.begun, line.proxy.answered) == (3, 3)
