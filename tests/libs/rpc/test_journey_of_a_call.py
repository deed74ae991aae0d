"""Every call is found again by its journey: labels, traces, and what is kept of them."""

from functools import partial
from typing import Any

import pytest
from opentelemetry import trace

from deploy.local.keys import Keys, mint_channel_token, mint_service_token
from libs.errors import customer_not_found
from libs.rpc.call import Call, current_call
from libs.telemetry.journey import add_journey_labels, current_labels
from libs.telemetry.propagation import span_context_of
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest, GetCartResponse
from omnithread.context.v1.context_service_pb2 import StartSessionRequest, StartSessionResponse
from omnithread.context.v1.context_service_pb2_grpc import (
    ContextServiceServicer,
    ContextServiceStub,
    add_ContextServiceServicer_to_server,
)
from omnithread.profile.v1.profile_pb2 import Identifier, IdentifierKind
from tests.libs.rpc.opened_door import ASK, OpenedDoor, as_channel, bearing, opened_door, refused

KEPT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NOT_KEPT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
TRACE_ID = 0x0AF7651916CD43DD8448EB211C80319C
JOURNEY = "journey.id=jrn_1,session.id=ses_1"


async def seen_of(door: OpenedDoor, **headers: str) -> tuple[Call, dict[str, str]]:
    """Give the call and the labels that a servicer sees."""
    seen: list[tuple[Call, dict[str, str]]] = []

    async def look(request: GetCartRequest) -> GetCartResponse:
        seen.append((current_call(), current_labels().attributes()))
        return GetCartResponse()

    door.will(look)
    await door.stub.GetCart(ASK, metadata=as_channel(door.keys, "web-shop", **headers))
    return seen[0]


def attributes(door: OpenedDoor) -> dict[str, Any]:  # values are of several types
    return dict(door.span().attributes or {})


async def test_the_journey_and_customer_are_on_the_span(door: OpenedDoor) -> None:
    call, labels = await seen_of(door, baggage=JOURNEY)
    expected = {"journey.id": "jrn_1", "session.id": "ses_1", "channel.id": "web-shop", "customer.id": "cus_1"}
    assert labels == expected
    assert attributes(door).items() >= expected.items()
    assert (
        attributes(door).items()
        >= {
            "rpc.system.name": "grpc",
            "rpc.method": "omnithread.cart.v1.CartService/GetCart",
            "rpc.response.status_code": "OK",
        }.items()
    )
    assert (call.journey_id, call.session_id) == ("jrn_1", "ses_1")


async def test_the_channel_is_the_tokens_whatever_the_baggage_says(door: OpenedDoor) -> None:
    call, labels = await seen_of(door, baggage="channel.id=store-042")
    assert labels["channel.id"] == "web-shop"
    assert call.caller.channel_id == "web-shop"


@pytest.mark.parametrize(
    "baggage",
    [
        "email=anna%40example.com,name=Anna,customer.id=cus_2",
        "journey.id=anna%40example.com",
        f"session.id={'s' * 129}",
        "journey.id=Anna Example",
        "journey.id=,session.id",
        "=,;,=;",
        "journey.id" + "," * 3000,
    ],
)
async def test_nothing_but_short_ids_is_read_from_baggage(door: OpenedDoor, baggage: str) -> None:
    call, labels = await seen_of(door, baggage=baggage)
    assert labels == {"channel.id": "web-shop", "customer.id": "cus_1"}
    assert (call.journey_id, call.session_id) == ("", "")
    assert "anna" not in str(attributes(door)).lower()


async def test_the_longest_id_and_properties_are_read(door: OpenedDoor) -> None:
    call, _ = await seen_of(door, baggage=f"vendor=x , session.id={'s' * 128};secure , journey.id=jrn%5F7;a=b")
    assert (call.journey_id, call.session_id) == ("jrn_7", "s" * 128)


async def test_a_refused_caller_labels_nothing(door: OpenedDoor) -> None:
    await refused(door.stub.GetCart(ASK, metadata=bearing("rubbish", baggage=JOURNEY)))
    assert not {"journey.id", "session.id", "channel.id", "customer.id"} & attributes(door).keys()
    assert attributes(door)["omnithread.reason"] == "TOKEN_INVALID"


async def test_the_callers_trace_goes_on(door: OpenedDoor) -> None:
    call, _ = await seen_of(door, traceparent=KEPT)
    span = door.span()
    assert span.context.trace_id == TRACE_ID
    assert span.parent is not None
    assert span.parent.span_id == 0xB7AD6B7169203331
    assert call.traceparent == f"00-{TRACE_ID:032x}-{span.context.span_id:016x}-01"


