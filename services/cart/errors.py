"""What can go wrong with a cart, one function per reason of `omnithread.cart.v1.ErrorReason`."""

from datetime import UTC, datetime

from libs.errors import (
    FieldFault,
    OmnithreadError,
    aborted,
    failed_precondition,
    invalid_argument,
    not_found,
    resource_exhausted,
)


def line_not_found() -> OmnithreadError:
    """Say that the cart has no such line (any more)."""
    return not_found("LINE_NOT_FOUND", "The cart has no such line.")


def sku_ambiguous(line_count: int) -> OmnithreadError:
    """Refuse to guess which of several lines is meant."""
    return failed_precondition(
        "SKU_AMBIGUOUS",
        "Several lines have this sku; name the line by its id.",
        metadata={"line_count": str(line_count)},
    )


def quantity_changed(quantity: int) -> OmnithreadError:
    """Say that somebody else changed the line's quantity, and to what."""
    return aborted(
        "QUANTITY_CHANGED", "The line's quantity is not the expected one.", metadata={"quantity": str(quantity)}
    )


def currency_mismatch(currency_code: str) -> OmnithreadError:
    """Refuse a second currency in one cart."""
    return failed_precondition(
        "CURRENCY_MISMATCH", "The cart has another currency.", metadata={"currency_code": currency_code}
    )


def currency_unknown(currency_code: str, field: str = "unit_price") -> OmnithreadError:
    """Refuse a code that is no currency in use."""
    return invalid_argument(
        "CURRENCY_UNKNOWN",
        "The code is no currency of ISO 4217.",
        field_faults=(FieldFault(field=f"{field}.currency_code", description="no currency of ISO 4217"),),
        metadata={"currency_code": currency_code[:16]},
    )


def price_invalid(field: str = "unit_price") -> OmnithreadError:
    """Refuse a price that is no amount of its currency."""
    what = "negative, beyond 10^17 minor units, or more digits than the currency has, or units and nanos disagree"
    return invalid_argument(
        "PRICE_INVALID", f"The price is {what}.", field_faults=(FieldFault(field=field, description=what),)
    )


def attribute_duplicate(index: int) -> OmnithreadError:
    """Refuse two attributes with one key."""
    return invalid_argument(
        "ATTRIBUTE_DUPLICATE",
        "An attribute key is given twice.",
        field_faults=(FieldFault(field=f"attributes[{index}].key", description="given twice"),),
    )


def quantity_limit(limit: int) -> OmnithreadError:
    """Refuse more pieces than a line can have."""
    return failed_precondition(
        "QUANTITY_LIMIT", f"The line would have more than {limit} pieces.", metadata={"limit": str(limit)}
    )


def line_limit(limit: int) -> OmnithreadError:
    """Refuse one line too many."""
    return failed_precondition("LINE_LIMIT", f"The cart has {limit} lines.", metadata={"limit": str(limit)})


def amount_limit(limit_minor: int) -> OmnithreadError:
    """Refuse a sum beyond all reason, before it leaves the range of 64 bits."""
    return failed_precondition(
        "AMOUNT_LIMIT",
        f"The cart's sum would be beyond {limit_minor} minor units.",
        metadata={"limit_minor": str(limit_minor)},
    )


def cart_empty() -> OmnithreadError:
    """Refuse to check out nothing."""
    return failed_precondition("CART_EMPTY", "There is nothing to check out.")


def offer_not_found() -> OmnithreadError:
    """Say that there is no such offer, or no such version of it."""
    return not_found("OFFER_NOT_FOUND", "There is no such offer, or no such version of it.")


def offer_has_no_draft() -> OmnithreadError:
    """Refuse to activate nothing."""
    return failed_precondition("OFFER_HAS_NO_DRAFT", "The offer has no draft that could count.")


def offer_terms_invalid(faults: tuple[FieldFault, ...]) -> OmnithreadError:
    """Refuse an offer that contradicts itself."""
    return invalid_argument("OFFER_TERMS_INVALID", "The offer contradicts itself.", field_faults=faults)


def offer_refers_to_itself(fault: FieldFault) -> OmnithreadError:
    """Refuse an offer that excludes itself, or gives one of its own articles as a gift."""
    return invalid_argument("OFFER_REFERS_TO_ITSELF", "The offer refers to itself.", field_faults=(fault,))


def offer_limits_conflict(fault: FieldFault) -> OmnithreadError:
    """Refuse limits of which one can never be reached."""
    return invalid_argument("OFFER_LIMITS_CONFLICT", "The limits contradict one another.", field_faults=(fault,))


def offer_limit(limit: int, *, active: bool) -> OmnithreadError:
    """Refuse one offer too many."""
    what = "active offers" if active else "offers"
    return failed_precondition("OFFER_LIMIT", f"There are {limit} {what}.", metadata={"limit": str(limit)})


