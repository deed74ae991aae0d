"""Translates words: what the contract says, and what the model says."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from libs.channel import Channel
from libs.mongo.values import Saved
from libs.timestamps import to_timestamp
from omnithread.cart.v1 import cart_pb2, cart_service_pb2, order_pb2
from omnithread.common.v1 import channel_pb2
from services.cart.line_convert import attributes_from_proto, line_to_proto, tax_from_proto
from services.cart.line_values import Article
from services.cart.model import LineChoice
from services.cart.money import money_to_proto, price_from_proto
from services.cart.orders.convert import summary_to_proto
from services.cart.values import Cart, Lock, Note, PastCart


def article_from_request(request: cart_service_pb2.AddItemRequest) -> Article:
    """Read what is to be added."""
    return Article(
        sku=request.sku,
        name=request.name,
        unit_price=price_from_proto(request.unit_price),
        image_uri=request.image_uri,
        link_uri=request.link_uri,
        attributes=attributes_from_proto(request.attributes),
        categories=tuple(sorted(request.categories)),
        tax=tax_from_proto(request.tax) if request.HasField("tax") else None,
    )


def choice_from_request(
    request: cart_service_pb2.SetItemQuantityRequest
    | cart_service_pb2.RemoveItemRequest
    | cart_service_pb2.SaveForLaterRequest
    | cart_service_pb2.MoveToCartRequest,
) -> LineChoice:
    """Read which line is meant."""
    return LineChoice(line_id=request.line_id, sku=request.sku)


def cart_to_proto(saved: Saved[Cart]) -> cart_pb2.Cart:
    """Write the cart in a record."""
    cart = saved.state
    subtotal = cart.subtotal
    return cart_pb2.Cart(
        cart_id=cart.cart_id,
        customer_id=saved.customer_id,
        lines=[line_to_proto(line) for line in cart.lines],
        currency_code=cart.currency_code,
        subtotal=money_to_proto(subtotal) if subtotal else None,
        last_channel=_channel_of(cart),
        create_time=_time(cart.create_time),
        update_time=_time(cart.update_time),
        idle_due_time=_time(cart.idle_due_time),
        version=saved.version,
        etag=saved.etag(),
        set_aside_lines=[line_to_proto(line) for line in cart.set_aside_lines],
        state=cart_pb2.CART_STATE_LOCKED if cart.lock else cart_pb2.CART_STATE_ACTIVE,
        lock=_lock_to_proto(cart.lock) if cart.lock else None,
        saved_lines=[line_to_proto(line) for line in cart.saved_lines],
        notes=[_note_to_proto(note) for note in cart.notes],
        offer_codes=cart.offer_codes,
        expire_due_time=_time(cart.expire_due_time),
        past_carts=[_past_to_proto(past) for past in cart.past_carts],
    )


def orders_to_proto(saved: Saved[Cart]) -> list[order_pb2.OrderSummary]:
    """Write the newest orders in a record."""
    return [summary_to_proto(order) for order in saved.state.recent_orders]


def record_to_answer(saved: Saved[Cart]) -> cart_service_pb2.GetCartResponse:
    """Write what the record says, without prices and problems, which depend on more."""
    return cart_service_pb2.GetCartResponse(
        cart=cart_to_proto(saved), recent_orders=orders_to_proto(saved), head=saved.head()
    )


def batch_cart_to_proto(asked: str, saved: Saved[Cart]) -> cart_service_pb2.BatchCart:
    """Write one answer of a batch."""
    return cart_service_pb2.BatchCart(
        requested_customer_id=asked,
        cart=cart_to_proto(saved),
        recent_orders=orders_to_proto(saved),
        head=saved.head(),
    )


def _lock_to_proto(lock: Lock) -> cart_pb2.CartLock:
    return cart_pb2.CartLock(
        channel=lock.channel.to_proto(),
        actor_id=lock.actor_id,
        reason=lock.reason,
        lock_time=to_timestamp(lock.lock_time),
        until_time=to_timestamp(lock.until_time),
    )


def _note_to_proto(note: Note) -> cart_pb2.CartNote:
    return cart_pb2.CartNote(
        note_id=note.note_id,
        text=note.text,
        channel=note.channel.to_proto(),
        actor_id=note.actor_id,
        add_time=to_timestamp(note.add_time),
    )


def _past_to_proto(past: PastCart) -> cart_pb2.PastCart:
    return cart_pb2.PastCart(
        cart_id=past.cart_id,
        state=cart_pb2.CartState.Value(f"CART_STATE_{past.state.name}"),
        end_time=to_timestamp(past.end_time),
        order_id=past.order_id,
    )


def _channel_of(cart: Cart) -> channel_pb2.Channel | None:
    origin = cart.last_origin
    return Channel(origin.channel_id, origin.channel_kind).to_proto() if origin else None


def _time(moment: datetime | None) -> Timestamp | None:
    return to_timestamp(moment) if moment else None
