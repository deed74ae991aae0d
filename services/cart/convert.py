"""Translates words: what the contract says, and what the model says."""

from collections.abc import Sequence
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from libs.channel import Channel
from libs.mongo.values import Saved
from libs.timestamps import to_timestamp
from omnithread.cart.v1 import cart_events_pb2 as events_pb
from omnithread.cart.v1 import cart_pb2, cart_service_pb2
from omnithread.common.v1 import attribute_pb2, channel_pb2, event_pb2
from services.cart import errors, events
from services.cart.model import LineChoice, Terms
from services.cart.money import money_to_proto, price_from_proto
from services.cart.values import Article, Cart, Line, Order, OrderSummary


def article_from_request(request: cart_service_pb2.AddItemRequest) -> Article:
    """Read what is to be added."""
    return Article(
        sku=request.sku,
        name=request.name,
        unit_price=price_from_proto(request.unit_price),
        image_uri=request.image_uri,
        link_uri=request.link_uri,
        attributes=_attributes_from_proto(request.attributes),
    )


def choice_from_request(
    request: cart_service_pb2.SetItemQuantityRequest | cart_service_pb2.RemoveItemRequest,
) -> LineChoice:
    """Read which line is meant."""
    return LineChoice(line_id=request.line_id, sku=request.sku)


def terms_from_request(request: cart_service_pb2.CheckoutRequest) -> Terms:
    """Read how the order is taken and paid."""
    return Terms(store_id=request.pickup.store_id, payment_reference=request.payment_reference)


def cart_to_proto(saved: Saved[Cart]) -> cart_pb2.Cart:
    """Write the cart in a record."""
    cart = saved.state
    subtotal = cart.subtotal
    return cart_pb2.Cart(
        cart_id=cart.cart_id,
        customer_id=saved.customer_id,
        lines=[_line_to_proto(line) for line in cart.lines],
        currency_code=cart.currency_code,
        subtotal=money_to_proto(subtotal) if subtotal else None,
        last_channel=_channel_of(cart),
        create_time=_time(cart.create_time),
        update_time=_time(cart.update_time),
        idle_due_time=_time(cart.idle_due_time),
        version=saved.version,
        etag=saved.etag(),
        set_aside_lines=[_line_to_proto(line) for line in cart.set_aside_lines],
    )


def orders_to_proto(saved: Saved[Cart]) -> list[cart_pb2.OrderSummary]:
    """Write the newest orders in a record."""
    return [_summary_to_proto(order) for order in saved.state.recent_orders]


def batch_cart_to_proto(asked: str, saved: Saved[Cart]) -> cart_service_pb2.BatchCart:
    """Write one answer of a batch."""
    return cart_service_pb2.BatchCart(
        requested_customer_id=asked,
        cart=cart_to_proto(saved),
        recent_orders=orders_to_proto(saved),
        head=saved.head(),
    )


def order_to_proto(order: Order, customer_id: str) -> cart_pb2.Order:
    """Write an order; it belongs to `customer_id`, also where it was placed by a customer merged into that one."""
    return cart_pb2.Order(
        order_id=order.order_id,
        customer_id=customer_id,
        cart_id=order.cart_id,
        lines=[_line_to_proto(line) for line in order.lines],
        total=money_to_proto(order.total),
        state=cart_pb2.ORDER_STATE_PLACED,
        delivery=None if order.store_id else cart_pb2.Delivery(),
        pickup=cart_pb2.Pickup(store_id=order.store_id) if order.store_id else None,
        payment_reference=order.payment_reference,
        channel=order.channel.to_proto(),
        place_time=to_timestamp(order.place_time),
    )


