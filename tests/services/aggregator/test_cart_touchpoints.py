"""What becomes of carts and orders is told in the journey, and who did it."""

from datetime import timedelta

import pytest
from google.type.money_pb2 import Money

from libs.journey_rules import BUILT_IN, Condition, Goal, JourneyRules
from libs.timestamps import to_timestamp
from omnithread.cart.v1 import cart_events_pb2 as cart
from omnithread.cart.v1 import order_pb2
from omnithread.common.v1 import channel_pb2
from omnithread.context.v1 import context_pb2 as context
from services.aggregator.journey_values import CANCELLED, REACHED, End
from services.aggregator.noting import end_of, marked
from services.aggregator.touchpoints import touchpoint_of
from services.aggregator.values import Touchpoint
from tests.services.aggregator.samples import NOON, header

H = header(1, channel_id="store-042", channel_kind=channel_pb2.CHANNEL_KIND_STORE)
CALL_CENTRE = channel_pb2.Channel(id="call-centre", kind=channel_pb2.CHANNEL_KIND_CALL_CENTRE)
PRICE = Money(currency_code="EUR", units=59, nanos=900_000_000)
CHANGED, ORDER = context.TOUCHPOINT_KIND_CART_CHANGED, context.TOUCHPOINT_KIND_ORDER_CHANGED


def told(**payload: object) -> Touchpoint:
    event = cart.CartEvent(header=H, cart_id="crt_1", **payload)  # type: ignore[arg-type]
    touchpoint = touchpoint_of("cart", event)
    assert touchpoint is not None
    return touchpoint


def advanced(state: order_pb2.OrderState.ValueType) -> cart.OrderAdvanced:
    return cart.OrderAdvanced(order_id="ord_1", state=state, store_id="042")


@pytest.mark.parametrize(
    ("payload", "kind", "summary", "subject"),
    [
        (
            {"order_recorded": cart.OrderRecorded(order_id="ord_1", line_count=2, total=PRICE)},
            context.TOUCHPOINT_KIND_ORDER_PLACED,
            "bought 2 lines for 59.90 EUR",
            "ord_1",
        ),
        ({"order_advanced": advanced(order_pb2.ORDER_STATE_PICKED_UP)}, ORDER, "order picked up", "ord_1"),
        ({"order_returned": cart.OrderReturned(order_id="ord_1", quantity=1)}, ORDER, "brought back 1 piece", "ord_1"),
        (
            {"line_moved": cart.LineMoved(sku="shoe", quantity=2, saved=True)},
            CHANGED,
            "saved for later 2 x shoe",
            "shoe",
        ),
        ({"notes_changed": cart.NotesChanged(note_id="not_1")}, CHANGED, "added a note", "not_1"),
        ({"offer_codes_changed": cart.OfferCodesChanged(offer_id="o1")}, CHANGED, "entered an offer code", "o1"),
        (
            {"cart_handed_over": cart.CartHandedOver(from_channel=CALL_CENTRE)},
            context.TOUCHPOINT_KIND_CART_HANDED_OVER,
            "went on with the cart from call centre",
            "crt_1",
        ),
    ],
)
def test_what_a_customer_does_with_cart_and_orders(
    payload: dict[str, object], kind: int, summary: str, subject: str
) -> None:
    touchpoint = told(**payload)
    assert (touchpoint.kind, touchpoint.summary, touchpoint.subject) == (kind, summary, subject)
    assert touchpoint.by_customer


@pytest.mark.parametrize(
    ("payload", "kind", "summary"),
    [
        ({"order_advanced": advanced(order_pb2.ORDER_STATE_READY)}, ORDER, "order ready"),
        ({"order_advanced": advanced(order_pb2.ORDER_STATE_DELIVERED)}, ORDER, "order delivered"),
        (
            {
                "order_payment_changed": cart.OrderPaymentChanged(
                    order_id="ord_1", payment_state=order_pb2.PAYMENT_STATE_FAILED
                )
            },
            ORDER,
            "payment failed",
        ),
        ({"cart_locked": cart.CartLocked()}, CHANGED, "a member of staff works on the cart"),
        ({"cart_unlocked": cart.CartUnlocked(expired=True)}, CHANGED, "the cart is free again: its time was over"),
        ({"cart_expired": cart.CartExpired(line_count=3)}, CHANGED, "expired, 3 lines saved for later"),
    ],
)
def test_what_the_company_does_with_cart_and_orders(payload: dict[str, object], kind: int, summary: str) -> None:
    touchpoint = told(**payload)
    assert (touchpoint.kind, touchpoint.summary, touchpoint.by_customer) == (kind, summary, False)


def test_a_note_of_the_staff_is_not_the_customers_act() -> None:
    head = header(2)
    head.actor_id = "anna"
    event = cart.CartEvent(header=head, notes_changed=cart.NotesChanged(note_id="not_1", removed=True))
    touchpoint = touchpoint_of("cart", event)
    assert touchpoint is not None
    assert (touchpoint.summary, touchpoint.by_customer) == ("removed a note", False)


@pytest.mark.parametrize("state", ["PICKED_UP", "DELIVERED", "CANCELLED", "READY", "SHIPPED"])
def test_news_of_an_order_ends_its_journey_where_the_order_is_done(state: str) -> None:
    placed = NOON - timedelta(days=3)
    said = advanced(order_pb2.OrderState.Value(f"ORDER_STATE_{state}"))
    said.place_time.CopyFrom(to_timestamp(placed))
    noted = marked(told(order_advanced=said), BUILT_IN)
    why = {"PICKED_UP": REACHED, "DELIVERED": REACHED, "CANCELLED": CANCELLED}.get(state, "")
    assert (noted.order_placed_time, noted.ends) == (placed, why)
    assert noted.goal_ids == (("received",) if why == REACHED else ())
    assert end_of(noted, BUILT_IN) == (End(NOON, placed, why=why) if why else None)


def test_an_order_of_which_nobody_knows_when_it_was_placed_ends_no_journey() -> None:
    assert marked(told(order_advanced=advanced(order_pb2.ORDER_STATE_DELIVERED)), BUILT_IN).ends == ""


def test_a_sale_that_was_taken_along_is_placed_and_done_at_once() -> None:
    taken = cart.OrderRecorded(order_id="ord_1", total=PRICE, state=order_pb2.ORDER_STATE_PICKED_UP)
    sent = cart.OrderRecorded(order_id="ord_1", total=PRICE, state=order_pb2.ORDER_STATE_SHIPPED)
    noted = marked(told(order_recorded=taken), BUILT_IN)
    assert (noted.goal_ids, noted.ends, noted.order_placed_time) == (("purchase", "received"), REACHED, NOON)
    noted = marked(told(order_recorded=sent), BUILT_IN)
    assert (noted.goal_ids, noted.ends) == (("purchase",), "")


def test_goals_count_by_the_rules_of_the_company() -> None:
    visit = Goal("visit", (Condition(context.TOUCHPOINT_KIND_ORDER_PLACED),), ends_journey=True)
    rules = JourneyRules(goals=(visit,), reentry=timedelta(hours=2), cancelled_order_ends=False)
    noted = marked(told(cart_checked_out=cart.CartCheckedOut(order_id="ord_1", total=PRICE)), rules)
    assert noted.goal_ids == ("visit",)
    assert end_of(noted, rules) == End(NOON, NOON, timedelta(hours=2), REACHED)
    assert marked(told(order_advanced=advanced(order_pb2.ORDER_STATE_CANCELLED)), rules).ends == ""
