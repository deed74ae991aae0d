"""A channel's program against the running suite, through the client package."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from google.type.money_pb2 import Money
from grpc import RpcError, StatusCode, aio
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import omnithread
from libs.ids import new_id
from omnithread.cart.v1.cart_service_pb2 import AddItemRequest, GetCartRequest
from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceStub
from omnithread.cart.v1.handover_service_pb2 import CreateHandoverRequest
from omnithread.context.v1.context_service_pb2 import GetJourneyRequest
from omnithread.interceptor import OutgoingUnary
from omnithread.profile.v1.profile_pb2 import Identifier
from omnithread.requests import ServerClock
from omnithread.tokens import TokenSource
from tests.services.running import Services

PRICE = Money(currency_code="EUR", units=89)


def purse(customer_id: str) -> AddItemRequest:
    return AddItemRequest(customer_id=customer_id, sku="PURSE-1", name="Purse", unit_price=PRICE, quantity=1)


async def test_a_session_carries_its_journey_into_the_calls_made_inside_it(services: Services) -> None:
    suite = services.connect("web-shop")
    session = await suite.start_session([omnithread.cookie(new_id("visitor"))])
    with session.carry():
        await suite.cart.AddItem(purse(session.customer_id))
        again = await suite.start_session([omnithread.device(new_id("phone")), *cookies(session)])
    assert again.customer_id == session.customer_id
    assert again.labels == session.labels
    assert [line.sku for line in again.context.cart.cart.lines] == ["PURSE-1"]
    journey = await suite.context.GetJourney(GetJourneyRequest(customer_id=session.customer_id))
    added = [touchpoint for touchpoint in journey.touchpoints if touchpoint.area == "cart"]
    assert [touchpoint.session_id for touchpoint in added] == [session.labels.session_id]


def cookies(session: omnithread.Session) -> list[Identifier]:
    return [one for one in session.context.profile.identifiers if one.value.startswith("visitor")]


async def test_a_blocking_program_has_the_same(services: Services) -> None:
    def shop() -> list[str]:
        with omnithread.connect_sync(services.where(), token=services.token("store-042"), plaintext=True) as suite:
            session = suite.start_session([omnithread.cookie(new_id("visitor"))])
            with session.carry():
                answer = suite.cart.AddItem(purse(session.customer_id))
                carried = suite.handovers.CreateHandover(CreateHandoverRequest(customer_id=session.customer_id))
            gone_on = suite.start_session(handover_token=carried.token)
            assert gone_on.customer_id == session.customer_id
            assert gone_on.handover is not None
            assert gone_on.handover.handover_id == carried.handover_id
            with pytest.raises(ValueError, match="not both"):
                suite.start_session(handover_token=carried.token, handover_code="123456")
            with pytest.raises(RpcError) as refused:
                suite.cart.GetCart(GetCartRequest(customer_id="cus_nobody"))
            details = omnithread.details_of(refused.value)
            assert (details.code, details.reason) == (StatusCode.NOT_FOUND, "CUSTOMER_NOT_FOUND")
            return [line.channel.id for line in answer.cart.lines]

    assert await asyncio.to_thread(shop) == ["store-042"]


async def test_a_token_that_expired_on_the_way_is_fetched_again(services: Services) -> None:
    tokens = [services.token("web-shop", lifetime_seconds=-60), services.token("web-shop")]
    fetched = iter(tokens)
    async with omnithread.connect(services.where(), token=lambda: next(fetched), plaintext=True) as suite:
        session = await suite.start_session([omnithread.cookie(new_id("visitor"))])
    assert session.customer_id


async def test_a_till_whose_clock_is_hours_ahead_sells_all_the_same(services: Services) -> None:
    customer_id = (await services.connect("web-shop").start_session([omnithread.cookie(new_id("v"))])).customer_id
    outgoing = OutgoingUnary(
        tokens=TokenSource(services.token("store-042")),
        clock=ServerClock(lambda: datetime.now(UTC) + timedelta(hours=2)),
        timeout_seconds=20,
        tracer=trace.get_tracer("till"),
        address="store-042",
    )
    async with aio.insecure_channel(services.addresses["cart"], interceptors=[outgoing]) as channel:
        answer = await CartServiceStub(channel).AddItem(purse(customer_id))
    assert len(answer.cart.lines) == 1


async def test_a_failed_call_names_the_fields_at_fault(services: Services) -> None:
    suite = services.connect("web-shop")
    with pytest.raises(RpcError) as refused:
        await suite.cart.AddItem(AddItemRequest(customer_id="not an id", sku="", quantity=0))
    details = omnithread.details_of(refused.value)
    assert (details.code, details.reason, details.domain) == (
        StatusCode.INVALID_ARGUMENT,
        "INVALID_FIELD",
        "cart.omnithread",
    )
    assert {violation.field for violation in details.fields} >= {"customer_id", "sku", "quantity", "unit_price"}


async def test_a_new_session_is_linked_to_the_last_touchpoint_of_the_journey(services: Services) -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    visitor = omnithread.cookie(new_id("visitor"))
    first = await services.connect("web-shop").start_session([visitor])
    suite = services.connect("mobile-app")
    suite._tracer = provider.get_tracer("test")
    second = await suite.start_session([visitor])
    assert second.labels.journey_id == first.labels.journey_id
    (span,) = spans.get_finished_spans()
    linked = [link.context.trace_id for link in span.links]
    last = second.started.last_touchpoint_traceparent
    assert linked == ([int(last.split("-")[1], 16)] if last else [])
    assert dict(span.attributes or {})["journey.id"] == second.labels.journey_id
