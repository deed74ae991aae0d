"""Translates what channels tell of orders into the model's words."""

import hashlib
from collections.abc import Sequence

from google.protobuf.message import Message

from libs.timestamps import from_timestamp
from omnithread.cart.v1 import order_pb2
from omnithread.cart.v1 import order_service_pb2 as pb
from services.cart.line_convert import attributes_from_proto, tax_from_proto
from services.cart.line_values import Article
from services.cart.model import LineChoice
from services.cart.money import price_from_proto
from services.cart.orders.convert import payment_state_from_proto, state_from_proto
from services.cart.orders.external_numbers import sale_order_id
from services.cart.orders.payments import checked_payment_reference
from services.cart.orders.returns import TakenBack
from services.cart.orders.sales import Sale
from services.cart.orders.values import External, OrderState, PaymentState

WHO_AND_WHEN = ("customer_id", "request_id", "issue_time")


def sale_from_request(request: pb.RecordOrderRequest) -> Sale:
    """Read a sale.

    Raises CURRENCY_UNKNOWN, PRICE_INVALID, ATTRIBUTE_DUPLICATE, PAYMENT_REFERENCE_INVALID and INVALID_FIELD.
    """
    usual = OrderState.PICKED_UP if request.store_id else OrderState.PLACED
    return Sale(
        external=external_from_proto(request.external),
        articles=tuple((_article(line), line.quantity) for line in request.lines),
        total=price_from_proto(request.total) if request.HasField("total") else None,
        occur_time=from_timestamp(request.occur_time, field="occur_time"),
        store_id=request.store_id,
        state=state_from_proto(request.state) if request.state else usual,
        payment_state=payment_state_from_proto(request.payment_state) if request.payment_state else PaymentState.PAID,
        payment_reference=checked_payment_reference(request.payment_reference),
    )


def return_from_request(request: pb.RecordReturnRequest) -> TakenBack:
    """Read what came back. Raises INVALID_FIELD."""
    return TakenBack(
        external=external_from_proto(request.external),
        choices=_choices(request.lines),
        occur_time=from_timestamp(request.occur_time, field="occur_time"),
    )


def external_from_proto(message: order_pb2.ExternalOrder) -> External:
    """Read what a sale or return is called in the system that made it."""
    return External(system=message.system, number=message.number)


def sale_hash(request: pb.RecordOrderRequest) -> bytes:
    """Give SHA-256 over what is told of a sale."""
    return _content_hash(request)


def return_hash(request: pb.RecordReturnRequest, order_id: str) -> bytes:
    """Give SHA-256 over what is told of a return; of which order, not by which of its names."""
    named = pb.RecordReturnRequest()
    named.CopyFrom(request)
    named.order_id = order_id
    return _content_hash(named)


def ordered_in(request: pb.RecordReturnRequest) -> str:
    """Give the id of the order of which something came back."""
    return request.order_id or sale_order_id(external_from_proto(request.external_order))


def _content_hash(request: pb.RecordOrderRequest | pb.RecordReturnRequest) -> bytes:
    """Leave out whose it is and when it is told."""
    content: Message = type(request)()
    content.CopyFrom(request)
    for name in WHO_AND_WHEN:
        content.ClearField(name)
    return hashlib.sha256(content.SerializeToString(deterministic=True)).digest()


def _choices(choices: Sequence[pb.ReturnChoice]) -> tuple[tuple[LineChoice, int], ...]:
    return tuple((LineChoice(line_id=one.line_id, sku=one.sku), one.quantity) for one in choices)


def _article(line: pb.ExternalLine) -> Article:
    return Article(
        sku=line.sku,
        name=line.name,
        unit_price=price_from_proto(line.unit_price),
        attributes=attributes_from_proto(line.attributes),
        tax=tax_from_proto(line.tax) if line.HasField("tax") else None,
    )
