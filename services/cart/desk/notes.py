"""Decides on notes: what is written on a cart for whoever serves the customer next. Pure."""

from dataclasses import replace

from libs.mongo.values import Decision
from services.cart import errors
from services.cart.events import NotesChanged
from services.cart.model import Act, Change
from services.cart.values import Cart, Note

MAX_NOTES = 20


def add_note(cart: Cart, text: str, *, act: Act, note_id: str) -> Change:
    """Note something; the fact `note_id` names it. Raises NOTE_LIMIT."""
    if len(cart.notes) >= MAX_NOTES:
        raise errors.note_limit(MAX_NOTES)
    note = Note(note_id=note_id, text=text, channel=act.channel, actor_id=act.origin.actor_id, add_time=act.time)
    event = NotesChanged(cart.cart_id, act.occur_time, note_id, removed=False)
    return Decision(replace(cart, notes=(*cart.notes, note)), (event,), facts={"note_id": note_id})


def remove_note(cart: Cart, note_id: str, *, act: Act) -> Change:
    """Remove a note. Raises NOTE_NOT_FOUND."""
    left = tuple(note for note in cart.notes if note.note_id != note_id)
    if len(left) == len(cart.notes):
        raise errors.note_not_found()
    event = NotesChanged(cart.cart_id, act.occur_time, note_id, removed=True)
    return Decision(replace(cart, notes=left), (event,))


def newest_notes(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """Give the newest that a cart can have, oldest first."""
    return tuple(sorted(notes, key=lambda note: (note.add_time, note.note_id))[-MAX_NOTES:])
