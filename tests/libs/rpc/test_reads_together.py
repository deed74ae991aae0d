"""Reads that go to a service in one call are let in, answered, refused, counted and noted as if each came by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NoOpTracer

from deploy.local.keys import Keys, mint_channel_token, write_service_token
from libs.errors import failed_precondition
from libs.rpc import reads_together
from libs.rpc.call import CURRENT_CALL, Call, current_call, remaining_seconds
from libs.rpc.client import service_channel
from libs.rpc.gathered_calls import TOGETHER, GatheredCalls
from libs.rpc.outbound import OutboundChannel
from libs.telemetry.journey import current_labels, journey_labels
from omnithread.cart.v1.cart_internal_service_pb2 import ReadTogetherRequest
from omnithread.cart.v1.cart_pb2 import Cart
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest, GetCartResponse
from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceStub
from omnithread.common.v1.gathered_pb2 import GatheredRead
from tests.libs.rpc.opened_door import GET_CART, OpenedDoor, as_channel, opened_door, refused, verifier

READ_TOGETHER = "/omnithread.cart.v1.CartInternalService/ReadTogether"
REPLAY = "/omnithread.cart.v1.CartInternalService/ReplayEvents"


@asynccontextmanager
async def forwarding(door: OpenedDoor) -> AsyncIterator[OutboundChannel]:
    """Open the channel of an aggregator whose own calls are traced nowhere."""
    token = write_service_token(door.keys.state, "aggregator")
    untraced = NoOpTracer()
    async with service_channel(f"127.0.0.1:{door.server.port}", token_file=token, tracer=untraced) as own:
        yield own.forwarding(gathered=GatheredCalls("cart", own))


async def read_as(
    channel: OutboundChannel, keys: Keys, channel_id: str, customer_id: str, *, seconds: float = 20.0
) -> str:
    """Read a cart in the name of a channel, in a visit of the customer's, and give whose cart was answered."""
    token = mint_channel_token(keys.state, channel_id)
    CURRENT_CALL.set(Call(caller=verifier(keys).verify(token), token=token))
    with journey_labels(journey_id=f"jrn_{customer_id}"):
        answer = await CartServiceStub(channel).GetCart(GetCartRequest(customer_id=customer_id), timeout=seconds)
    return str(answer.cart.customer_id)


def one_by_one(door: OpenedDoor) -> list[tuple[str, str, str, float | None]]:
    """Answer each read for itself, and note who asked for whom, on which journey, and within which time."""
    noted: list[tuple[str, str, str, float | None]] = []

    async def answer(request: GetCartRequest) -> GetCartResponse:
        call = current_call()
        noted.append((request.customer_id, call.caller.channel_id, current_labels().journey_id, remaining_seconds()))
        await asyncio.sleep(0)
        if request.customer_id == "cus_refused":
            raise failed_precondition("CART_EMPTY", "There is nothing in it.")
        return GetCartResponse(cart=Cart(customer_id=request.customer_id))

    door.will(answer)
    return noted


@pytest.fixture
async def unsampled(keys: Keys) -> AsyncIterator[OpenedDoor]:
    async with opened_door(keys, ratio=0.0) as door:
        yield door


async def test_each_is_answered_in_its_own_name_and_journey_by_a_few_calls(unsampled: OpenedDoor) -> None:
    noted, channels = one_by_one(unsampled), ("web-shop", "mobile-app", "store-042")
    asked = [(f"cus_{number}", channels[number % 3]) for number in range(60)]
    async with forwarding(unsampled) as channel:
        tasks = [asyncio.create_task(read_as(channel, unsampled.keys, where, who)) for who, where in asked]
        assert await asyncio.gather(*tasks) == [who for who, _ in asked]
    assert sorted(one[:3] for one in noted) == sorted((who, where, f"jrn_{who}") for who, where in asked)
    assert unsampled.counted("OK") == len(asked)
    assert 1 <= unsampled.counted("OK", READ_TOGETHER) <= len(asked) / 10


async def test_one_that_is_refused_takes_nobody_along(unsampled: OpenedDoor) -> None:
    one_by_one(unsampled)
    asked = ["cus_1", "cus_2", "cus_3", "cus_refused", "cus_4", "not an id"]
    async with forwarding(unsampled) as channel:
        tasks = [asyncio.create_task(read_as(channel, unsampled.keys, "web-shop", who)) for who in asked]
        assert [await tasks[number] for number in (0, 1, 2, 4)] == ["cus_1", "cus_2", "cus_3", "cus_4"]
        assert (await refused(tasks[3])).reason == "CART_EMPTY"
        assert "customer_id" in (await refused(tasks[5])).faults
    assert unsampled.counted("OK", READ_TOGETHER) == 1


async def test_a_channel_may_no_more_than_by_itself(unsampled: OpenedDoor) -> None:
    noted = one_by_one(unsampled)
    token = write_service_token(unsampled.keys.state, "aggregator").read_text().strip()
    reads = [
        GatheredRead(
            method=GET_CART, token=mint_channel_token(unsampled.keys.state, "social-media", scopes=["profile:read"])
        ),
        GatheredRead(method=GET_CART, token="none"),
        GatheredRead(method=REPLAY, token=token),
        GatheredRead(method="/omnithread.cart.v1.CartService/AddItem", token=token),
        GatheredRead(method="/omnithread.cart.v1.CartService/NoSuch", token=token),
    ]
    answer = await unsampled.internal.ReadTogether(
        ReadTogetherRequest(reads=reads), metadata=[("authorization", f"Bearer {token}")]
    )
    codes = [one.refusal.code for one in answer.answers]
    expected = ["PERMISSION_DENIED", "UNAUTHENTICATED", "UNIMPLEMENTED", "UNIMPLEMENTED", "UNIMPLEMENTED"]
    assert codes == [grpc.StatusCode[name].value[0] for name in expected]
    assert noted == []


