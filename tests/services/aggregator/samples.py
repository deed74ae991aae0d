"""What the aggregator's tests are told with: moments, origins and events, each with all that it needs and no more."""

from datetime import UTC, datetime, timedelta

from libs.origin import Origin
from libs.timestamps import to_timestamp
from omnithread.cart.v1 import cart_events_pb2
from omnithread.common.v1 import channel_pb2, event_pb2
from omnithread.context.v1 import context_pb2
from services.aggregator.model import FreshIds
from services.aggregator.values import Heard, Thread, Touchpoint

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEB = Origin("web-shop", channel_pb2.CHANNEL_KIND_WEB, traceparent="00-" + "1" * 32 + "-" + "2" * 16 + "-01")
STORE = Origin("store-042", channel_pb2.CHANNEL_KIND_STORE, actor_id="emp-7")


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def ids(number: int) -> FreshIds:
    return FreshIds(touchpoint_id=f"tch_{number}", session_id=f"ses_{number}", journey_id=f"jrn_{number}")


def header(
    seq: int,
    *,
    occur_time: datetime = NOON,
    channel_id: str = "web-shop",
    channel_kind: channel_pb2.ChannelKind.ValueType = channel_pb2.CHANNEL_KIND_WEB,
    customer_id: str = "cus_1",
    session_id: str = "",
    epoch: str = "epoch-1",
) -> event_pb2.EventHeader:
    return event_pb2.EventHeader(
        event_id=f"evt_{seq}",
        epoch=epoch,
        seq=seq,
        occur_time=to_timestamp(occur_time),
        record_time=to_timestamp(occur_time),
        customer_id=customer_id,
        channel=channel_pb2.Channel(id=channel_id, kind=channel_kind),
        session_id=session_id,
        traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01",
    )


def item_added(head: event_pb2.EventHeader, sku: str = "SKU-1", quantity: int = 2) -> cart_events_pb2.CartEvent:
    return cart_events_pb2.CartEvent(
        header=head, cart_id="crt_1", item_added=cart_events_pb2.ItemAdded(sku=sku, quantity=quantity)
    )


def place(seq: int, area: str = "cart", customer_id: str = "cus_1", epoch: str = "epoch-1") -> Heard:
    return Heard(area=area, customer_id=customer_id, epoch=epoch, seq=seq)


def touchpoint(
    number: int, at: datetime = NOON, *, by_customer: bool = True, session_id: str = "", padding: int = 0
) -> Touchpoint:
    return Touchpoint(
        touchpoint_id=f"tch_{number:03}",
        kind=context_pb2.TOUCHPOINT_KIND_CART_CHANGED,
        channel_id="web-shop",
        channel_kind=channel_pb2.CHANNEL_KIND_WEB,
        occur_time=at,
        by_customer=by_customer,
        area="cart",
        session_id=session_id,
        attributes=(("padding", "x" * padding),) if padding else (),
        traceparent=f"00-{number:032}-{'b' * 16}-01",
    )


NOBODY_YET = Thread()
