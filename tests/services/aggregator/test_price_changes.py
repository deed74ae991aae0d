"""The catalogue reports prices: who looked at a product is told once that it costs less, whatever crashes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.type.money_pb2 import Money

from libs.ids import new_id
from libs.timestamps import to_timestamp
from omnithread.context.v1 import context_internal_service_pb2 as internal_pb
from omnithread.context.v1 import context_pb2 as context
from omnithread.context.v1 import context_service_pb2 as pb
from omnithread.context.v1 import interest_service_pb2 as interest_pb
from omnithread.context.v1.context_events_pb2 import PriceFell
from omnithread.context.v1.context_internal_service_pb2_grpc import ContextInternalServiceStub
from tests.services.aggregator.company import Company, login, visitor
from tests.services.calls import refusal, until


def francs(units: int, nanos: int = 0) -> Money:
    return Money(currency_code="CHF", units=units, nanos=nanos)


def fall(sku: str, **fields: Any) -> interest_pb.ReportPriceChangeRequest:
    """A price that fell from 89 to 59."""
    request = interest_pb.ReportPriceChangeRequest(
        change_id=new_id("chg"),
        sku=sku,
        name=f"The {sku}",
        old_price=francs(89),
        new_price=francs(59),
        change_time=to_timestamp(datetime.now(UTC)),
    )
    for name, value in fields.items():
        getattr(request, name).CopyFrom(value) if isinstance(value, Money) else setattr(request, name, value)
    return request


async def look(company: Company, sku: str, *, days_ago: float = 0) -> str:
    """Somebody who looks at a product."""
    customer_id = (await company.web.start_session([visitor()])).customer_id
    await look_again(company, customer_id, sku, days_ago=days_ago)
    return customer_id


async def look_again(company: Company, customer_id: str, sku: str, *, days_ago: float = 0) -> None:
    time = to_timestamp(datetime.now(UTC) - timedelta(days=days_ago))
    await company.web.context.RecordTouchpoint(
        pb.RecordTouchpointRequest(
            customer_id=customer_id, kind=context.TOUCHPOINT_KIND_PRODUCT_VIEWED, subject=sku, occur_time=time
        )
    )


async def told(company: Company, customer_id: str) -> list[PriceFell]:
    """What was announced to a customer."""
    channel = company.services.as_service("messaging", to=company.aggregator)
    stub = ContextInternalServiceStub(channel)
    answer = await stub.ReplayEvents(internal_pb.ReplayEventsRequest(customer_id=customer_id))
    return [event.price_fell for event in answer.events if event.HasField("price_fell")]


async def done(company: Company, change_id: str) -> interest_pb.GetPriceChangeResponse:
    """How far it was told once it was told to the end."""
    request = interest_pb.GetPriceChangeRequest(change_id=change_id)

    async def ended() -> interest_pb.GetPriceChangeResponse | None:
        answer = await company.web.interests.GetPriceChange(request)
        return answer if answer.done else None

    found = await until(ended)
    assert found
    return found


async def test_everybody_who_looked_at_it_is_told_once_and_nobody_else(company: Company) -> None:
    sku = new_id("boots")
    interested = [await look(company, sku) for _ in range(3)]
    other = await look(company, f"{sku}-other")
    request = fall(sku)
    first = await company.web.interests.ReportPriceChange(request)
    again = await company.web.interests.ReportPriceChange(request)
    assert (first.telling, first.replayed, again.telling, again.replayed) == (True, False, True, True)
    answer = await done(company, request.change_id)
    assert (answer.sku, answer.told_count) == (sku, 3)
    for customer_id in interested:
        (event,) = await told(company, customer_id)
        assert (event.sku, event.new_price, event.change_id) == (sku, francs(59), request.change_id)
    assert await told(company, other) == []
    seen = (await company.whole_context(interested[0])).journey
    (touchpoint,) = [t for t in seen.recent_touchpoints if t.kind == context.TOUCHPOINT_KIND_PRICE_FELL]
    assert (touchpoint.by_customer, touchpoint.subject) == (False, sku)


async def test_a_price_that_rises_is_nobodys_news(company: Company) -> None:
    sku = new_id("boots")
    customer_id = await look(company, sku)
    request = fall(sku, new_price=francs(99))
    assert not (await company.web.interests.ReportPriceChange(request)).telling
    assert (await done(company, request.change_id)).told_count == 0
    assert await told(company, customer_id) == []


async def test_who_was_a_guest_when_they_looked_is_told_as_who_they_are_now(company: Company) -> None:
    sku, who, browser = new_id("boots"), login(), visitor()
    known = (await company.store.start_session([who])).customer_id
    guest = await company.web.start_session([browser])
    await look_again(company, guest.customer_id, sku)
    await look_again(company, known, sku)
    await company.web.start_session([browser, who])
    request = fall(sku)
    await company.web.interests.ReportPriceChange(request)
    assert (await done(company, request.change_id)).told_count == 1
    assert len(await told(company, known)) == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"new_price": Money(currency_code="EUR", units=5)}, "PRICE_INVALID"),
        ({"old_price": francs(-1)}, "PRICE_INVALID"),
        ({"new_price": francs(1, 1)}, "PRICE_INVALID"),
        ({"old_price": Money(currency_code="XXX", units=5)}, "PRICE_INVALID"),
        ({"old_price": francs(2**62)}, "INVALID_FIELD"),
        ({"change_id": "no such name"}, "INVALID_FIELD"),
    ],
)
async def test_what_is_no_change_of_a_price_is_refused(company: Company, fields: dict[str, Any], reason: str) -> None:
    refused = await refusal(company.web.interests.ReportPriceChange(fall("boots", **fields)))
    assert refused.reason == reason


async def test_a_name_stands_for_one_change_and_an_unknown_one_for_none(company: Company) -> None:
    request = fall("boots")
    await company.web.interests.ReportPriceChange(request)
    request.new_price.CopyFrom(francs(49))
    assert (await refusal(company.web.interests.ReportPriceChange(request))).reason == "PRICE_CHANGE_REUSED"
    unknown = interest_pb.GetPriceChangeRequest(change_id="unheard-of")
    assert (await refusal(company.web.interests.GetPriceChange(unknown))).reason == "PRICE_CHANGE_NOT_FOUND"
    early = fall("boots")
    early.change_time.CopyFrom(to_timestamp(datetime.now(UTC) + timedelta(hours=1)))
    assert (await refusal(company.web.interests.ReportPriceChange(early))).reason == "INVALID_FIELD"
