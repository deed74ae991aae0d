"""Every error that a caller of cart can get: its status, its reason, what it names, and that nothing changed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from grpc import StatusCode

from libs.timestamps import to_timestamp
from omnithread.cart.v1 import cart_internal_service_pb2 as internal_pb
from omnithread.cart.v1 import cart_service_pb2 as pb
from omnithread.cart.v1 import handover_service_pb2 as handover_pb
from omnithread.cart.v1 import order_service_pb2 as order_pb
from omnithread.cart.v1.error_reason_pb2 import ErrorReason
from omnithread.common.v1.error_reason_pb2 import ErrorReason as SharedErrorReason
from tests.services.calls import refusal, stamped
from tests.services.cart.carrying import by_token, handed_over
from tests.services.cart.checkout.test_checkout_refusals import OF_CHECKOUTS
from tests.services.cart.offers.test_offer_refusals import OF_OFFERS
from tests.services.cart.orders.test_order_refusals import OF_ORDERS
from tests.services.cart.shop import Shop, item, money, pickup, sized

Call = Callable[[Shop, str], Awaitable[object]]


@dataclass(frozen=True)
class Refusal:
    code: StatusCode
    reason: str
    call: Call
    metadata: dict[str, str] = field(default_factory=dict)
    fields: tuple[str, ...] = ()


def adding(**fields: Any) -> Call:
    return lambda shop, customer_id: shop.web.AddItem(item(customer_id, **fields))


def setting(**fields: Any) -> Call:
    return lambda shop, customer_id: shop.web.SetItemQuantity(
        pb.SetItemQuantityRequest(customer_id=customer_id, **fields)
    )


def removing(**fields: Any) -> Call:
    return lambda shop, customer_id: shop.web.RemoveItem(pb.RemoveItemRequest(customer_id=customer_id, **fields))


STALE = "0" * 32
REFUSALS = [
    Refusal(StatusCode.NOT_FOUND, "LINE_NOT_FOUND", setting(sku="boot", quantity=1)),
    Refusal(StatusCode.NOT_FOUND, "LINE_NOT_FOUND", removing(line_id="lin_nothing")),
    Refusal(StatusCode.FAILED_PRECONDITION, "SKU_AMBIGUOUS", removing(sku="shoe"), {"line_count": "2"}),
    Refusal(StatusCode.FAILED_PRECONDITION, "SKU_AMBIGUOUS", setting(sku="shoe", quantity=1), {"line_count": "2"}),
    Refusal(
        StatusCode.ABORTED,
        "QUANTITY_CHANGED",
        setting(sku="sock", quantity=1, expected_quantity=8),
        {"quantity": "9990"},
    ),
    Refusal(
        StatusCode.FAILED_PRECONDITION,
        "CURRENCY_MISMATCH",
        adding(unit_price=money(0, 0, "EUR")),
        {"currency_code": "CHF"},
    ),
    Refusal(
        StatusCode.INVALID_ARGUMENT,
        "CURRENCY_UNKNOWN",
        adding(unit_price=money(0, 0, "DEM")),
        {"currency_code": "DEM"},
        ("unit_price.currency_code",),
    ),
    Refusal(StatusCode.INVALID_ARGUMENT, "PRICE_INVALID", adding(unit_price=money(0, 1)), fields=("unit_price",)),
    Refusal(StatusCode.FAILED_PRECONDITION, "QUANTITY_LIMIT", adding(sku="sock", quantity=10), {"limit": "9999"}),
    Refusal(
        StatusCode.FAILED_PRECONDITION,
        "AMOUNT_LIMIT",
        adding(unit_price=money(10**14)),
        {"limit_minor": "1000000000000000"},
    ),
    Refusal(
        StatusCode.INVALID_ARGUMENT,
        "ATTRIBUTE_DUPLICATE",
        adding(attributes=[*sized("41"), *sized("42")]),
        fields=("attributes[1].key",),
    ),
    Refusal(StatusCode.ABORTED, "ETAG_MISMATCH", adding(etag=STALE)),
    Refusal(StatusCode.ABORTED, "ETAG_MISMATCH", setting(sku="sock", quantity=1, etag=STALE)),
    Refusal(StatusCode.ABORTED, "ETAG_MISMATCH", removing(sku="sock", etag=STALE)),
    Refusal(
        StatusCode.ABORTED,
        "ETAG_MISMATCH",
        lambda shop, customer_id: shop.web.ClearCart(pb.ClearCartRequest(customer_id=customer_id, etag=STALE)),
    ),
    Refusal(
        StatusCode.ABORTED,
        "ETAG_MISMATCH",
        lambda shop, customer_id: shop.store.Checkout(pickup(customer_id, etag=STALE)),
    ),
    Refusal(
        StatusCode.NOT_FOUND,
        "ORDER_NOT_FOUND",
        lambda shop, customer_id: shop.at_web.orders.GetOrder(
            order_pb.GetOrderRequest(customer_id=customer_id, order_id="ord_none")
        ),
    ),
    Refusal(
        StatusCode.NOT_FOUND,
        "NOTE_NOT_FOUND",
        lambda shop, customer_id: shop.web.RemoveNote(pb.RemoveNoteRequest(customer_id=customer_id, note_id="not_1")),
    ),
    Refusal(
        StatusCode.NOT_FOUND,
        "CART_NOT_FOUND",
        lambda shop, customer_id: shop.web.AuditCart(pb.AuditCartRequest(customer_id=customer_id, cart_id="crt_none")),
    ),
    Refusal(
        StatusCode.NOT_FOUND,
        "LINE_NOT_FOUND",
        lambda shop, customer_id: shop.web.SaveForLater(pb.SaveForLaterRequest(customer_id=customer_id, sku="boot")),
    ),
    Refusal(
        StatusCode.NOT_FOUND,
        "LINE_NOT_FOUND",
        lambda shop, customer_id: shop.web.MoveToCart(pb.MoveToCartRequest(customer_id=customer_id, sku="sock")),
    ),
    Refusal(
        StatusCode.INVALID_ARGUMENT,
        "PAGE_TOKEN_INVALID",
        lambda shop, customer_id: shop.at_web.orders.ListOrders(
            order_pb.ListOrdersRequest(customer_id=customer_id, page_token="damaged")
        ),
    ),
    Refusal(StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", adding(sku="x" * 65), fields=("sku",)),
    Refusal(StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", setting(quantity=1), fields=("line",)),
    Refusal(StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", setting(sku="sock", quantity=10_000), fields=("quantity",)),
    Refusal(
        StatusCode.INVALID_ARGUMENT,
        "INVALID_FIELD",
        lambda shop, customer_id: shop.store.Checkout(pb.CheckoutRequest(customer_id=customer_id)),
        fields=("fulfilment",),
    ),
    Refusal(
        StatusCode.INVALID_ARGUMENT,
        "LINK_INVALID",
        lambda shop, customer_id: handed_over(shop, customer_id, link_template="http://shop.example/{token}"),
        fields=("link_template",),
    ),
    Refusal(
        StatusCode.NOT_FOUND,
        "HANDOVER_INVALID",
        lambda shop, _: shop.at_store.handovers.RedeemHandover(by_token("forged")),
    ),
    Refusal(
        StatusCode.NOT_FOUND,
        "HANDOVER_NOT_FOUND",
        lambda shop, customer_id: shop.at_web.handovers.RevokeHandover(
            handover_pb.RevokeHandoverRequest(customer_id=customer_id, handover_id="hnd_none")
        ),
    ),
]
HANDED_OVER = {"HANDOVER_EXPIRED", "HANDOVER_USED", "HANDOVER_LIMIT", "HANDOVER_TRIES_EXCEEDED"}
"""Reasons that need a hand-over; test_handovers.py has them."""
OF_THE_DESK = {"CART_LOCKED", "NOTE_LIMIT", "TAX_INVALID"}
"""Reasons that need a locked, full or taxed cart; test_desk.py has them."""
ELSEWHERE = {"LINE_LIMIT", "CART_EMPTY"} | OF_THE_DESK | HANDED_OVER | OF_CHECKOUTS | OF_OFFERS | OF_ORDERS
"""Cart's own reasons that need another cart than the one below; a full one is in test_merges.py."""


