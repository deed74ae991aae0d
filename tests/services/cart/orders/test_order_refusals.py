"""Every error that who tells of orders can get: its status, its reason, what it names, and that nothing changed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from grpc import StatusCode

from omnithread.cart.v1 import order_pb2
from omnithread.cart.v1 import order_service_pb2 as pb
from tests.services.calls import refusal
from tests.services.cart.shop import Shop, money, sized
from tests.services.cart.tills import back, coming_to, minutes_ago, sale, sold

CARD = "4111 1111 1111 1111"


@dataclass(frozen=True)
class Told:
    """A customer whose two shoes were sold an hour ago, and what the sale was."""

    shop: Shop
    customer_id: str
    sale: pb.RecordOrderRequest
    order_id: str

    def order(self, **fields: object) -> Awaitable[object]:
        request = sale(self.customer_id)
        request.MergeFrom(pb.RecordOrderRequest(**fields))  # type: ignore[arg-type]
        return self.shop.at_store.orders.RecordOrder(request)

    def back(self, sku: str, quantity: int = 1, **fields: object) -> Awaitable[object]:
        request = back(self.customer_id, self.order_id, (sku, quantity))
        request.MergeFrom(pb.RecordReturnRequest(**fields))  # type: ignore[arg-type]
        return self.shop.at_store.orders.RecordReturn(request)

    def coming_to(self, state: order_pb2.OrderState.ValueType, **fields: object) -> Awaitable[object]:
        request = coming_to(self.customer_id, self.order_id, state)
        request.MergeFrom(pb.AdvanceOrderRequest(**fields))  # type: ignore[arg-type]
        return self.shop.at_store.orders.AdvanceOrder(request)

    def paid(self, state: order_pb2.PaymentState.ValueType, reference: str = "") -> Awaitable[object]:
        return self.shop.at_store.orders.RecordPayment(
            pb.RecordPaymentRequest(
                customer_id=self.customer_id, order_id=self.order_id, payment_state=state, payment_reference=reference
            )
        )


@dataclass(frozen=True)
class Refusal:
    code: StatusCode
    reason: str
    call: Callable[[Told], Awaitable[object]]
    metadata: dict[str, str] = field(default_factory=dict)
    fields: tuple[str, ...] = ()


BAD, STATE, NONE = StatusCode.INVALID_ARGUMENT, StatusCode.FAILED_PRECONDITION, StatusCode.NOT_FOUND
PICKED_UP = {"state": "PICKED_UP"}
REFUSALS = [
    Refusal(STATE, "ORDER_STATE_INVALID", lambda told: told.coming_to(order_pb2.ORDER_STATE_CANCELLED), PICKED_UP),
    Refusal(BAD, "INVALID_FIELD", lambda told: told.coming_to(order_pb2.ORDER_STATE_RETURNED), fields=("state",)),
    Refusal(
        STATE,
        "PAYMENT_STATE_INVALID",
        lambda told: told.paid(order_pb2.PAYMENT_STATE_FAILED),
        {"payment_state": "PAID"},
    ),
    Refusal(
        BAD,
        "PAYMENT_REFERENCE_INVALID",
        lambda told: told.paid(order_pb2.PAYMENT_STATE_PAID, CARD),
        fields=("payment_reference",),
    ),
    Refusal(
        BAD, "PAYMENT_REFERENCE_INVALID", lambda told: told.order(payment_reference=CARD), fields=("payment_reference",)
    ),
    Refusal(STATE, "EXTERNAL_NUMBER_REUSED", lambda told: told.order(external=told.sale.external)),
    Refusal(BAD, "OCCUR_TIME_INVALID", lambda told: told.order(occur_time=minutes_ago(-5)), fields=("occur_time",)),
    Refusal(
        BAD, "OCCUR_TIME_INVALID", lambda told: told.back("shoe", occur_time=minutes_ago(65)), fields=("occur_time",)
    ),
    Refusal(
        STATE,
        "CURRENCY_MISMATCH",
        lambda told: told.order(total=money(1, currency_code="EUR")),
        {"currency_code": "CHF"},
    ),
    Refusal(STATE, "AMOUNT_LIMIT", lambda told: told.order(total=money(10**14)), {"limit_minor": "1000000000000000"}),
    Refusal(
        BAD,
        "ATTRIBUTE_DUPLICATE",
        lambda told: told.order(
            lines=[pb.ExternalLine(sku="s", name="s", unit_price=money(1), quantity=1, attributes=sized("41") * 2)]
        ),
        fields=("attributes[1].key",),
    ),
    Refusal(STATE, "RETURN_TOO_MANY", lambda told: told.back("shoe", 3), {"left": "2"}),
    Refusal(NONE, "LINE_NOT_FOUND", lambda told: told.back("hat")),
    Refusal(STATE, "SKU_AMBIGUOUS", lambda told: told.back("sock"), {"line_count": "2"}),
    Refusal(NONE, "ORDER_NOT_FOUND", lambda told: told.back("shoe", order_id="ord_none")),
]
OF_ORDERS = {expected.reason for expected in REFUSALS} | {"RETURN_LIMIT"}
"""The fifty-first return is refused in `test_order_model.py`."""


@pytest.mark.parametrize("expected", REFUSALS, ids=lambda refusal: refusal.reason)
async def test_what_is_refused_of_an_order_says_why_and_changes_nothing(shop: Shop, expected: Refusal) -> None:
    customer_id = await shop.new_customer()
    request = sale(customer_id, sold("shoe", 2), sold("sock"), sold("sock"))
    request.occur_time.CopyFrom(minutes_ago(60))
    order = (await shop.at_store.orders.RecordOrder(request)).order
    told = Told(shop, customer_id, request, order.order_id)
    events = await shop.events(customer_id)

    refused = await refusal(expected.call(told))
    assert (refused.code, refused.reason, refused.domain) == (expected.code, expected.reason, "cart.omnithread")
    assert refused.metadata == expected.metadata
    assert tuple(violation.field for violation in refused.fields) == expected.fields
    get = pb.GetOrderRequest(customer_id=customer_id, order_id=order.order_id)
    assert (await shop.at_web.orders.GetOrder(get)).order == order
    assert await shop.events(customer_id) == events
