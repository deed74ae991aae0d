"""Anybody may ask how a service is, without a token; and nobody can make use of that to stop it."""

import asyncio
import itertools

import grpc
import pytest
from grpc_health.v1 import health_pb2

from deploy.local.keys import Keys
from libs.rpc.health import MOST_AT_ONCE
from tests.libs.rpc import bare_http2
from tests.libs.rpc.bare_http2 import bare_connection
from tests.libs.rpc.opened_door import OpenedDoor, opened_door

CHECK, WATCH = "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"
NO_WINDOW = bare_http2.INITIAL_WINDOW_SIZE.to_bytes(2) + (0).to_bytes(4)
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
EVERYTHING = health_pb2.HealthCheckRequest().SerializeToString()
Stream = grpc.aio.UnaryStreamCall[bytes, health_pb2.HealthCheckResponse]


def watch(door: OpenedDoor) -> Stream:
    call: grpc.aio.UnaryStreamMultiCallable[bytes, health_pb2.HealthCheckResponse] = door.channel.unary_stream(
        WATCH, response_deserializer=health_pb2.HealthCheckResponse.FromString
    )
    return call(EVERYTHING, timeout=60)


async def status_of(door: OpenedDoor) -> int:
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = door.channel.unary_unary(CHECK)
    return health_pb2.HealthCheckResponse.FromString(await call(EVERYTHING, timeout=60)).status


async def told(stream: Stream) -> int:
    return (await anext(aiter(stream))).status


@pytest.mark.parametrize("path", [WATCH, CHECK])
async def test_who_asks_for_health_and_takes_no_answer_keeps_no_service_from_stopping(keys: Keys, path: str) -> None:
    async with opened_door(keys) as door, bare_connection(door.server.port, settings=NO_WINDOW) as silent:
        staying = asyncio.create_task(silent.stay())
        for number in range(10):
            await silent.call(path, EVERYTHING, stream=2 * number + 1)
        assert await status_of(door) == SERVING
        async with asyncio.timeout(5):
            await door.server.set_serving(serving=False)
            assert await status_of(door) == NOT_SERVING
            await door.server.stop(0)
        staying.cancel()


@pytest.mark.parametrize("path", [WATCH, CHECK])
async def test_who_asks_for_health_without_end_takes_no_calls_from_others(door: OpenedDoor, path: str) -> None:
    async with bare_connection(door.server.port, settings=NO_WINDOW) as silent:
        staying = asyncio.create_task(silent.stay())
        streams = itertools.count(1, 2)
        for _ in range(MOST_AT_ONCE):
            await silent.call(path, EVERYTHING, stream=next(streams))
        async with asyncio.timeout(30):
            while (refusal := await refusal_of_health(door)) is None:
                await silent.call(path, EVERYTHING, stream=next(streams))  # who takes nothing for 5 s is let go
                await asyncio.sleep(0.01)
        assert refusal is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert (await door.ask()).cart.customer_id == "cus_1"
        async with grpc.aio.insecure_channel(f"127.0.0.1:{door.server.health_port}") as probes:
            check: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = probes.unary_unary(CHECK)
            assert await check(EVERYTHING, timeout=60)
        staying.cancel()
    async with asyncio.timeout(30):
        while await refusal_of_health(door) is not None:
            await asyncio.sleep(0.01)


async def refusal_of_health(door: OpenedDoor) -> grpc.StatusCode | None:
    try:
        await status_of(door)
    except grpc.aio.AioRpcError as error:
        return error.code()
    return None


async def test_who_watches_is_told_each_change_and_let_go_when_the_service_stops(keys: Keys) -> None:
    async with opened_door(keys) as door:
        stream = watch(door)
        assert await told(stream) == SERVING
        await door.server.set_serving(serving=False)
        assert await told(stream) == NOT_SERVING
        await door.server.set_serving(serving=True)
        assert await told(stream) == SERVING
        async with asyncio.timeout(30):
            await door.server.stop(drain_seconds=600)
        assert await told(stream) == NOT_SERVING
        assert await stream.code() is grpc.StatusCode.OK
