"""Nobody works for a caller who has stopped waiting."""

import asyncio

import grpc
import pytest

from libs.errors import OmnithreadError, Status
from libs.rpc.call import CURRENT_CALL, Call, Caller, remaining_seconds
from libs.rpc.deadlines import call_timeout
from libs.rpc.refusing import given_up
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest, GetCartResponse
from tests.libs.rpc.opened_door import ASK, GET_CART, OpenedDoor, as_channel, refused

CALLER = Caller(channel_id="web-shop", channel_kind=1)


async def until_counted(door: OpenedDoor, *codes: str) -> None:
    async with asyncio.timeout(30):
        while not any(map(door.counted, codes)):
            await asyncio.sleep(0.01)


async def test_work_ends_when_the_callers_deadline_passes(door: OpenedDoor) -> None:
    ended = asyncio.Event()

    async def wait(request: GetCartRequest) -> GetCartResponse:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return GetCartResponse()

    await door.channel.channel_ready()
    door.will(wait)
    refusal = await refused(door.ask(timeout_seconds=1))
    assert refusal.code is grpc.StatusCode.DEADLINE_EXCEEDED
    await asyncio.wait_for(ended.wait(), 30)
    await until_counted(door, "DEADLINE_EXCEEDED", "CANCELLED")  # on a busy machine the end of the call is late


def test_a_call_cancelled_in_the_last_moment_of_its_time_ran_into_its_deadline() -> None:
    assert given_up(-0.2) is Status.DEADLINE_EXCEEDED
    assert given_up(0.05) is Status.DEADLINE_EXCEEDED
    assert given_up(5) is Status.CANCELLED
    assert given_up(None) is Status.CANCELLED


async def test_work_ends_when_the_caller_goes_away(door: OpenedDoor) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def wait(request: GetCartRequest) -> GetCartResponse:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return GetCartResponse()

    door.will(wait)
    call = door.stub.GetCart(ASK, metadata=as_channel(door.keys, "web-shop"))
    await asyncio.wait_for(begun.wait(), 30)
    call.cancel()
    await asyncio.wait_for(ended.wait(), 30)
    await until_counted(door, "CANCELLED")
    assert door.counted("DEADLINE_EXCEEDED") == 0


async def test_a_timeout_inside_the_callers_time_is_an_error_of_ours(door: OpenedDoor) -> None:
    door.will_raise(TimeoutError("database"))
    assert (await door.refusal()).code is grpc.StatusCode.INTERNAL


async def test_a_timeout_after_the_callers_time_is_the_deadline(door: OpenedDoor) -> None:
    async def give_up(request: GetCartRequest) -> GetCartResponse:
        call = CURRENT_CALL.get()
        CURRENT_CALL.set(Call(caller=call.caller, deadline=asyncio.get_running_loop().time() - 1))
        raise TimeoutError

    door.will(give_up)
    refusal = await door.refusal()
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")


async def test_a_servicer_knows_how_long_its_caller_waits(door: OpenedDoor) -> None:
    seen: list[float | None] = []

    async def look(request: GetCartRequest) -> GetCartResponse:
        seen.append(remaining_seconds())
        return GetCartResponse()

    door.will(look)
    await door.ask(timeout_seconds=20)
    await door.stub.GetCart(ASK, metadata=as_channel(door.keys, "web-shop"))
    assert seen[0] is not None
    assert 0 < seen[0] < 21  # on the wire a deadline is rounded up
    assert seen[1] is None
    assert door.counted("OK", GET_CART) == 2


async def test_a_call_to_another_service_leaves_time_to_answer() -> None:
    now = asyncio.get_running_loop().time()
    assert call_timeout(5) == 5  # background work
    token = CURRENT_CALL.set(Call(caller=CALLER, deadline=now + 0.5))
    try:
        assert 0 < call_timeout(5) <= 0.45
        assert call_timeout(0.01) == 0.01
        CURRENT_CALL.set(Call(caller=CALLER, deadline=now + 100))
        assert 99 < call_timeout(1000) <= 99.9
        CURRENT_CALL.set(Call(caller=CALLER, deadline=now - 1))
        with pytest.raises(OmnithreadError, match="DEADLINE_EXCEEDED"):
            call_timeout(5)
    finally:
        CURRENT_CALL.reset(token)
