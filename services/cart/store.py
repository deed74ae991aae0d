"""Remembers carts: the fields of a customer's record, the documents of orders, and the index of idle carts."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from libs.channel import Channel
from libs.mongo.migrate import Index, due_index, member_index
from libs.mongo.values import Member, RecordShape
from libs.origin import Origin
from services.cart.convert import event_to_proto
from services.cart.events import CartCheckedOut, Event
from services.cart.money import Money
from services.cart.values import Article, Cart, CartId, Line, LineId, Order, OrderId, OrderSummary

ORDERS = "orders"
IDLE_DUE_TIME = "idle_due_time"
INDEXES: tuple[Index, ...] = (due_index(IDLE_DUE_TIME), member_index(ORDERS))

Fields = dict[str, Any]
"""What MongoDB keeps: names to values of any kind."""


def cart_to_fields(cart: Cart) -> Fields:
    """Write the state as top-level fields of the record, always all of them."""
    return {
        "cart_id": cart.cart_id,
        "lines": [_line_to_fields(line) for line in cart.lines],
        "set_aside_lines": [_line_to_fields(line) for line in cart.set_aside_lines],
        "recent_orders": [_summary_to_fields(order) for order in cart.recent_orders],
        "cart_create_time": cart.create_time,
        "cart_update_time": cart.update_time,
        IDLE_DUE_TIME: cart.idle_due_time,
        "last_origin": _origin_to_fields(cart.last_origin) if cart.last_origin else None,
    }


def cart_from_document(document: Mapping[str, Any]) -> Cart:
    """Read the state from a record."""
    origin = document["last_origin"]
    return Cart(
        cart_id=CartId(document["cart_id"]),
        lines=tuple(_line_from_fields(line) for line in document["lines"]),
        set_aside_lines=tuple(_line_from_fields(line) for line in document["set_aside_lines"]),
        recent_orders=tuple(_summary_from_fields(order) for order in document["recent_orders"]),
        create_time=document["cart_create_time"],
        update_time=document["cart_update_time"],
        idle_due_time=document[IDLE_DUE_TIME],
        last_origin=Origin(**origin) if origin else None,
    )


def order_to_document(order: Order) -> Fields:
    """Write an order as a member of the list of orders."""
    return {
        "sort_time": order.place_time,
        "cart_id": order.cart_id,
        "lines": [_line_to_fields(line) for line in order.lines],
        "total": _money_to_fields(order.total),
        "store_id": order.store_id,
        "payment_reference": order.payment_reference,
        "channel": order.channel.to_fields(),
        "session_id": order.session_id,
    }


def order_from_document(document: Mapping[str, Any]) -> Order:
    """Read an order back."""
    return Order(
        order_id=OrderId(document["_id"]),
        cart_id=CartId(document["cart_id"]),
        lines=tuple(_line_from_fields(line) for line in document["lines"]),
        total=_money_from_fields(document["total"]),
        store_id=document["store_id"],
        payment_reference=document["payment_reference"],
        channel=Channel.from_fields(document["channel"]),
        place_time=document["sort_time"],
        session_id=document.get("session_id", ""),
    )


def _members(event: Event) -> Sequence[Member]:
    if isinstance(event, CartCheckedOut):
        return (Member(collection=ORDERS, id=event.order.order_id, document=order_to_document(event.order)),)
    return ()


def _occur_time(event: Event) -> datetime:
    return event.occur_time


SHAPE: RecordShape[Cart, Event] = RecordShape(
    empty=lambda _customer_id: Cart(),
    to_fields=cart_to_fields,
    from_document=cart_from_document,
    to_event=event_to_proto,
    members=_members,
    occur_time=_occur_time,
)


def _line_to_fields(line: Line) -> Fields:
    article = line.article
    return {
        "line_id": line.line_id,
        "sku": article.sku,
        "name": article.name,
        "unit_price": _money_to_fields(article.unit_price),
        "image_uri": article.image_uri,
        "link_uri": article.link_uri,
        "attributes": [list(attribute) for attribute in article.attributes],
        "quantity": line.quantity,
        "channel": line.channel.to_fields(),
        "add_time": line.add_time,
        "update_time": line.update_time,
        "session_id": line.session_id,
        "changed_session_id": line.changed_session_id,
    }


def _line_from_fields(fields: Mapping[str, Any]) -> Line:
    return Line(
        line_id=LineId(fields["line_id"]),
        article=Article(
            sku=fields["sku"],
            name=fields["name"],
            unit_price=_money_from_fields(fields["unit_price"]),
            image_uri=fields["image_uri"],
            link_uri=fields["link_uri"],
            attributes=tuple((key, value) for key, value in fields["attributes"]),
        ),
        quantity=fields["quantity"],
        channel=Channel.from_fields(fields["channel"]),
        add_time=fields["add_time"],
        update_time=fields["update_time"],
        session_id=fields.get("session_id", ""),
        changed_session_id=fields.get("changed_session_id", ""),
    )


def _summary_to_fields(order: OrderSummary) -> Fields:
    return {
        "order_id": order.order_id,
        "cart_id": order.cart_id,
        "total": _money_to_fields(order.total),
        "line_count": order.line_count,
        "store_id": order.store_id,
        "channel": order.channel.to_fields(),
        "place_time": order.place_time,
        "session_id": order.session_id,
    }


def _summary_from_fields(fields: Mapping[str, Any]) -> OrderSummary:
    return OrderSummary(
        order_id=OrderId(fields["order_id"]),
        cart_id=CartId(fields["cart_id"]),
        total=_money_from_fields(fields["total"]),
        line_count=fields["line_count"],
        store_id=fields["store_id"],
        channel=Channel.from_fields(fields["channel"]),
        place_time=fields["place_time"],
        session_id=fields.get("session_id", ""),
    )


def _money_to_fields(money: Money) -> Fields:
    return {"minor": money.minor, "currency_code": money.currency_code}


def _money_from_fields(fields: Mapping[str, Any]) -> Money:
    return Money(minor=fields["minor"], currency_code=fields["currency_code"])


def _origin_to_fields(origin: Origin) -> Fields:
    return dataclasses.asdict(origin)
