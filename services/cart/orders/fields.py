"""Remembers orders: as members of the list of orders, as summaries in a record, and back."""

from collections.abc import Mapping
from typing import Any

from libs.channel import Channel
from services.cart.line_fields import Fields, line_from_fields, line_to_fields, money_from_fields, money_to_fields
from services.cart.line_values import CartId, LineId, OrderId
from services.cart.orders.values import (
    External,
    Order,
    OrderReturn,
    OrderState,
    OrderStep,
    OrderSummary,
    PaymentState,
    ReturnedLine,
)
from services.cart.pricing.fields import price_from_fields, price_to_fields

ORDERS = "orders"


def order_to_document(order: Order) -> Fields:
    """Write an order as a member of the list of orders."""
    return {
        "sort_time": order.place_time,
        "cart_id": order.cart_id,
        "lines": [line_to_fields(line) for line in order.lines],
        "total": money_to_fields(order.total),
        "store_id": order.store_id,
        "payment_reference": order.payment_reference,
        "channel": order.channel.to_fields(),
        "session_id": order.session_id,
        "state": str(order.state),
        "payment_state": str(order.payment_state),
        "price": price_to_fields(order.price) if order.price else None,
        "steps": [_step_to_fields(step) for step in order.steps],
        "returns": [_return_to_fields(back) for back in order.returns],
        "external": [order.external.system, order.external.number] if order.external else None,
        "actor_id": order.actor_id,
        "revision": order.revision,
        "of_customer_id": order.of_customer_id,
    }


def order_from_document(document: Mapping[str, Any]) -> Order:
    """Read an order back."""
    return Order(
        order_id=OrderId(document["_id"]),
        cart_id=CartId(document["cart_id"]),
        lines=tuple(line_from_fields(line) for line in document["lines"]),
        total=money_from_fields(document["total"]),
        store_id=document["store_id"],
        payment_reference=document["payment_reference"],
        channel=Channel.from_fields(document["channel"]),
        place_time=document["sort_time"],
        session_id=document.get("session_id", ""),
        state=OrderState(document.get("state", OrderState.PLACED)),
        payment_state=PaymentState(document.get("payment_state", PaymentState.PENDING)),
        price=price_from_fields(document["price"]) if document.get("price") else None,
        steps=tuple(_step_from_fields(step) for step in document.get("steps", ())),
        returns=tuple(_return_from_fields(back) for back in document.get("returns", ())),
        external=External(*document["external"]) if document.get("external") else None,
        actor_id=document.get("actor_id", ""),
        revision=document.get("revision", 1),
        of_customer_id=document.get("of_customer_id", ""),
    )


def summary_to_fields(order: OrderSummary) -> Fields:
    """Write an order without its lines."""
    return {
        "order_id": order.order_id,
        "cart_id": order.cart_id,
        "total": money_to_fields(order.total),
        "line_count": order.line_count,
        "store_id": order.store_id,
        "channel": order.channel.to_fields(),
        "place_time": order.place_time,
        "session_id": order.session_id,
        "state": str(order.state),
        "payment_state": str(order.payment_state),
    }


def summary_from_fields(fields: Mapping[str, Any]) -> OrderSummary:
    """Read it back."""
    return OrderSummary(
        order_id=OrderId(fields["order_id"]),
        cart_id=CartId(fields["cart_id"]),
        total=money_from_fields(fields["total"]),
        line_count=fields["line_count"],
        store_id=fields["store_id"],
        channel=Channel.from_fields(fields["channel"]),
        place_time=fields["place_time"],
        session_id=fields.get("session_id", ""),
        state=OrderState(fields.get("state", OrderState.PLACED)),
        payment_state=PaymentState(fields.get("payment_state", PaymentState.PENDING)),
    )


def _step_to_fields(step: OrderStep) -> Fields:
    return {
        "state": str(step.state),
        "occur_time": step.occur_time,
        "channel": step.channel.to_fields(),
        "actor_id": step.actor_id,
    }


def _step_from_fields(fields: Mapping[str, Any]) -> OrderStep:
    return OrderStep(
        state=OrderState(fields["state"]),
        occur_time=fields["occur_time"],
        channel=Channel.from_fields(fields["channel"]),
        actor_id=fields["actor_id"],
    )


def _return_to_fields(back: OrderReturn) -> Fields:
    return {
        "external": [back.external.system, back.external.number],
        "lines": [[line.line_id, line.sku, line.quantity] for line in back.lines],
        "occur_time": back.occur_time,
        "channel": back.channel.to_fields(),
    }


def _return_from_fields(fields: Mapping[str, Any]) -> OrderReturn:
    return OrderReturn(
        external=External(*fields["external"]),
        lines=tuple(ReturnedLine(LineId(line_id), sku, quantity) for line_id, sku, quantity in fields["lines"]),
        occur_time=fields["occur_time"],
        channel=Channel.from_fields(fields["channel"]),
    )