@pytest.mark.parametrize("expected", REFUSALS, ids=lambda refusal: refusal.reason)
async def test_what_is_refused_says_why_and_changes_nothing(shop: Shop, expected: Refusal) -> None:
    customer_id = await shop.new_customer()
    await shop.web.AddItem(item(customer_id, attributes=sized("41")))
    await shop.web.AddItem(item(customer_id, attributes=sized("42")))
    await shop.web.AddItem(item(customer_id, "sock", 9990))
    before = await shop.web.GetCart(pb.GetCartRequest(customer_id=customer_id))

    refused = await refusal(expected.call(shop, customer_id))
    assert (refused.code, refused.reason, refused.domain) == (expected.code, expected.reason, "cart.omnithread")
    assert refused.metadata == expected.metadata
    assert tuple(violation.field for violation in refused.fields) == expected.fields
    after = await shop.web.GetCart(pb.GetCartRequest(customer_id=customer_id))
    after.price.price_time.CopyFrom(before.price.price_time)
    assert after == before


def test_every_reason_of_carts_own_is_among_the_refusals() -> None:
    named = {name.removeprefix("ERROR_REASON_") for name in ErrorReason.DESCRIPTOR.values_by_name} - {"UNSPECIFIED"}
    told = {expected.reason for expected in REFUSALS} | ELSEWHERE
    shared = {name.removeprefix("ERROR_REASON_") for name in SharedErrorReason.DESCRIPTOR.values_by_name}
    assert named <= told <= named | shared


