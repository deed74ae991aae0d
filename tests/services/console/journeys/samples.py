"""Marks to make pictures of."""

from datetime import UTC, datetime, timedelta

from omnithread.common.v1.channel_pb2 import ChannelKind
from omnithread.context.v1.context_pb2 import TouchpointKind
from services.console.journeys.marks import Mark

BEGIN = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
KINDS = {
    "web-shop": ChannelKind.CHANNEL_KIND_WEB,
    "mobile-app": ChannelKind.CHANNEL_KIND_MOBILE_APP,
    "store-042": ChannelKind.CHANNEL_KIND_STORE,
    "": ChannelKind.CHANNEL_KIND_SYSTEM,
}


def mark(
    after: timedelta,
    channel: str = "web-shop",
    *,
    kind: int = TouchpointKind.TOUCHPOINT_KIND_PRODUCT_VIEWED,
    number: int = 0,
    by_customer: bool = True,
) -> Mark:
    return Mark(
        touchpoint_id=f"tp_{channel}_{after.total_seconds()}_{number}",
        time=BEGIN + after,
        channel_id=channel,
        channel_kind=KINDS.get(channel, ChannelKind.CHANNEL_KIND_SOCIAL),
        kind=kind,
        by_customer=by_customer,
    )
