"""Reads what the other services announce as what campaigns know: triggers, and what ends a way. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from google.protobuf.message import Message as ProtoMessage

from libs.origin import Origin
from libs.timestamps import from_timestamp
from omnithread.cart.v1 import order_pb2
from omnithread.cart.v1.cart_events_pb2 import CartEvent
from omnithread.context.v1.context_events_pb2 import ContextEvent
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_PRODUCT_VIEWED
from omnithread.preference.v1.preference_events_pb2 import PreferenceEvent
from omnithread.preference.v1.preference_pb2 import CONSENT_STATE_GRANTED, CONSENT_STATE_REVOKED
from omnithread.profile.v1.profile_events_pb2 import ProfileEvent
from services.messaging.campaigns.definition import ExitCondition
from services.messaging.campaigns.moves import ExitCause
from services.messaging.campaigns.price_texts import variables_of
from services.messaging.campaigns.values import Trigger, TriggerKind

CART_CHANGES = frozenset(
    {
        "item_added",
        "item_quantity_set",
        "item_removed",
        "cart_cleared",
        "cart_absorbed",
        "cart_parted",
        "line_moved",
        "cart_expired",
    }
)
REACHED = {
    order_pb2.ORDER_STATE_PICKED_UP: TriggerKind.ORDER_PICKED_UP,
    order_pb2.ORDER_STATE_DELIVERED: TriggerKind.ORDER_DELIVERED,
}


@dataclass(frozen=True, slots=True)
class Signals:
    """What one announcement is to campaigns. What ends a way is looked at first."""

    exits: tuple[ExitCause, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    cancelled_order_id: str = ""
    """The order that was cancelled: whatever is about it is pointless."""


NO_SIGNALS = Signals()


def signals_of(event: ProtoMessage, origin: Origin) -> Signals:
    """Read an announcement of cart, profile, preference or the aggregator."""
    match event:
        case CartEvent():
            return _of_cart(event, origin)
        case ContextEvent():
            return _of_context(event, origin)
        case ProfileEvent():
            return _of_profile(event, origin)
        case PreferenceEvent():
            return _of_preference(event, origin)
        case _:
            return NO_SIGNALS


def _of_cart(event: CartEvent, origin: Origin) -> Signals:
    time = from_timestamp(event.header.record_time)
    event_id, cart_id = event.header.event_id, event.cart_id
    match event.WhichOneof("payload"):
        case "cart_abandoned":
            idle_since = from_timestamp(event.cart_abandoned.idle_since_time)
            kind = TriggerKind.CART_ABANDONED
            trigger = Trigger(kind, event_id, time, origin, cart_id=cart_id, idle_since_time=idle_since)
            return Signals(triggers=(trigger,))
        case "cart_checked_out":
            order = event.cart_checked_out
            return Signals(
                (_ordered(time, order.order_id, order.skus, cart_id),),
                (_about_order(TriggerKind.ORDER_PLACED, event_id, _happened(event), origin, order.order_id),),
            )
        case "order_recorded" if event.order_recorded.state != order_pb2.ORDER_STATE_CANCELLED:
            sale = event.order_recorded
            bought_cart = cart_id if sale.cart_emptied else ""
            exits = [_ordered(time, sale.order_id, sale.skus, bought_cart)]
            if sale.taken_quantity and not sale.cart_emptied:
                exits.append(ExitCause(ExitCondition.CART_CHANGED, time, cart_id=cart_id))
            kinds = [TriggerKind.ORDER_PLACED, *([REACHED[sale.state]] if sale.state in REACHED else ())]
            return Signals(
                tuple(exits),
                tuple(_about_order(kind, event_id, _happened(event), origin, sale.order_id) for kind in kinds),
            )
        case "order_advanced" if event.order_advanced.state in REACHED:
            advanced = event.order_advanced
            kind = REACHED[advanced.state]
            return Signals(triggers=(_about_order(kind, event_id, _happened(event), origin, advanced.order_id),))
        case "order_advanced" if event.order_advanced.state == order_pb2.ORDER_STATE_CANCELLED:
            return Signals(cancelled_order_id=event.order_advanced.order_id)
        case changed if changed in CART_CHANGES:
            return Signals((ExitCause(ExitCondition.CART_CHANGED, time, cart_id=cart_id),))
        case _:
            return NO_SIGNALS


def _of_context(event: ContextEvent, origin: Origin) -> Signals:
    time, event_id = from_timestamp(event.header.record_time), event.header.event_id
    match event.WhichOneof("payload"):
        case "price_fell":
            fell = event.price_fell
            trigger = Trigger(
                TriggerKind.PRICE_FELL,
                event_id,
                time,
                origin,
                key=fell.change_id,
                sku=fell.sku,
                variables=variables_of(fell),
            )
            return Signals(triggers=(trigger,))
        case "touchpoint_recorded" if _is_view(event):
            sku = event.touchpoint_recorded.subject
            trigger = Trigger(TriggerKind.PRODUCT_VIEWED, event_id, time, origin, sku=sku, variables=(("sku", sku),))
            return Signals(triggers=(trigger,))
        case _:
            return NO_SIGNALS


def _is_view(event: ContextEvent) -> bool:
    touchpoint = event.touchpoint_recorded
    return touchpoint.kind == TOUCHPOINT_KIND_PRODUCT_VIEWED and bool(touchpoint.subject)


def _of_profile(event: ProfileEvent, origin: Origin) -> Signals:
    time, event_id = from_timestamp(event.header.record_time), event.header.event_id
    match event.WhichOneof("payload"):
        case "segment_entered":
            segment_id = event.segment_entered.segment_id
            return Signals(
                triggers=(
                    Trigger(TriggerKind.SEGMENT_ENTERED, event_id, time, origin, segment_id=segment_id),
                    Trigger(TriggerKind.DATE, event_id, time, origin, segment_id=segment_id),
                )
            )
        case "segment_left":
            segment_id = event.segment_left.segment_id
            return Signals((ExitCause(ExitCondition.SEGMENT_LEFT, time, segment_id=segment_id),))
        case _:
            return NO_SIGNALS


def _of_preference(event: PreferenceEvent, origin: Origin) -> Signals:
    time = from_timestamp(event.header.record_time)
    if event.WhichOneof("payload") != "consent_set":
        return NO_SIGNALS
    consent = event.consent_set
    if consent.state == CONSENT_STATE_REVOKED:
        return Signals((ExitCause(ExitCondition.CONSENT_REVOKED, time, purpose=consent.purpose),))
    if consent.state == CONSENT_STATE_GRANTED:
        kind = TriggerKind.CONSENT_GRANTED
        return Signals(triggers=(Trigger(kind, event.header.event_id, time, origin, purpose=consent.purpose),))
    return NO_SIGNALS


def _happened(event: CartEvent) -> datetime:
    """Give when it was, and no later than it was announced: tills tell of sales that are a year old."""
    return min(from_timestamp(event.header.occur_time), from_timestamp(event.header.record_time))


def _ordered(time: datetime, order_id: str, skus: Iterable[str], cart_id: str) -> ExitCause:
    return ExitCause(ExitCondition.ORDERED, time, cart_id=cart_id, skus=frozenset(skus), order_id=order_id)


def _about_order(kind: TriggerKind, event_id: str, time: datetime, origin: Origin, order_id: str) -> Trigger:
    return Trigger(kind, event_id, time, origin, order_id=order_id, variables=(("order_id", order_id),))
