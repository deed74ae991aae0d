"""Remembers carts: the fields of a customer's record, the documents of orders, and the index of idle carts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from libs.channel import Channel
from libs.flat import flat_fields
from libs.mongo.migrate import Index, due_index, member_index
from libs.mongo.values import Member, RecordShape
from libs.origin import Origin
from services.cart.articles.catalogue import CATALOGUE_INDEXES
from services.cart.articles.operations import ARTICLE_INDEXES
from services.cart.audit.rejections import REJECTION_INDEXES
from services.cart.event_convert import event_to_proto
from services.cart.events import CartCheckedOut, Event, OrderAdvanced, OrderPaymentChanged, OrderRecorded, OrderReturned
from services.cart.line_fields import Fields, line_from_fields, line_to_fields
from services.cart.line_values import CartId, OrderId
from services.cart.offers.fields import OFFER_INDEXES
from services.cart.orders.external_numbers import EXTERNAL_NUMBER_INDEXES
from services.cart.orders.fields import ORDERS, order_to_document, summary_from_fields, summary_to_fields
from services.cart.redemption import code_batches as codes_batches
from services.cart.redemption import code_tries as codes_tries
from services.cart.redemption import codes
from services.cart.redemption import counters as redemption_counters
from services.cart.values import Cart, Lock, Note, PastCart, PastState, Redemption, Tally

IDLE_DUE_TIME = "idle_due_time"
EXPIRE_DUE_TIME = "expire_due_time"
LOCK_DUE_TIME = "lock_due_time"
INDEXES: tuple[Index, ...] = (
    due_index(IDLE_DUE_TIME),
    due_index(EXPIRE_DUE_TIME),
    due_index(LOCK_DUE_TIME),
    member_index(ORDERS),
    *REJECTION_INDEXES,
    *ARTICLE_INDEXES,
    *CATALOGUE_INDEXES,
    *codes.INDEXES,
    *codes_batches.INDEXES,
    *codes_tries.INDEXES,
    *redemption_counters.INDEXES,
    *OFFER_INDEXES,
    *EXTERNAL_NUMBER_INDEXES,
)


def cart_to_fields(cart: Cart) -> Fields:
    """Write the state as top-level fields of the record, always all of them."""
    return {
        "cart_id": cart.cart_id,
        "lines": [line_to_fields(line) for line in cart.lines],
        "set_aside_lines": [line_to_fields(line) for line in cart.set_aside_lines],
        "recent_orders": [summary_to_fields(order) for order in cart.recent_orders],
        "cart_create_time": cart.create_time,
        "cart_update_time": cart.update_time,
        IDLE_DUE_TIME: cart.idle_due_time,
        "last_origin": _origin_to_fields(cart.last_origin) if cart.last_origin else None,
        "saved_lines": [line_to_fields(line) for line in cart.saved_lines],
        "notes": [_note_to_fields(note) for note in cart.notes],
        "lock": _lock_to_fields(cart.lock) if cart.lock else None,
        LOCK_DUE_TIME: cart.lock.until_time if cart.lock else None,
        "offer_codes": list(cart.offer_codes),
        EXPIRE_DUE_TIME: cart.expire_due_time,
        "past_carts": [_past_to_fields(past) for past in cart.past_carts],
        "tally": flat_fields(cart.tally),
        "order_count": cart.order_count,
        "redemptions": [[one.offer_id, one.count] for one in cart.redemptions],
        "barred_order_ids": list(cart.barred_order_ids),
    }


def cart_from_document(document: Mapping[str, Any]) -> Cart:
    """Read the state from a record."""
    origin = document["last_origin"]
    return Cart(
        cart_id=CartId(document["cart_id"]),
        lines=tuple(line_from_fields(line) for line in document["lines"]),
        set_aside_lines=tuple(line_from_fields(line) for line in document["set_aside_lines"]),
        recent_orders=tuple(summary_from_fields(order) for order in document["recent_orders"]),
        create_time=document["cart_create_time"],
        update_time=document["cart_update_time"],
        idle_due_time=document[IDLE_DUE_TIME],
        last_origin=Origin(**origin) if origin else None,
        saved_lines=tuple(line_from_fields(line) for line in document.get("saved_lines", ())),
        notes=tuple(_note_from_fields(note) for note in document.get("notes", ())),
        lock=_lock_from_fields(document["lock"]) if document.get("lock") else None,
        offer_codes=tuple(document.get("offer_codes", ())),
        expire_due_time=document.get(EXPIRE_DUE_TIME),
        past_carts=tuple(_past_from_fields(past) for past in document.get("past_carts", ())),
        tally=Tally(**document.get("tally", {})),
        order_count=document.get("order_count", len(document["recent_orders"])),
        redemptions=tuple(Redemption(*one) for one in document.get("redemptions", ())),
        barred_order_ids=tuple(document.get("barred_order_ids", ())),
    )


WITH_ORDER = (CartCheckedOut, OrderAdvanced, OrderPaymentChanged, OrderRecorded, OrderReturned)


def _members(event: Event) -> Sequence[Member]:
    if isinstance(event, WITH_ORDER):
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


def _origin_to_fields(origin: Origin) -> Fields:
    return flat_fields(origin)


def _note_to_fields(note: Note) -> Fields:
    return {
        "note_id": note.note_id,
        "text": note.text,
        "channel": note.channel.to_fields(),
        "actor_id": note.actor_id,
        "add_time": note.add_time,
    }


def _note_from_fields(fields: Mapping[str, Any]) -> Note:
    return Note(
        note_id=fields["note_id"],
        text=fields["text"],
        channel=Channel.from_fields(fields["channel"]),
        actor_id=fields["actor_id"],
        add_time=fields["add_time"],
    )


def _lock_to_fields(lock: Lock) -> Fields:
    return {
        "channel": lock.channel.to_fields(),
        "actor_id": lock.actor_id,
        "reason": lock.reason,
        "lock_time": lock.lock_time,
        "until_time": lock.until_time,
    }


def _lock_from_fields(fields: Mapping[str, Any]) -> Lock:
    return Lock(
        channel=Channel.from_fields(fields["channel"]),
        actor_id=fields["actor_id"],
        reason=fields["reason"],
        lock_time=fields["lock_time"],
        until_time=fields["until_time"],
    )


def _past_to_fields(past: PastCart) -> Fields:
    return {
        "cart_id": past.cart_id,
        "state": str(past.state),
        "end_time": past.end_time,
        "order_id": past.order_id,
        "tally": flat_fields(past.tally),
        "left": past.left,
    }


def _past_from_fields(fields: Mapping[str, Any]) -> PastCart:
    return PastCart(
        cart_id=CartId(fields["cart_id"]),
        state=PastState(fields["state"]),
        end_time=fields["end_time"],
        order_id=OrderId(fields["order_id"]),
        tally=Tally(**fields["tally"]),
        left=fields["left"],
    )
