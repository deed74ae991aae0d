"""What a store's own till, and whoever hands goods over, tell of orders."""

from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from libs.ids import new_id
from libs.timestamps import to_timestamp
from omnithread.cart.v1 import order_pb2
from omnithread.cart.v1 import order_service_pb2 as order_pb
from tests.services.cart.shop import money


def minutes_ago(minutes: float) -> Timestamp:
    return to_timestamp(datetime.now(UTC) - timedelta(minutes=minutes))


def number() -> order_pb2.ExternalOrder:
    return order_pb2.ExternalOrder(system="till-7", number=new_id("R"))


def sold(sku: str = "shoe", quantity: int = 1, units: int = 80) -> order_pb.ExternalLine:
    return order_pb.ExternalLine(sku=sku, name=f"The {sku}", unit_price=money(units), quantity=quantity)


def sale(customer_id: str, *lines: order_pb.ExternalLine, **fields: Any) -> order_pb.RecordOrderRequest:
    """A sale that a store's own till made just now."""
    request = order_pb.RecordOrderRequest(
        customer_id=customer_id,
        external=number(),
        lines=lines or (sold(),),
        occur_time=minutes_ago(0),
        store_id="042",
    )
    request.MergeFrom(order_pb.RecordOrderRequest(**fields))
    return request


def back(customer_id: str, order_id: str, *lines: tuple[str, int], **fields: Any) -> order_pb.RecordReturnRequest:
    """Something that comes back now."""
    request = order_pb.RecordReturnRequest(
        customer_id=customer_id,
        order_id=order_id,
        external=number(),
        lines=[order_pb.ReturnChoice(sku=sku, quantity=quantity) for sku, quantity in lines],
        occur_time=minutes_ago(0),
    )
    request.MergeFrom(order_pb.RecordReturnRequest(**fields))
    return request


def coming_to(customer_id: str, order_id: str, state: order_pb2.OrderState.ValueType) -> order_pb.AdvanceOrderRequest:
    return order_pb.AdvanceOrderRequest(customer_id=customer_id, order_id=order_id, state=state)