@pytest.mark.parametrize(
    "header", ["", "rubbish", KEPT[:-1], KEPT.upper(), "ff" + KEPT[2:], f"00-{0:032x}-{1:016x}-01"]
)
async def test_a_broken_trace_context_starts_a_new_trace(door: OpenedDoor, header: str) -> None:
    call, _ = await seen_of(door, traceparent=header)
    assert door.span().parent is None
    context = span_context_of(call.traceparent)
    assert context is not None
    assert context.trace_id != TRACE_ID


async def test_what_a_servicer_starts_hangs_below_the_call_and_has_its_labels(door: OpenedDoor) -> None:
    tracers: list[trace.Tracer] = [door.tracer]

    async def look(request: GetCartRequest) -> GetCartResponse:
        add_journey_labels(journey_id="jrn_2")
        with tracers[0].start_as_current_span("inside"):
            return GetCartResponse()

    door.will(look)
    await door.ask(baggage=JOURNEY)
    inside, outside = door.span("inside"), door.span()
    assert inside.parent is not None
    assert inside.parent.span_id == outside.context.span_id
    assert dict(inside.attributes or {}) == {
        "journey.id": "jrn_2",
        "session.id": "ses_1",
        "channel.id": "web-shop",
        "customer.id": "cus_1",
    }
    assert attributes(door)["journey.id"] == "jrn_2"


async def test_a_journey_that_is_not_kept_leaves_no_span_but_a_trace_id(keys: Keys) -> None:
    async with opened_door(keys, ratio=0.0) as door:
        call, _ = await seen_of(door, baggage=JOURNEY, traceparent=NOT_KEPT)
        assert door.spans.get_finished_spans() == ()
        assert call.traceparent.startswith(f"00-{TRACE_ID:032x}-")
        assert call.traceparent.endswith("-00")


async def test_a_callers_flag_keeps_the_call(keys: Keys) -> None:
    async with opened_door(keys, ratio=0.0) as door:
        await door.ask(baggage=JOURNEY, traceparent=KEPT)
        assert door.span().context.trace_id == TRACE_ID


async def test_what_a_service_asks_for_nobody_begins_no_trace(door: OpenedDoor) -> None:
    def asked(**headers: str) -> list[tuple[str, str | bytes]]:
        return bearing(mint_service_token(door.keys.state, "messaging"), **headers)

    await door.stub.GetCart(ASK, metadata=asked(traceparent=NOT_KEPT))
    assert door.spans.get_finished_spans() == ()
    await door.stub.GetCart(ASK, metadata=asked(traceparent=NOT_KEPT, baggage=JOURNEY))
    assert attributes(door)["omnithread.caller"] == "messaging"
    door.spans.clear()
    await door.ask(traceparent=NOT_KEPT)
    assert "omnithread.caller" not in attributes(door)


async def test_a_failed_call_is_kept_although_its_journey_is_not(keys: Keys) -> None:
    async with opened_door(keys, ratio=0.0) as door:
        door.will_raise(customer_not_found("cus_1"))
        await refused(door.ask(baggage=JOURNEY, traceparent=NOT_KEPT))
        span = door.span()
        assert span.context.trace_id == TRACE_ID
        assert (
            attributes(door).items()
            >= {
                "omnithread.reason": "CUSTOMER_NOT_FOUND",
                "omnithread.failed": True,
                "journey.id": "jrn_1",
                "customer.id": "cus_1",
            }.items()
        )
        assert span.start_time is not None
        assert span.end_time is not None
        assert span.start_time <= span.end_time


class Greeter(ContextServiceServicer):
    async def StartSession(  # noqa: N802  the contract's name
        self, _request: StartSessionRequest, _context: object
    ) -> StartSessionResponse:
        return StartSessionResponse()


async def test_the_start_of_a_session_is_always_kept(keys: Keys) -> None:
    greeter = Greeter()  # type: ignore[abstract]  # the others are left out
    more = [partial(add_ContextServiceServicer_to_server, greeter)]
    async with opened_door(keys, ratio=0.0, more=more) as door:
        request = StartSessionRequest(
            identifiers=[Identifier(kind=IdentifierKind.IDENTIFIER_KIND_COOKIE, value="visitor-1")],
            request_id="0123456789abcdef",
        )
        request.issue_time.GetCurrentTime()
        token = mint_channel_token(keys.state, "web-shop")
        await ContextServiceStub(door.channel).StartSession(request, metadata=bearing(token))
        assert door.span("omnithread.context.v1.ContextService/StartSession").context.is_valid
