"""What can go wrong with preferences, one function per reason of `omnithread.preference.v1.ErrorReason`."""

from libs.errors import FieldFault, OmnithreadError, failed_precondition, invalid_argument, not_found


def update_mask_invalid(description: str) -> OmnithreadError:
    """Refuse a mask that names nothing, everything, or what cannot be changed."""
    fault = FieldFault(field="update_mask", description=description)
    return invalid_argument("UPDATE_MASK_INVALID", f"The update mask {description}.", field_faults=(fault,))


def language_unknown() -> OmnithreadError:
    """Refuse a tag that names no language."""
    fault = FieldFault(field="preferences.language", description="no known BCP 47 tag")
    return invalid_argument("LANGUAGE_UNKNOWN", "The language is no known BCP 47 tag.", field_faults=(fault,))


def time_zone_unknown() -> OmnithreadError:
    """Refuse a zone that the IANA database does not have."""
    fault = FieldFault(field="preferences.time_zone", description="not in the IANA database")
    return invalid_argument("TIME_ZONE_UNKNOWN", "The time zone is not in the IANA database.", field_faults=(fault,))


def cap_duplicate(index: int) -> OmnithreadError:
    """Refuse two caps for one purpose."""
    fault = FieldFault(field=f"preferences.frequency_caps[{index}].purpose", description="given twice")
    return invalid_argument("CAP_DUPLICATE", "Two frequency caps are for the same purpose.", field_faults=(fault,))


def contact_point_invalid(description: str) -> OmnithreadError:
    """Refuse an address that nothing can be sent to by this way; the address itself is not repeated."""
    fault = FieldFault(field="contact_point", description=description)
    return invalid_argument("CONTACT_POINT_INVALID", f"The contact point is {description}.", field_faults=(fault,))


def consent_limit(limit: int) -> OmnithreadError:
    """Refuse one more consent than a customer can have."""
    return failed_precondition("CONSENT_LIMIT", f"The customer has {limit} consents.", metadata={"limit": str(limit)})


def contact_point_required() -> OmnithreadError:
    """Refuse a yes for every address where each has to be confirmed."""
    fault = FieldFault(field="contact_point", description="has to be named for a purpose that needs double opt-in")
    message = "A yes to this purpose is for one address."
    return invalid_argument("CONTACT_POINT_REQUIRED", message, field_faults=(fault,))


def consent_not_pending() -> OmnithreadError:
    """Refuse to confirm what does not wait."""
    return failed_precondition("CONSENT_NOT_PENDING", "No yes waits for a confirmation here.")


def confirmation_expired() -> OmnithreadError:
    """Refuse a code that is too old."""
    return failed_precondition("CONFIRMATION_EXPIRED", "The code works no longer.")


def confirmation_code_wrong(tries_left: int) -> OmnithreadError:
    """Refuse another code than the right one."""
    metadata = {"tries_left": str(tries_left)}
    return failed_precondition("CONFIRMATION_CODE_WRONG", "The code is not the right one.", metadata=metadata)


def confirmation_tries_used_up() -> OmnithreadError:
    """Refuse one more guess than are allowed."""
    return failed_precondition("CONFIRMATION_TRIES_USED_UP", "There were too many wrong codes.")


def confirmation_not_found() -> OmnithreadError:
    """Say that there is nothing to deliver."""
    return not_found("CONFIRMATION_NOT_FOUND", "There is no such confirmation that still can be given.")


def link_invalid() -> OmnithreadError:
    """Refuse a token that was not made here."""
    fault = FieldFault(field="token", description="was not made here, or was changed")
    return invalid_argument("LINK_INVALID", "The link was not made here, or was changed.", field_faults=(fault,))


def link_action_not_possible() -> OmnithreadError:
    """Refuse what a link of this kind does not do."""
    return failed_precondition("LINK_ACTION_NOT_POSSIBLE", "This link does not do that.")


def chain_head_invalid(field: str) -> OmnithreadError:
    """Refuse a head that cannot be of this chain."""
    fault = FieldFault(field=field, description="is no head of this customer's chain")
    return invalid_argument("CHAIN_HEAD_INVALID", "This is no head of this customer's chain.", field_faults=(fault,))
