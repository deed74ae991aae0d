"""Hears of orders, wherever they were placed, and notes in the record those that are a campaign's success."""

from dataclasses import dataclass

import structlog

from libs.errors import OmnithreadError, Status
from libs.mongo.record import Records
from libs.mongo.values import Saved
from libs.origin import Origin, Stamp
from libs.telemetry.propagation import current_traceparent
from libs.timestamps import from_timestamp
from omnithread.cart.v1.cart_events_pb2 import CartEvent
from omnithread.cart.v1.order_pb2 import ORDER_STATE_CANCELLED
from services.messaging.campaigns.reporting.attribution import Purchase, attribute, take_back
from services.messaging.campaigns.reporting.meters import CampaignMeters
from services.messaging.events import Event
from services.messaging.model import Change, Overtaken
from services.messaging.values import Messaging

PART = "campaign-reporting"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Crediting:
    """Takes in one event of cart after the other."""

    records: Records[Messaging, Event]
    meters: CampaignMeters

    async def hear(self, event: CartEvent) -> None:
        """Note an order, or that it was cancelled; safe to repeat. One read, and one write where it counts."""
        header = event.header
        decided: Change | None = None

        def decide(saved: Saved[Messaging]) -> Change:
            nonlocal decided
            decided = _decide(saved.state, event)
            if decided is None:
                raise Overtaken
            return decided

        try:
            known = await self.records.get(header.customer_id)
            if _decide(known.state, event) is None:
                return
            stamp = Stamp.internal(f"credit:{header.event_id}", Origin.system(PART, traceparent=current_traceparent()))
            outcome = await self.records.run(header.customer_id, stamp, decide)
        except Overtaken:
            return
        except OmnithreadError as error:
            if error.status is not Status.NOT_FOUND:
                raise
            log.info("customer_gone", customer_id=header.customer_id)
            return
        if decided is not None and not outcome.replayed:
            self.meters.count(decided.events)


def _decide(state: Messaging, event: CartEvent) -> Change | None:
    if event.HasField("order_advanced"):
        advanced = event.order_advanced
        return take_back(state, advanced.order_id) if advanced.state == ORDER_STATE_CANCELLED else None
    purchase = purchase_in(event)
    return attribute(state, purchase) if purchase is not None else None


def purchase_in(event: CartEvent) -> Purchase | None:
    """Give the order that an event tells of; None where it tells of none."""
    if event.HasField("cart_checked_out"):
        order_id, total = event.cart_checked_out.order_id, event.cart_checked_out.total
    elif event.HasField("order_recorded") and event.order_recorded.state != ORDER_STATE_CANCELLED:
        order_id, total = event.order_recorded.order_id, event.order_recorded.total
    else:
        return None
    channel = event.header.channel
    return Purchase(
        order_id=order_id,
        currency_code=total.currency_code,
        units=total.units,
        nanos=total.nanos,
        channel_id=channel.id,
        channel_kind=channel.kind,
        order_time=from_timestamp(event.header.occur_time),
    )
