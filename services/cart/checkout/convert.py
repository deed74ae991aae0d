"""Translates words about checkouts: what the contract says into what the model says."""

from libs.errors import invalid_field
from omnithread.cart.v1 import cart_service_pb2 as pb
from omnithread.cart.v1.order_pb2 import PAYMENT_STATE_UNSPECIFIED
from services.cart.checkout.model import Wish
from services.cart.checkout.seen_lines import SeenLine
from services.cart.money import price_from_proto
from services.cart.orders.convert import payment_state_from_proto
from services.cart.orders.payments import checked_payment_reference
from services.cart.orders.values import PaymentState


def wish_from_request(request: pb.CheckoutRequest) -> Wish:
    """Read how a cart is taken and paid, and what the payer saw of it.

    Raises PAYMENT_REFERENCE_INVALID, PRICE_INVALID, CURRENCY_UNKNOWN, INVALID_FIELD.
    """
    fee = price_from_proto(request.delivery.fee, "delivery.fee") if request.delivery.HasField("fee") else None
    expected = (
        price_from_proto(request.expected_total, "expected_total") if request.HasField("expected_total") else None
    )
    stated = request.payment_state != PAYMENT_STATE_UNSPECIFIED
    return Wish(
        store_id=request.pickup.store_id,
        delivery_fee=fee,
        payment_reference=checked_payment_reference(request.payment_reference),
        payment_state=payment_state_from_proto(request.payment_state) if stated else PaymentState.PENDING,
        seen=_seen_from_request(request),
        keep_added=request.keep_added_for_next,
        expected_total=expected,
        etag=request.etag,
    )


def _seen_from_request(request: pb.CheckoutRequest) -> tuple[SeenLine, ...]:
    seen: dict[str, SeenLine] = {}
    for index, line in enumerate(request.seen_lines):
        if line.line_id in seen:
            raise invalid_field(f"seen_lines[{index}].line_id", "given twice")
        seen[line.line_id] = SeenLine(line.line_id, line.quantity)
    return tuple(seen.values())
