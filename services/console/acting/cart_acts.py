"""What an agent can do with a customer's cart."""

import re
from collections.abc import Sequence
from decimal import Decimal

from google.type.money_pb2 import Money

import omnithread
from omnithread.cart.v1 import cart_service_pb2 as pb
from services.console.acting.acts import Act, Unfit, Wanted

MOST_PIECES = 9999
PRICE = re.compile(r"[0-9]{1,9}([.,][0-9]{1,9})?")
CURRENCY = re.compile(r"[A-Z]{3}")
LOCK_MINUTES = 60
NANOS = 10**9


def price_of(typed: str, currency_code: str) -> Money:
    """Read a price, with a point or a comma. Raises Unfit."""
    if not PRICE.fullmatch(typed):
        raise Unfit("The price has to be like 12.50.")
    if not CURRENCY.fullmatch(currency_code):
        raise Unfit("The currency has to be like EUR.")
    amount = Decimal(typed.replace(",", "."))
    return Money(currency_code=currency_code, units=int(amount), nanos=int(amount % 1 * NANOS))


async def lock(suite: omnithread.Omnithread, wanted: Wanted) -> None:
    """Keep the cart for oneself for some minutes."""
    await suite.cart.LockCart(
        pb.LockCartRequest(
            customer_id=wanted.customer_id,
            reason=wanted.text("reason"),
            duration_seconds=60 * wanted.number("minutes", least=1, most=LOCK_MINUTES),
            request_id=wanted.request_id,
        )
    )


async def unlock(suite: omnithread.Omnithread, wanted: Wanted) -> None:
    """Free a cart that one keeps."""
    await suite.cart.UnlockCart(pb.UnlockCartRequest(customer_id=wanted.customer_id, request_id=wanted.request_id))


async def force(suite: omnithread.Omnithread, wanted: Wanted) -> None:
    """Free a cart that somebody else keeps."""
    await suite.cart.UnlockCart(
        pb.UnlockCartRequest(customer_id=wanted.customer_id, force=True, request_id=wanted.request_id)
    )


async def add(suite: omnithread.Omnithread, wanted: Wanted) -> None:
    """Put something in."""
    await suite.cart.AddItem(
        pb.AddItemRequest(
            customer_id=wanted.customer_id,
            sku=wanted.text("sku"),
            name=wanted.text("name"),
            unit_price=price_of(wanted.text("price"), wanted.text("currency").upper()),
            quantity=wanted.number("pieces", least=1, most=MOST_PIECES),
            request_id=wanted.request_id,
        )
    )


async def quantity(suite: omnithread.Omnithread, wanted: Wanted) -> None:
    """Set how many there are, if there still are as many as the page showed."""
    await suite.cart.SetItemQuantity(
        pb.SetItemQuantityRequest(
            customer_id=wanted.customer_id,
            line_id=wanted.text("key"),
            quantity=wanted.number("pieces", least=1, most=MOST_PIECES),
            expected_quantity=wanted.number("shown", least=1, most=MOST_PIECES),
            request_id=wanted.request_id,
        )
    )


async def remove(suite: omnithread.Omnithread, wanted: Wanted) -> None:
    """Take a line out."""
    await suite.cart.RemoveItem(
        pb.RemoveItemRequest(customer_id=wanted.customer_id, line_id=wanted.text("key"), request_id=wanted.request_id)
    )


async def save(suite: omnithread.Omnithread, wanted: Wanted) -> None:
    """Save a line for later."""
    await suite.cart.SaveForLater(
        pb.SaveForLaterRequest(customer_id=wanted.customer_id, line_id=wanted.text("key"), request_id=wanted.request_id)
    )


async def back(suite: omnithread.Omnithread, wanted: Wanted) -> None:
    """Take a saved line back into the cart."""
    await suite.cart.MoveToCart(
        pb.MoveToCartRequest(customer_id=wanted.customer_id, line_id=wanted.text("key"), request_id=wanted.request_id)
    )


async def code(suite: omnithread.Omnithread, wanted: Wanted) -> None:
    """Enter a code of an offer."""
    await suite.cart.ApplyOfferCode(
        pb.ApplyOfferCodeRequest(customer_id=wanted.customer_id, code=wanted.text("code"), request_id=wanted.request_id)
    )


async def without_code(suite: omnithread.Omnithread, wanted: Wanted) -> None:
    """Take a code out."""
    await suite.cart.RemoveOfferCode(
        pb.RemoveOfferCodeRequest(customer_id=wanted.customer_id, code=wanted.text("key"), request_id=wanted.request_id)
    )


async def note(suite: omnithread.Omnithread, wanted: Wanted) -> None:
    """Add a note."""
    await suite.cart.AddNote(
        pb.AddNoteRequest(customer_id=wanted.customer_id, text=wanted.text("text"), request_id=wanted.request_id)
    )


async def without_note(suite: omnithread.Omnithread, wanted: Wanted) -> None:
    """Remove a note."""
    await suite.cart.RemoveNote(
        pb.RemoveNoteRequest(customer_id=wanted.customer_id, note_id=wanted.text("key"), request_id=wanted.request_id)
    )


ACTS: Sequence[Act] = (
    Act("lock", "Lock the cart", "The cart is locked: nobody else changes it until you have done.", lock),
    Act("unlock", "Unlock the cart", "The cart is free again.", unlock),
    Act(
        "force",
        "Unlock it all the same",
        "The cart is free again.",
        force,
        asks="Somebody else works on this cart. Take their lock away? What they do then may meet what others do.",
    ),
    Act("add", "Put it in", "It is in the cart.", add),
    Act("quantity", "Set", "The quantity is set.", quantity),
    Act("remove", "Remove", "It is not in the cart any more.", remove, asks="Take this line out of the cart?"),
    Act("save", "Save for later", "It is saved for later.", save),
    Act("back", "Back into the cart", "It is in the cart again.", back),
    Act("code", "Enter", "The code is entered.", code),
    Act("without-code", "Take out", "The code is taken out.", without_code),
    Act("note", "Add the note", "The note is added.", note),
    Act(
        "without-note", "Remove the note", "The note is removed.", without_note, asks="Remove this note for everybody?"
    ),
)