def event_to_proto(event: events.Event, header: event_pb2.EventHeader) -> events_pb.CartEvent:
    """Write what the others hear."""
    said = events_pb.CartEvent(header=header, cart_id=event.cart_id)
    match event:
        case events.ItemAdded():
            said.item_added.CopyFrom(
                events_pb.ItemAdded(
                    line_id=event.line_id,
                    sku=event.sku,
                    quantity=event.quantity,
                    line_quantity=event.line_quantity,
                    unit_price=money_to_proto(event.unit_price),
                )
            )
        case events.ItemQuantitySet():
            said.item_quantity_set.CopyFrom(
                events_pb.ItemQuantitySet(
                    line_id=event.line_id, sku=event.sku, old_quantity=event.old_quantity, quantity=event.quantity
                )
            )
        case events.ItemRemoved():
            said.item_removed.CopyFrom(
                events_pb.ItemRemoved(line_id=event.line_id, sku=event.sku, old_quantity=event.old_quantity)
            )
        case events.CartCleared():
            said.cart_cleared.CopyFrom(events_pb.CartCleared(line_count=event.line_count))
        case events.CartCheckedOut():
            said.cart_checked_out.CopyFrom(_checked_out(event.order))
        case events.CartAbandoned():
            said.cart_abandoned.CopyFrom(
                events_pb.CartAbandoned(
                    subtotal=money_to_proto(event.subtotal),
                    line_count=event.line_count,
                    idle_since_time=to_timestamp(event.idle_since_time),
                )
            )
        case events.CartErased():
            said.cart_erased.CopyFrom(events_pb.CartErased(erasure_id=event.erasure_id))
        case _:
            _say_of_merge(said, event)
    return said


def _say_of_merge(said: events_pb.CartEvent, event: events.Event) -> None:
    match event:
        case events.CartAbsorbed():
            said.cart_absorbed.CopyFrom(
                events_pb.CartAbsorbed(
                    merge_id=event.merge_id,
                    source_customer_id=event.source_customer_id,
                    line_count=event.line_count,
                    set_aside_line_count=event.set_aside_line_count,
                )
            )
        case events.CartSealed():
            said.cart_sealed.CopyFrom(
                events_pb.CartSealed(merge_id=event.merge_id, survivor_customer_id=event.survivor_customer_id)
            )
        case events.CartParted():
            said.cart_parted.CopyFrom(
                events_pb.CartParted(merge_id=event.merge_id, source_customer_id=event.source_customer_id)
            )
        case events.CartReleased():
            said.cart_released.CopyFrom(
                events_pb.CartReleased(merge_id=event.merge_id, survivor_customer_id=event.survivor_customer_id)
            )


def _checked_out(order: Order) -> events_pb.CartCheckedOut:
    return events_pb.CartCheckedOut(
        order_id=order.order_id,
        total=money_to_proto(order.total),
        line_count=len(order.lines),
        store_id=order.store_id,
        skus=[line.article.sku for line in order.lines],
    )


def _attributes_from_proto(attributes: Sequence[attribute_pb2.Attribute]) -> tuple[tuple[str, str], ...]:
    values: dict[str, str] = {}
    for index, attribute in enumerate(attributes):
        if attribute.key in values:
            raise errors.attribute_duplicate(index)
        values[attribute.key] = attribute.value
    return tuple(sorted(values.items()))


def _line_to_proto(line: Line) -> cart_pb2.CartLine:
    article = line.article
    return cart_pb2.CartLine(
        line_id=line.line_id,
        sku=article.sku,
        name=article.name,
        unit_price=money_to_proto(article.unit_price),
        quantity=line.quantity,
        line_total=money_to_proto(line.total),
        image_uri=article.image_uri,
        link_uri=article.link_uri,
        attributes=[attribute_pb2.Attribute(key=key, value=value) for key, value in article.attributes],
        channel=line.channel.to_proto(),
        add_time=to_timestamp(line.add_time),
        update_time=to_timestamp(line.update_time),
    )


def _summary_to_proto(order: OrderSummary) -> cart_pb2.OrderSummary:
    return cart_pb2.OrderSummary(
        order_id=order.order_id,
        cart_id=order.cart_id,
        total=money_to_proto(order.total),
        line_count=order.line_count,
        state=cart_pb2.ORDER_STATE_PLACED,
        store_id=order.store_id,
        channel=order.channel.to_proto(),
        place_time=to_timestamp(order.place_time),
    )


def _channel_of(cart: Cart) -> channel_pb2.Channel | None:
    origin = cart.last_origin
    return Channel(origin.channel_id, origin.channel_kind).to_proto() if origin else None


def _time(moment: datetime | None) -> Timestamp | None:
    return to_timestamp(moment) if moment else None
