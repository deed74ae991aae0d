"""Decides whom the fall of a price interests, and notes that they are told of it. Pure."""

from datetime import datetime

from libs.journey_rules import JourneyRules
from libs.mongo.values import Decision
from omnithread.common.v1 import channel_pb2
from omnithread.context.v1 import context_pb2
from services.aggregator.events import PriceFell
from services.aggregator.interests import was_interested
from services.aggregator.model import AREA, Change, with_touchpoint
from services.aggregator.price_changes import PriceChange
from services.aggregator.values import Thread, Touchpoint

PART = "price-alerts"
CHANGE_ID = "change_id"
"""The attribute of the touchpoint that names the change."""


def tell_of_fall(
    thread: Thread,
    change: PriceChange,
    *,
    since: datetime,
    now: datetime,
    touchpoint_id: str,
    journey_id: str,
    traceparent: str,
    rules: JourneyRules,
) -> Change | None:
    """Announce the fall to one customer; None where they did not look at the product since, or were told.

    Who saw it for the first time when it cost less already hears no news.
    Being told is no act of theirs. `journey_id` is for a journey that it may open.
    """
    knew_it = was_interested(thread, change.sku, since=since, at=change.change_time)
    if not knew_it or _was_told(thread, change.change_id):
        return None
    touchpoint = Touchpoint(
        touchpoint_id=touchpoint_id,
        kind=context_pb2.TOUCHPOINT_KIND_PRICE_FELL,
        channel_id=PART,
        channel_kind=channel_pb2.CHANNEL_KIND_SYSTEM,
        occur_time=now,
        by_customer=False,
        area=AREA,
        summary=f"price of {change.sku} fell",
        subject=change.sku,
        attributes=((CHANGE_ID, change.change_id),),
        traceparent=traceparent,
        merges=thread.merges,
    )
    noted = with_touchpoint(thread, touchpoint, journey_id, rules)
    return Decision(noted.thread, (noted.recorded(), *noted.turns, PriceFell(now, change)))


def _was_told(thread: Thread, change_id: str) -> bool:
    """Whether it is among the newest touchpoints: so one who was told as two customers is told once."""
    return any((CHANGE_ID, change_id) in touchpoint.attributes for touchpoint in thread.recent_touchpoints)