async def test_no_channel_asks_together(unsampled: OpenedDoor) -> None:
    reads = [GatheredRead(method=GET_CART, request=GetCartRequest(customer_id="cus_1").SerializeToString())]
    call = unsampled.internal.ReadTogether(
        ReadTogetherRequest(reads=reads), metadata=as_channel(unsampled.keys, "web-shop")
    )
    assert (await refused(call)).reason == "CALLER_NOT_ALLOWED"


async def test_each_has_its_own_time(unsampled: OpenedDoor) -> None:
    noted = one_by_one(unsampled)
    async with forwarding(unsampled) as channel:
        tasks = [
            asyncio.create_task(read_as(channel, unsampled.keys, "mobile-app", f"cus_{number}", seconds=5.0 + number))
            for number in range(10)
        ]
        await asyncio.gather(*tasks)
    for who, _, _, left_seconds in noted:
        assert left_seconds is not None
        assert left_seconds <= 5.0 + int(who.removeprefix("cus_"))
    token = write_service_token(unsampled.keys.state, "aggregator").read_text().strip()
    spent = Duration(nanos=1)
    read = GatheredRead(
        method=GET_CART,
        token=mint_channel_token(unsampled.keys.state, "mobile-app"),
        timeout=spent,
        request=GetCartRequest(customer_id="cus_1").SerializeToString(),
    )
    answer = await unsampled.internal.ReadTogether(
        ReadTogetherRequest(reads=[read]), metadata=[("authorization", f"Bearer {token}")]
    )
    assert answer.answers[0].refusal.code == grpc.StatusCode.DEADLINE_EXCEEDED.value[0]


async def test_each_has_its_own_trace(keys: Keys) -> None:
    async with opened_door(keys, ratio=0.0) as door:
        one_by_one(door)
        kept, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(kept))
        token, tracer = write_service_token(keys.state, "aggregator"), provider.get_tracer("test")
        async with service_channel(f"127.0.0.1:{door.server.port}", token_file=token, tracer=tracer) as own:
            channel = own.forwarding(gathered=GatheredCalls("cart", own))
            reads = [read_as(channel, keys, "mobile-app", f"cus_{number}") for number in range(20)]
            await asyncio.gather(*(asyncio.create_task(read) for read in reads))
        assert door.counted("OK") == 20
        assert 1 <= door.counted("OK", READ_TOGETHER) < 5
        asked = {span.context.span_id: span.context.trace_id for span in kept.get_finished_spans() if span.context}
        answered = door.spans.get_finished_spans()
    assert len(asked) == len(answered) == 20  # the calls that brought them stand in nobody's trace
    for span in answered:
        assert span.context is not None
        assert span.parent is not None
        assert span.context.trace_id == asked.pop(span.parent.span_id)
        assert span.name.endswith("/GetCart")


async def test_what_there_is_no_room_for_is_asked_for_by_itself(
    unsampled: OpenedDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = one_by_one(unsampled)
    monkeypatch.setattr(reads_together, "MOST_BYTES", 40)
    async with forwarding(unsampled) as channel:
        tasks = [
            asyncio.create_task(read_as(channel, unsampled.keys, "mobile-app", f"cus_{number}")) for number in range(20)
        ]
        assert await asyncio.gather(*tasks) == [f"cus_{number}" for number in range(20)]
    assert len(noted) > 20


async def test_a_service_of_the_release_before_is_asked_one_by_one(
    unsampled: OpenedDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_by_one(unsampled)

    async def unknown(_ask: object, _request: object, **_: object) -> None:
        raise grpc.aio.AioRpcError(grpc.StatusCode.UNIMPLEMENTED, grpc.aio.Metadata(), grpc.aio.Metadata(), "no")

    async with forwarding(unsampled) as channel:
        assert channel._gathered is not None
        monkeypatch.setattr(channel._gathered, "_ask", unknown.__get__(channel._gathered))
        tasks = [
            asyncio.create_task(read_as(channel, unsampled.keys, "mobile-app", f"cus_{number}"))
            for number in range(TOGETHER + 10)
        ]
        assert await asyncio.gather(*tasks) == [f"cus_{number}" for number in range(TOGETHER + 10)]
    assert unsampled.counted("OK") == TOGETHER + 10


async def test_who_gives_up_takes_nobody_along(unsampled: OpenedDoor) -> None:
    one_by_one(unsampled)
    async with forwarding(unsampled) as channel:
        tasks = [
            asyncio.create_task(read_as(channel, unsampled.keys, "mobile-app", f"cus_{number}")) for number in range(20)
        ]
        await asyncio.sleep(0)
        for task in tasks[10:]:
            task.cancel()
        assert await asyncio.gather(*tasks[:10]) == [f"cus_{number}" for number in range(10)]
        await asyncio.gather(*tasks[10:], return_exceptions=True)
    assert all(task.cancelled() for task in tasks[10:])