async def test_nothing_is_checked_out_of_an_empty_cart(shop: Shop) -> None:
    refused = await refusal(shop.store.Checkout(pickup(await shop.new_customer())))
    assert (refused.code, refused.reason) == (StatusCode.FAILED_PRECONDITION, "CART_EMPTY")


async def test_a_customer_whom_nobody_knows_gets_no_cart(shop: Shop) -> None:
    for call in (
        shop.web.GetCart(pb.GetCartRequest(customer_id="cus_nobody")),
        shop.at_web.orders.ListOrders(order_pb.ListOrdersRequest(customer_id="cus_nobody")),
        shop.web.AddItem(item("cus_nobody")),
        shop.web.ClearCart(pb.ClearCartRequest(customer_id="cus_nobody")),
    ):
        refused = await refusal(call)
        assert (refused.code, refused.reason) == (StatusCode.NOT_FOUND, "CUSTOMER_NOT_FOUND")
        assert refused.metadata == {"customer_id": "cus_nobody"}


async def test_a_request_id_with_another_body_is_refused(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    request = stamped(item(customer_id))
    await shop.web.AddItem(request)
    request.quantity = 7
    refused = await refusal(shop.web.AddItem(request))
    assert (refused.code, refused.reason) == (StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED")
    assert [line.quantity for line in (await shop.cart(customer_id)).lines] == [1]


async def test_a_request_from_the_future_is_refused_with_the_servers_time(shop: Shop) -> None:
    request = stamped(item(await shop.new_customer()))
    request.issue_time.CopyFrom(to_timestamp(datetime.now(UTC) + timedelta(minutes=5)))
    # Through a bare stub: the client package would correct its clock and send again.
    refused = await refusal(shop.bare.AddItem(request))
    assert (refused.code, refused.reason) == (StatusCode.FAILED_PRECONDITION, "CLOCK_SKEW")
    server_time = datetime.fromisoformat(refused.metadata["server_time"])
    assert abs(server_time - datetime.now(UTC)) < timedelta(minutes=1)


async def test_a_request_so_old_that_its_answer_was_forgotten_is_not_run_again(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    oldest = stamped(item(customer_id))
    await shop.web.AddItem(oldest)
    for _ in range(128):
        await shop.web.AddItem(item(customer_id))
    refused = await refusal(shop.web.AddItem(oldest))
    assert (refused.code, refused.reason) == (StatusCode.FAILED_PRECONDITION, "REQUEST_TOO_OLD")
    assert [line.quantity for line in (await shop.cart(customer_id)).lines] == [129]


async def test_a_channel_has_no_business_with_the_internal_service(shop: Shop) -> None:
    calls = (
        shop.internal_as_web.AbsorbCustomer(
            internal_pb.AbsorbCustomerRequest(merge_id="m", source_customer_id="a", survivor_customer_id="b")
        ),
        shop.internal_as_web.ReplayEvents(internal_pb.ReplayEventsRequest(customer_id="a")),
        shop.internal_as_web.ListHeads(internal_pb.ListHeadsRequest(updated_since=to_timestamp(datetime.now(UTC)))),
    )
    for call in calls:
        refused = await refusal(call)
        assert (refused.code, refused.reason) == (StatusCode.PERMISSION_DENIED, "CALLER_NOT_ALLOWED")
