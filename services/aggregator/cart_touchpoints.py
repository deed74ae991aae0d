"""What cart's events mean for the journey.

An order that the customer picks up or brings back is their act; what else becomes of it is the company's.
"""

from dataclasses import replace
from datetime import datetime

from libs.timestamps import from_timestamp
from omnithread.cart.v1 import cart_events_pb2 as cart
from omnithread.cart.v1 import order_pb2
from omnithread.common.v1 import channel_pb2
from omnithread.context.v1 import context_pb2 as context
from services.aggregator.meanings import Meaning, counted, lines, money, word

CHANGED = context.TOUCHPOINT_KIND_CART_CHANGED
ORDER_CHANGED = context.TOUCHPOINT_KIND_ORDER_CHANGED


def of_cart(event: cart.CartEvent) -> Meaning | None:
    """Say what an event means; None where it tells nothing about the journey."""
    match event.WhichOneof("payload"):
        case "item_added":
            item = event.item_added
            return Meaning(CHANGED, f"added {item.quantity} x {item.sku}", item.sku)
        case "item_quantity_set":
            line = event.item_quantity_set
            return Meaning(CHANGED, f"changed {line.sku} from {line.old_quantity} to {line.quantity}", line.sku)
        case "item_removed":
            gone = event.item_removed
            return Meaning(CHANGED, f"removed {gone.old_quantity} x {gone.sku}", gone.sku)
        case "line_moved":
            moved = event.line_moved
            where = "saved for later" if moved.saved else "took back into the cart"
            return Meaning(CHANGED, f"{where} {moved.quantity} x {moved.sku}", moved.sku)
        case "cart_cleared":
            return Meaning(CHANGED, f"cleared {lines(event.cart_cleared.line_count)}", event.cart_id)
        case "cart_absorbed" if event.cart_absorbed.line_count > 0:
            taken = lines(event.cart_absorbed.line_count)
            return Meaning(CHANGED, f"took over {taken}", event.cart_id, by_company=True)
        case "cart_abandoned":
            left = event.cart_abandoned
            return Meaning(
                context.TOUCHPOINT_KIND_CART_ABANDONED,
                f"left {lines(left.line_count)} for {money(left.subtotal)}",
                event.cart_id,
                [("subtotal", money(left.subtotal))],
                by_company=True,
            )
    return _of_orders(event) or _of_work_on_the_cart(event)


def _of_orders(event: cart.CartEvent) -> Meaning | None:
    match event.WhichOneof("payload"):
        case "cart_checked_out":
            return _placed(event.cart_checked_out, "ordered", event)
        case "order_recorded":
            sale = event.order_recorded
            bought = _placed(sale, "bought", event)
            state = word(order_pb2.OrderState.DESCRIPTOR, sale.state, "ORDER_STATE_")
            return replace(bought, attributes=[*bought.attributes, ("state", state)])
        case "order_advanced":
            order = event.order_advanced
            state = word(order_pb2.OrderState.DESCRIPTOR, order.state, "ORDER_STATE_")
            return Meaning(
                ORDER_CHANGED,
                f"order {state}",
                order.order_id,
                [("state", state), ("store_id", order.store_id)],
                by_company=order.state != order_pb2.ORDER_STATE_PICKED_UP,
                order_placed_time=_placed_time(order),
            )
        case "order_payment_changed":
            paid = event.order_payment_changed
            state = word(order_pb2.PaymentState.DESCRIPTOR, paid.payment_state, "PAYMENT_STATE_")
            return Meaning(
                ORDER_CHANGED, f"payment {state}", paid.order_id, [("payment_state", state)], by_company=True
            )
        case "order_returned":
            back = event.order_returned
            state = word(order_pb2.OrderState.DESCRIPTOR, back.state, "ORDER_STATE_")
            return Meaning(
                ORDER_CHANGED, f"brought back {counted(back.quantity, 'piece')}", back.order_id, [("state", state)]
            )
    return None


def _of_work_on_the_cart(event: cart.CartEvent) -> Meaning | None:
    match event.WhichOneof("payload"):
        case "notes_changed":
            done = "removed" if event.notes_changed.removed else "added"
            by_staff = bool(event.header.actor_id)
            return Meaning(CHANGED, f"{done} a note", event.notes_changed.note_id, by_company=by_staff)
        case "cart_locked":
            return Meaning(CHANGED, "a member of staff works on the cart", event.cart_id, by_company=True)
        case "cart_unlocked":
            why = "its time was over" if event.cart_unlocked.expired else "a member of staff has done"
            return Meaning(CHANGED, f"the cart is free again: {why}", event.cart_id, by_company=True)
        case "cart_expired":
            saved = lines(event.cart_expired.line_count)
            return Meaning(CHANGED, f"expired, {saved} saved for later", event.cart_id, by_company=True)
        case "offer_codes_changed":
            done = "took out" if event.offer_codes_changed.removed else "entered"
            return Meaning(CHANGED, f"{done} an offer code", event.offer_codes_changed.offer_id)
        case "cart_handed_over":
            origin = event.cart_handed_over.from_channel
            kind = word(channel_pb2.ChannelKind.DESCRIPTOR, origin.kind, "CHANNEL_KIND_")
            return Meaning(
                context.TOUCHPOINT_KIND_CART_HANDED_OVER,
                f"went on with the cart from {kind or 'another channel'}",
                event.cart_id,
                [("from_channel", origin.id)],
            )
    return None


def _placed_time(order: cart.OrderAdvanced) -> datetime | None:
    return from_timestamp(order.place_time) if order.HasField("place_time") else None


def _placed(order: cart.CartCheckedOut | cart.OrderRecorded, done: str, event: cart.CartEvent) -> Meaning:
    return Meaning(
        context.TOUCHPOINT_KIND_ORDER_PLACED,
        f"{done} {lines(order.line_count)} for {money(order.total)}",
        order.order_id,
        [("store_id", order.store_id), ("total", money(order.total))],
        order_placed_time=from_timestamp(event.header.occur_time),
    )
