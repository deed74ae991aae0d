"""Translates words about orders: what the contract says, and what the model says."""

from libs.timestamps import to_timestamp
from omnithread.cart.v1 import order_pb2
from services.cart.line_convert import line_to_proto
from services.cart.money import money_to_proto
from services.cart.orders.values import (
    External,
    Order,
    OrderReturn,
    OrderState,
    OrderStep,
    OrderSummary,
    PaymentState,
)
from services.cart.pricing.convert import price_to_proto


def order_to_proto(order: Order, customer_id: str) -> order_pb2.Order:
    """Write an order; it belongs to `customer_id`, also where it was placed by a customer merged into that one."""
    return order_pb2.Order(
        order_id=order.order_id,
        customer_id=customer_id,
        cart_id=order.cart_id,
        lines=[line_to_proto(line) for line in order.lines],
        total=money_to_proto(order.total),
        state=state_to_proto(order.state),
        delivery=None if order.store_id else order_pb2.Delivery(),
        pickup=order_pb2.Pickup(store_id=order.store_id) if order.store_id else None,
        payment_reference=order.payment_reference,
        channel=order.channel.to_proto(),
        place_time=to_timestamp(order.place_time),
        payment_state=payment_state_to_proto(order.payment_state),
        price=price_to_proto(order.price) if order.price else None,
        steps=[_step_to_proto(step) for step in order.steps],
        returns=[_return_to_proto(back) for back in order.returns],
        external=_external_to_proto(order.external) if order.external else None,
        revision=order.revision,
        actor_id=order.actor_id,
    )


def summary_to_proto(order: OrderSummary) -> order_pb2.OrderSummary:
    """Write an order without its lines."""
    return order_pb2.OrderSummary(
        order_id=order.order_id,
        cart_id=order.cart_id,
        total=money_to_proto(order.total),
        line_count=order.line_count,
        state=state_to_proto(order.state),
        store_id=order.store_id,
        channel=order.channel.to_proto(),
        place_time=to_timestamp(order.place_time),
        payment_state=payment_state_to_proto(order.payment_state),
    )


def state_to_proto(state: OrderState) -> order_pb2.OrderState.ValueType:
    """Write how far an order has come."""
    return order_pb2.OrderState.Value(f"ORDER_STATE_{state.name}")


def state_from_proto(value: int) -> OrderState:
    """Read how far an order has come; a stated one."""
    return OrderState[order_pb2.OrderState.Name(order_pb2.OrderState.ValueType(value)).removeprefix("ORDER_STATE_")]


def payment_state_to_proto(state: PaymentState) -> order_pb2.PaymentState.ValueType:
    """Write how far a payment has come."""
    return order_pb2.PaymentState.Value(f"PAYMENT_STATE_{state.name}")


def payment_state_from_proto(value: int) -> PaymentState:
    """Read how far a payment has come; a stated one."""
    name = order_pb2.PaymentState.Name(order_pb2.PaymentState.ValueType(value))
    return PaymentState[name.removeprefix("PAYMENT_STATE_")]


def _step_to_proto(step: OrderStep) -> order_pb2.OrderStep:
    return order_pb2.OrderStep(
        state=state_to_proto(step.state),
        occur_time=to_timestamp(step.occur_time),
        channel=step.channel.to_proto(),
        actor_id=step.actor_id,
    )


def _return_to_proto(back: OrderReturn) -> order_pb2.OrderReturn:
    return order_pb2.OrderReturn(
        external=_external_to_proto(back.external),
        lines=[
            order_pb2.ReturnedLine(line_id=line.line_id, sku=line.sku, quantity=line.quantity) for line in back.lines
        ],
        occur_time=to_timestamp(back.occur_time),
        channel=back.channel.to_proto(),
    )


def _external_to_proto(external: External) -> order_pb2.ExternalOrder:
    return order_pb2.ExternalOrder(system=external.system, number=external.number)
