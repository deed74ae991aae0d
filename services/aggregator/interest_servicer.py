"""Translates calls: one short method per RPC of `InterestService`."""

from datetime import datetime, timedelta

from google.type.money_pb2 import Money as MoneyProto

from libs.clock import Clock
from libs.errors import invalid_field
from libs.money import Money, NoCurrency, NoPrice, read_price
from libs.mongo.requests import MAX_AHEAD
from libs.telemetry.propagation import current_traceparent
from libs.timestamps import from_timestamp
from omnithread.context.v1 import interest_service_pb2 as pb
from omnithread.context.v1.interest_service_pb2_grpc import InterestServiceServicer
from services.aggregator import errors
from services.aggregator.price_changes import PriceChange, PriceChanges

MOST_MINOR = 10**15
"""No price is beyond this many minor units."""


class InterestServicer(InterestServiceServicer):
    """Answers the company's catalogue."""

    def __init__(self, changes: PriceChanges, clock: Clock) -> None:
        self._changes = changes
        self._clock = clock

    async def ReportPriceChange(
        self, request: pb.ReportPriceChangeRequest, _context: object
    ) -> pb.ReportPriceChangeResponse:
        change, replayed = await self._changes.report(change_from_request(request, now=self._clock()))
        return pb.ReportPriceChangeResponse(telling=change.is_fall, replayed=replayed)

    async def GetPriceChange(self, request: pb.GetPriceChangeRequest, _context: object) -> pb.GetPriceChangeResponse:
        change = await self._changes.get(request.change_id)
        return pb.GetPriceChangeResponse(sku=change.sku, told_count=change.told_count, done=change.done)


def change_from_request(request: pb.ReportPriceChangeRequest, *, now: datetime) -> PriceChange:
    """Read what the catalogue reports. Raises PRICE_INVALID, INVALID_FIELD."""
    old_price = _price(request.old_price, "old_price")
    new_price = _price(request.new_price, "new_price")
    if old_price.currency_code != new_price.currency_code:
        raise errors.price_invalid("new_price", "in another currency than the old one")
    change_time = from_timestamp(request.change_time, field="change_time")
    if change_time > now + MAX_AHEAD:
        raise invalid_field("change_time", "in the future")
    return PriceChange(
        change_id=request.change_id,
        sku=request.sku,
        name=request.name,
        old_price=old_price,
        new_price=new_price,
        link_uri=request.link_uri,
        change_time=change_time - timedelta(microseconds=change_time.microsecond % 1000),  # as it is kept
        traceparent=current_traceparent(),
    )


def _price(money: MoneyProto, field: str) -> Money:
    try:
        price = read_price(money)
    except NoCurrency:
        raise errors.price_invalid(f"{field}.currency_code", "no currency of ISO 4217") from None
    except NoPrice:
        what = "negative, or more digits than the currency has, or units and nanos disagree"
        raise errors.price_invalid(field, what) from None
    if price.minor > MOST_MINOR:
        raise errors.price_invalid(field, f"beyond {MOST_MINOR} minor units")
    return price