def channel_not_registered() -> OmnithreadError:
    """Say that no channel is registered under the id."""
    return invalid_argument(
        "CHANNEL_NOT_REGISTERED",
        "No channel is registered under this id.",
        field_faults=(FieldFault(field="channel_id", description="not registered"),),
    )


def order_not_found() -> OmnithreadError:
    """Say that the customer has no such order."""
    return not_found("ORDER_NOT_FOUND", "The customer has no such order.")


def order_state_invalid(state: str) -> OmnithreadError:
    """Refuse to bring an order where it cannot come to from where it stands."""
    return failed_precondition("ORDER_STATE_INVALID", f"The order is {state}.", metadata={"state": state.upper()})


def payment_state_invalid(payment_state: str) -> OmnithreadError:
    """Refuse to bring a payment where it cannot come to from where it stands."""
    return failed_precondition(
        "PAYMENT_STATE_INVALID",
        f"The payment is {payment_state}.",
        metadata={"payment_state": payment_state.upper()},
    )


def payment_reference_invalid() -> OmnithreadError:
    """Refuse what looks like the number of a card, without repeating it."""
    what = "looks like the number of a card"
    return invalid_argument(
        "PAYMENT_REFERENCE_INVALID",
        f"The payment reference {what}.",
        field_faults=(FieldFault(field="payment_reference", description=what),),
    )


def external_number_reused() -> OmnithreadError:
    """Refuse a number that stands for something else, or for another customer."""
    return failed_precondition(
        "EXTERNAL_NUMBER_REUSED", "The number was told before with other content, or for another customer."
    )


def occur_time_invalid(description: str) -> OmnithreadError:
    """Refuse a time at which it cannot have happened."""
    return invalid_argument(
        "OCCUR_TIME_INVALID",
        f"The occur_time is {description}.",
        field_faults=(FieldFault(field="occur_time", description=description),),
    )


def return_too_many(left: int) -> OmnithreadError:
    """Refuse to take back more than was bought."""
    return failed_precondition(
        "RETURN_TOO_MANY", f"Only {left} of the line can come back.", metadata={"left": str(left)}
    )


def return_limit(limit: int) -> OmnithreadError:
    """Refuse one return too many."""
    return failed_precondition("RETURN_LIMIT", f"The order has {limit} returns.", metadata={"limit": str(limit)})


def cart_locked(channel_id: str, until_time: datetime) -> OmnithreadError:
    """Refuse a change while a member of staff works on the cart, and say where and until when."""
    until = until_time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return failed_precondition(
        "CART_LOCKED",
        "A member of staff is working on the cart.",
        metadata={"channel_id": channel_id, "until_time": until},
    )


def note_limit(limit: int) -> OmnithreadError:
    """Refuse one note too many."""
    return failed_precondition("NOTE_LIMIT", f"The cart has {limit} notes.", metadata={"limit": str(limit)})


def note_not_found() -> OmnithreadError:
    """Say that the cart has no such note (any more)."""
    return not_found("NOTE_NOT_FOUND", "The cart has no such note.")


def tax_invalid() -> OmnithreadError:
    """Refuse lines of which some have their tax in the price and some not."""
    return failed_precondition(
        "TAX_INVALID", "The lines of one cart have their tax in their prices, or none of them has."
    )


def cart_not_found() -> OmnithreadError:
    """Say that the customer has no such cart, or had it too long ago."""
    return not_found("CART_NOT_FOUND", "The customer has no such cart.")


def link_invalid(description: str) -> OmnithreadError:
    """Refuse a template of a link that leads nowhere safe, or has no place for the token."""
    return invalid_argument(
        "LINK_INVALID",
        f"The template of the link: {description}.",
        field_faults=(FieldFault(field="link_template", description=description),),
    )


def handover_limit(limit: int) -> OmnithreadError:
    """Refuse one working hand-over, or one working code of six digits, too many."""
    return resource_exhausted(
        "HANDOVER_LIMIT", f"{limit} work already; try again later.", metadata={"limit": str(limit)}
    )


def handover_invalid() -> OmnithreadError:
    """Refuse a token that was not made here or was changed, or digits that nobody was given; never say which."""
    return not_found("HANDOVER_INVALID", "There is no such hand-over.")


def handover_expired() -> OmnithreadError:
    """Say that a hand-over works no longer."""
    return failed_precondition("HANDOVER_EXPIRED", "The hand-over works no longer.")


def handover_used() -> OmnithreadError:
    """Say that another visit has gone on with it."""
    return failed_precondition("HANDOVER_USED", "Another visit has gone on with this hand-over.")


def handover_tries_exceeded(retry_time: datetime) -> OmnithreadError:
    """Refuse any code until `retry_time`, right or wrong."""
    return resource_exhausted(
        "HANDOVER_TRIES_EXCEEDED",
        "Too many wrong codes were tried.",
        metadata={"retry_time": retry_time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")},
    )


def handover_not_found() -> OmnithreadError:
    """Say that the customer has no such hand-over."""
    return not_found("HANDOVER_NOT_FOUND", "The customer has no such hand-over.")
