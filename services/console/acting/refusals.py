"""Why an act was refused, in words, and what to do about it. Pure."""

from dataclasses import dataclass

import grpc

from omnithread import details_of
from services.console.web.failures import AWAY, STATUS

WORDS = {
    "CART_LOCKED": "Somebody else works on this cart now. Wait until they have done, or ask them; in an emergency, "
    "unlock it below.",
    "ETAG_MISMATCH": "The cart has changed meanwhile. Look at it as it is now, and decide again.",
    "QUANTITY_CHANGED": "Somebody has changed this quantity meanwhile. Look at it as it is now, and decide again.",
    "LINE_NOT_FOUND": "This line is not in the cart any more.",
    "QUANTITY_LIMIT": "So many pieces do not fit into one line.",
    "LINE_LIMIT": "The cart is full: no further line fits in.",
    "AMOUNT_LIMIT": "The cart would cost more than it can hold.",
    "CURRENCY_MISMATCH": "The cart has another currency.",
    "PRICE_INVALID": "The price is no amount of this currency.",
    "CURRENCY_UNKNOWN": "There is no such currency.",
    "TAX_INVALID": "The other lines state their tax in another way: this article has to be added where they were.",
    "NOTE_LIMIT": "There are as many notes as there can be. Remove one first.",
    "NOTE_NOT_FOUND": "This note is not there any more.",
    "OFFER_CODE_UNKNOWN": "No offer has this code. Compare it with what the customer has in hand.",
    "OFFER_CODE_USED": "This code was used, or a checkout is just using it.",
    "OFFER_TRIES_EXCEEDED": "Too many unknown codes were tried. Try again in some minutes.",
    "CODE_LIMIT": "As many codes are entered as there can be. Take one out first.",
    "CONVERSATION_ASSIGNED": "Somebody else looks after this conversation by now.",
    "CONVERSATION_NOT_FOUND": "This conversation has ended, or is not there. Open it again to go on with it.",
    "CONVERSATION_LIMIT": "The conversation, or its notes, are as long as they can be.",
    "TOPIC_OPEN": "Another conversation on this topic is open already: go on there.",
    "HANDOVER_LIMIT": "There are as many working hand-overs as there can be. Try again when one has ended.",
    "HANDOVER_NOT_FOUND": "This hand-over is not there any more.",
    "LINK_INVALID": "The console was told a form of links that is none. Whoever runs it has to correct it.",
    "REQUEST_ID_REUSED": "This form was sent before with something else in it. What is below is as it is now: "
    "try again from here.",
    "REQUEST_TOO_OLD": "This form was open for too long. Try again from here.",
    "CLOCK_SKEW": "The console's clock is wrong. Whoever runs it has to correct it.",
    "CONFLICT": "Many change this at once. Try again.",
    "ACTOR_REQUIRED": "Only a member of staff may do that.",
    "CUSTOMER_NOT_FOUND": "There is no such customer. They may have been forgotten at their own wish.",
    "CALLER_NOT_ALLOWED": "The console may not do that.",
}
NOT_KNOWN = (
    "A service did not answer in time: maybe it was done, maybe not. Look whether it was; else press again. However "
    "often you press, it is done once."
)
FIELDS = {"text": "the text", "note": "the note", "sku": "the article number", "name": "the name", "code": "the code"}


@dataclass(frozen=True, slots=True)
class Told:
    """Why nothing was done, or that nobody knows."""

    words: str
    reason: str
    status: int
    unknown: bool = False
    """Whether it may have been done: then the same form is sent again under its own id."""


def unfit(words: str) -> Told:
    """Say that what was typed cannot be sent."""
    return Told(words, "INVALID", 400)


def not_shown(error: grpc.RpcError) -> Told:
    """Say that a page cannot be shown just now, before anything was sent."""
    details = details_of(error)
    status = 503 if details.code in AWAY else STATUS.get(details.code, 409)
    return Told("The page cannot be shown now.", details.reason or details.code.name, status)


def told_of(error: grpc.RpcError) -> Told:
    """Say it for what the suite answered. Its words for developers are not shown."""
    details = details_of(error)
    if details.code in AWAY and not details.reason.endswith(("_LIMIT", "_EXCEEDED")):
        return Told(NOT_KNOWN, details.reason or details.code.name, 503, unknown=True)
    status = STATUS.get(details.code, 409)
    words = WORDS.get(details.reason, "")
    if not words and details.fields:
        wrong = ", ".join(sorted({FIELDS.get(one.field, one.field.replace("_", " ")) for one in details.fields}))
        words = f"This is missing, too long, or not as it should be: {wrong}."
    return Told(words or "That is not possible now.", details.reason or details.code.name, status)
