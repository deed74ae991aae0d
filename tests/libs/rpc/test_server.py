"""A server says when it is ready, lists what it serves, and lets running calls finish when it stops."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from deploy.local.keys import Keys
from libs.clock import system_clock
from libs.errors import failed_precondition
from libs.rpc.server import request_types, service_names
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest, GetCartResponse
from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceServicer, add_CartServiceServicer_to_server
from tests.libs.rpc.opened_door import ASK, OpenedDoor, as_channel, opened_door, refused

WATCH = "/omnithread.context.v1.WatchService/WatchCustomerContext"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def health(port: int, service: str = "") -> int:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        check: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/grpc.health.v1.Health/Check")
        answer = await check(health_pb2.HealthCheckRequest(service=service).SerializeToString())
        return health_pb2.HealthCheckResponse.FromString(answer).status


async def test_health_is_asked_without_a_token_on_both_ports(door: OpenedDoor) -> None:
    for port in (door.server.port, door.server.health_port):
        for name in ("", "readiness", "liveness", "omnithread.cart.v1.CartService"):
            assert await health(port, name) == SERVING


async def test_a_service_that_is_not_ready_is_still_alive(door: OpenedDoor) -> None:
    await door.server.set_serving(serving=False)
    port = door.server.health_port
    for name in ("", "readiness", "omnithread.cart.v1.CartInternalService"):
        assert await health(port, name) == NOT_SERVING
    assert await health(port, "liveness") == SERVING
    await door.server.set_serving(serving=True)
    assert await health(port) == SERVING


async def test_the_health_port_serves_nothing_else(door: OpenedDoor) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{door.server.health_port}") as channel:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/omnithread.cart.v1.CartService/GetCart"
        )
        refusal = await refused(call(ASK.SerializeToString(), metadata=as_channel(door.keys, "web-shop")))
    assert refusal.code is grpc.StatusCode.UNIMPLEMENTED


async def test_reflection_lists_all_services(door: OpenedDoor) -> None:
    def listed() -> set[str]:
        with grpc.insecure_channel(f"127.0.0.1:{door.server.port}") as channel:
            return set(ProtoReflectionDescriptorDatabase(channel).get_services())

    assert await asyncio.to_thread(listed) == {
        "omnithread.cart.v1.CartService",
        "omnithread.cart.v1.CartInternalService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    }


async def test_a_stop_lets_a_running_call_finish_and_takes_no_new_one(keys: Keys) -> None:
    async with opened_door(keys) as door:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def wait(request: GetCartRequest) -> GetCartResponse:
            begun.set()
            await go_on.wait()
            return GetCartResponse()

        door.will(wait)
        running = asyncio.ensure_future(door.ask())
        await asyncio.wait_for(begun.wait(), 30)
        stopping = asyncio.create_task(door.server.stop(drain_seconds=60))
        async with asyncio.timeout(30):
            while await health(door.server.health_port) == SERVING:
                await asyncio.sleep(0.01)
        assert (await refused(another_connection(door))).code is grpc.StatusCode.UNAVAILABLE
        assert not stopping.done()
        go_on.set()
        assert await running == GetCartResponse()
        await asyncio.wait_for(stopping, 30)


async def test_a_call_that_does_not_end_is_cut_off_after_the_drain(keys: Keys) -> None:
    async with opened_door(keys) as door:
        begun, cut_off = asyncio.Event(), asyncio.Event()

        async def wait(request: GetCartRequest) -> GetCartResponse:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                cut_off.set()
            return GetCartResponse()

        door.will(wait)
        running = asyncio.ensure_future(door.ask())
        await asyncio.wait_for(begun.wait(), 30)
        await asyncio.wait_for(door.server.stop(drain_seconds=0.1), 30)
        await asyncio.wait_for(cut_off.wait(), 30)
        assert (await refused(running)).code in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}


async def another_connection(door: OpenedDoor) -> GetCartResponse:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{door.server.port}") as channel:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/omnithread.cart.v1.CartService/GetCart"
        )
        return GetCartResponse.FromString(
            await call(ASK.SerializeToString(), metadata=as_channel(door.keys, "web-shop"), timeout=20)
        )


async def test_a_second_server_on_the_same_port_does_not_start(keys: Keys, door: OpenedDoor) -> None:
    with pytest.raises(RuntimeError):
        async with opened_door(keys, listen=f"127.0.0.1:{door.server.port}"):
            pass


def add_watch(answers: object, server: grpc.aio.Server) -> None:
    handler = grpc.unary_stream_rpc_method_handler(
        answers,  # type: ignore[arg-type]  # an asynchronous one
        request_deserializer=GetCartRequest.FromString,
        response_serializer=GetCartResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("omnithread.context.v1.WatchService", {"WatchCustomerContext": handler}),)
    )


async def watched(door: OpenedDoor, body: bytes) -> list[bytes]:
    call: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = door.channel.unary_stream(WATCH)
    return [answer async for answer in call(body, metadata=as_channel(door.keys, "web-shop"), timeout=20)]


async def test_a_stream_passes_the_same_door(keys: Keys) -> None:
    async def twice_then_fail(request: GetCartRequest, _context: object) -> AsyncIterator[GetCartResponse]:
        yield GetCartResponse()
        yield GetCartResponse()
        if request.customer_id == "cus_empty":
            raise failed_precondition("CART_EMPTY", "There is nothing to check out.")

    async with opened_door(keys, more=[partial(add_watch, twice_then_fail)]) as door:
        assert await watched(door, ASK.SerializeToString()) == [b"", b""]
        assert door.counted("OK", WATCH) == 1
        assert (await refused(watched(door, b"\xff"))).reason == "UNDECODABLE"
        assert (await refused(watched(door, b""))).faults.keys() == {"customer_id"}
        refusal = await refused(watched(door, GetCartRequest(customer_id="cus_empty").SerializeToString()))
        assert refusal.reason == "CART_EMPTY"


async def test_a_stream_ends_when_its_watcher_goes_away(keys: Keys) -> None:
    ended = asyncio.Event()

    async def for_ever(request: GetCartRequest, _context: object) -> AsyncIterator[GetCartResponse]:
        try:
            yield GetCartResponse()
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with opened_door(keys, more=[partial(add_watch, for_ever)]) as door:
        call: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = door.channel.unary_stream(WATCH)
        stream = call(ASK.SerializeToString(), metadata=as_channel(door.keys, "web-shop"))
        assert await stream.read() == b""
        stream.cancel()
        await asyncio.wait_for(ended.wait(), 30)
        async with asyncio.timeout(30):
            while not door.counted("CANCELLED", WATCH):
                await asyncio.sleep(0.01)


def test_a_registration_tells_the_service_and_its_requests() -> None:
    servicer = CartServiceServicer()  # type: ignore[abstract]  # only its name is asked
    names = service_names([partial(add_CartServiceServicer_to_server, servicer)])
    assert names == ("omnithread.cart.v1.CartService",)
    assert GetCartRequest in request_types(names)


async def test_a_server_that_is_not_to_reflect_tells_nobody_its_methods(keys: Keys) -> None:
    async with opened_door(keys, reflects=False) as door:
        call: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = door.channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
        )

        async def asked() -> bytes:
            async for answer in call(iter([b""]), timeout=20):
                return answer
            return b""

        assert (await refused(asked())).code is grpc.StatusCode.UNIMPLEMENTED


async def test_a_stream_tells_nothing_more_once_its_token_has_run_out(keys: Keys) -> None:
    now, go_on = [system_clock()], asyncio.Event()

    async def twice(request: GetCartRequest, _context: object) -> AsyncIterator[GetCartResponse]:
        yield GetCartResponse()
        await go_on.wait()
        yield GetCartResponse()

    async with opened_door(keys, more=[partial(add_watch, twice)], clock=lambda: now[0]) as door:
        call: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = door.channel.unary_stream(WATCH)
        stream = call(ASK.SerializeToString(), metadata=as_channel(keys, "web-shop"), timeout=60)
        assert await stream.read() == b""
        now[0] += timedelta(seconds=901)
        go_on.set()
        refusal = await refused(stream.read())
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_EXPIRED")
