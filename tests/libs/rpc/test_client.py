"""A call to another service carries who we are, which journey it is, and how long we may wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deploy.local.keys import Keys, mint_channel_token, write_service_token
from libs.errors import OmnithreadError, dependency_unavailable, failed_precondition
from libs.rpc.call import Call, current_call, remaining_seconds
from libs.rpc.client import service_channel
from libs.rpc.outbound import OutboundChannel
from libs.telemetry.journey import current_labels, journey_labels
from omnithread.cart.v1.cart_internal_service_pb2 import ReplayEventsRequest
from omnithread.cart.v1.cart_internal_service_pb2_grpc import CartInternalServiceStub
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest, GetCartResponse
from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceStub
from tests.libs.rpc.opened_door import ASK, GET_CART, OpenedDoor, as_channel, opened_door, refused

if TYPE_CHECKING:
    from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceAsyncStub


@asynccontextmanager
async def calling(door: OpenedDoor) -> AsyncIterator[OutboundChannel]:
    """Open messaging's channel to the cart service behind the door."""
    channel = service_channel(
        f"127.0.0.1:{door.server.port}",
        token_file=write_service_token(door.keys.state, "messaging"),
        tracer=door.tracer,
    )
    async with channel:
        yield channel


def note_calls(door: OpenedDoor) -> list[tuple[Call, float | None]]:
    noted: list[tuple[Call, float | None]] = []

    async def note(request: GetCartRequest) -> GetCartResponse:
        noted.append((current_call(), remaining_seconds()))
        return GetCartResponse()

    door.will(note)
    return noted


async def test_background_work_calls_as_the_service_with_the_journey_of_its_cause(door: OpenedDoor) -> None:
    noted = note_calls(door)
    async with calling(door) as channel:
        with journey_labels(journey_id="jrn_1", session_id="ses_1", channel_id="store-042"):
            await CartServiceStub(channel).GetCart(ASK)
    call, remaining = noted[0]
    assert (call.caller.service, call.caller.channel_id) == ("messaging", "store-042")
    assert (call.journey_id, call.session_id) == ("jrn_1", "ses_1")
    assert remaining is not None
    assert remaining < 5.1  # on the wire a deadline is rounded up


async def test_the_trace_goes_through_the_client_span_to_the_other_side(door: OpenedDoor) -> None:
    async with calling(door) as channel:
        with door.tracer.start_as_current_span("work") as work:
            await CartServiceStub(channel).GetCart(ASK)
    [server, client] = [span for span in door.spans.get_finished_spans() if span.name == GET_CART[1:]]
    assert server.parent is not None
    assert client.parent is not None
    assert server.parent.span_id == client.context.span_id
    assert client.parent.span_id == work.get_span_context().span_id


async def test_answering_a_channel_the_channels_own_token_goes_on(keys: Keys, door: OpenedDoor) -> None:
    async with opened_door(keys) as behind, calling(behind) as own:
        noted = note_calls(behind)
        stub: CartServiceAsyncStub = CartServiceStub(own.forwarding())

        async def pass_on(request: GetCartRequest) -> GetCartResponse:
            return await stub.GetCart(request)

        door.will(pass_on)
        metadata = as_channel(keys, "store-042", actor="emp-7", baggage="journey.id=jrn_1,other=x")
        await door.stub.GetCart(ASK, metadata=metadata, timeout=2)
        await stub.GetCart(ASK)
    forwarded, remaining = noted[0]
    assert (forwarded.caller.channel_id, forwarded.caller.actor_id) == ("store-042", "emp-7")
    assert forwarded.journey_id == "jrn_1"
    assert remaining is not None
    assert remaining < 1.95  # of the caller's two seconds, with some kept to answer in; rounded up twice
    assert noted[1][0].caller.service == "messaging"  # nobody is being answered


async def test_internal_work_of_a_call_is_done_as_the_service(keys: Keys, door: OpenedDoor) -> None:
    async with opened_door(keys) as behind, calling(behind) as channel:
        stub = CartInternalServiceStub(channel)

        async def look_behind(request: GetCartRequest) -> GetCartResponse:
            await stub.ReplayEvents(ReplayEventsRequest(customer_id="cus_1"))
            return GetCartResponse()

        door.will(look_behind)
        assert await door.ask() == GetCartResponse()


async def test_calls_are_coroutines_and_may_be_gathered(door: OpenedDoor) -> None:
    async with calling(door) as channel:
        stub = CartServiceStub(channel)
        answers = await asyncio.gather(*(stub.GetCart(ASK) for _ in range(20)))
    assert [answer.cart.customer_id for answer in answers] == ["cus_1"] * 20


async def test_a_fresh_service_token_is_taken_up_without_a_restart(door: OpenedDoor) -> None:
    noted = note_calls(door)
    async with calling(door) as channel:
        stub = CartServiceStub(channel)
        await stub.GetCart(ASK)
        old = noted[-1][0].token
        fresh = mint_channel_token(door.keys.state, "call-centre")
        (door.keys.state / "messaging.token").write_text(f"{fresh}\n", encoding="utf-8")
        async with asyncio.timeout(30):
            while noted[-1][0].token == old:
                await asyncio.sleep(0.05)
                await stub.GetCart(ASK)
    assert noted[-1][0].token == fresh


async def test_a_call_that_may_succeed_soon_is_tried_again(door: OpenedDoor) -> None:
    tries = 0

    async def third_time(request: GetCartRequest) -> GetCartResponse:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise dependency_unavailable("database")
        return GetCartResponse()

    door.will(third_time)
    async with calling(door) as channel:
        await CartServiceStub(channel).GetCart(ASK)
    assert tries == 3


async def test_a_refusal_is_not_tried_again_and_is_no_error_of_the_client_span(door: OpenedDoor) -> None:
    door.will_raise(failed_precondition("CART_EMPTY", "There is nothing to check out."))
    async with calling(door) as channel:
        with journey_labels(journey_id="jrn_1"):
            assert (await refused(CartServiceStub(channel).GetCart(ASK))).reason == "CART_EMPTY"
    assert door.counted("FAILED_PRECONDITION") == 1
    [_, client] = [span for span in door.spans.get_finished_spans() if span.name == GET_CART[1:]]
    assert (client.attributes or {})["rpc.response.status_code"] == "FAILED_PRECONDITION"
    assert client.status.is_unset  # a refusal is an answer


async def test_nothing_is_called_when_no_time_is_left(door: OpenedDoor) -> None:
    noted = note_calls(door)
    async with calling(door) as channel:
        with pytest.raises(OmnithreadError, match="DEADLINE_EXCEEDED"):
            await CartServiceStub(channel).GetCart(ASK, timeout=0)
    assert noted == []


async def test_a_service_without_a_token_says_which_file_is_missing(tmp_path: Path) -> None:
    async with service_channel("127.0.0.1:1", token_file=tmp_path / "service.token") as channel:
        with pytest.raises(FileNotFoundError, match="token"):
            await CartServiceStub(channel).GetCart(ASK)


async def test_labels_do_not_leak_between_calls(door: OpenedDoor) -> None:
    await door.ask(baggage="journey.id=jrn_1")
    assert current_labels().journey_id == ""
