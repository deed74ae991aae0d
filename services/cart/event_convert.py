"""Translates what has happened into what the others hear."""

from libs.timestamps import to_timestamp
from omnithread.cart.v1 import cart_events_pb2 as events_pb
from omnithread.common.v1 import event_pb2
from services.cart import events
from services.cart.money import money_to_proto
from services.cart.orders.convert import payment_state_to_proto, state_to_proto


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
            said.cart_checked_out.CopyFrom(_checked_out(event))
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
        case events.CartAbsorbed() | events.CartSealed() | events.CartParted() | events.CartReleased():
            _say_of_merge(said, event)
        case _:
            _say_of_orders_and_more(said, event)
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


def _say_of_orders_and_more(said: events_pb.CartEvent, event: events.Event) -> None:
    match event:
        case events.OrderAdvanced():
            said.order_advanced.CopyFrom(
                events_pb.OrderAdvanced(
                    order_id=event.order.order_id,
                    state=state_to_proto(event.order.state),
                    old_state=state_to_proto(event.old_state),
                    store_id=event.order.store_id,
                    place_time=to_timestamp(event.order.place_time),
                )
            )
        case events.OrderPaymentChanged():
            said.order_payment_changed.CopyFrom(
                events_pb.OrderPaymentChanged(
                    order_id=event.order.order_id, payment_state=payment_state_to_proto(event.order.payment_state)
                )
            )
        case events.OrderRecorded():
            said.order_recorded.CopyFrom(_recorded(event))
        case events.OrderReturned():
            said.order_returned.CopyFrom(
                events_pb.OrderReturned(
                    order_id=event.order.order_id, quantity=event.quantity, state=state_to_proto(event.order.state)
                )
            )
        case _:
            _say_of_the_cart(said, event)


def _recorded(event: events.OrderRecorded) -> events_pb.OrderRecorded:
    order = event.order
    return events_pb.OrderRecorded(
        order_id=order.order_id,
        total=money_to_proto(order.total),
        line_count=len(order.lines),
        store_id=order.store_id,
        skus=[line.article.sku for line in order.lines],
        taken_quantity=event.taken_quantity,
        cart_emptied=event.cart_emptied,
        state=state_to_proto(order.state),
    )


def _say_of_the_cart(said: events_pb.CartEvent, event: events.Event) -> None:
    match event:
        case events.LineMoved():
            said.line_moved.CopyFrom(
                events_pb.LineMoved(line_id=event.line_id, sku=event.sku, quantity=event.quantity, saved=event.saved)
            )
        case events.NotesChanged():
            said.notes_changed.CopyFrom(events_pb.NotesChanged(note_id=event.note_id, removed=event.removed))
        case events.CartLocked():
            said.cart_locked.CopyFrom(events_pb.CartLocked(until_time=to_timestamp(event.until_time)))
        case events.CartUnlocked():
            said.cart_unlocked.CopyFrom(events_pb.CartUnlocked(expired=event.expired))
        case events.CartExpired():
            said.cart_expired.CopyFrom(
                events_pb.CartExpired(line_count=event.line_count, idle_since_time=to_timestamp(event.idle_since_time))
            )
        case events.OfferCodesChanged():
            said.offer_codes_changed.CopyFrom(
                events_pb.OfferCodesChanged(offer_id=event.offer_id, removed=event.removed)
            )
        case events.CartHandedOver():
            said.cart_handed_over.CopyFrom(
                events_pb.CartHandedOver(
                    handover_id=event.handover_id,
                    from_channel=event.from_channel.to_proto(),
                    from_traceparent=event.from_traceparent,
                )
            )


def _checked_out(event: events.CartCheckedOut) -> events_pb.CartCheckedOut:
    order = event.order
    return events_pb.CartCheckedOut(
        order_id=order.order_id,
        total=money_to_proto(order.total),
        line_count=len(order.lines),
        store_id=order.store_id,
        skus=[line.article.sku for line in order.lines],
        offer_ids=[offer.offer_id for offer in order.price.applied] if order.price else [],
        kept_line_count=event.kept_line_count,
    )
