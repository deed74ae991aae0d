"""What can go wrong with a journey, one function per reason of `omnithread.context.v1.ErrorReason`."""

from libs.errors import FieldFault, OmnithreadError, failed_precondition, invalid_argument, not_found


def journey_not_found() -> OmnithreadError:
    """Say that the customer has no such journey, or none at all."""
    return not_found("JOURNEY_NOT_FOUND", "The customer has no such journey.")


def touchpoint_kind_reserved() -> OmnithreadError:
    """Refuse a kind that another service notes when it happens."""
    return invalid_argument(
        "TOUCHPOINT_KIND_RESERVED",
        "The kind is noted by the service that owns it.",
        field_faults=(FieldFault(field="kind", description="noted by the service that owns it"),),
    )


def occur_time_invalid() -> OmnithreadError:
    """Refuse a time at which it cannot have happened, or that is too long ago to be told now."""
    return invalid_argument(
        "OCCUR_TIME_INVALID",
        "The time is in the future or more than 30 days ago.",
        field_faults=(FieldFault(field="occur_time", description="in the future or more than 30 days ago"),),
    )


def touchpoint_fields_invalid(field: str, description: str) -> OmnithreadError:
    """Refuse what does not go with the kind of a touchpoint."""
    return invalid_argument(
        "TOUCHPOINT_FIELDS_INVALID",
        f"`{field}` {description}.",
        field_faults=(FieldFault(field=field, description=description),),
    )


def price_change_reused() -> OmnithreadError:
    """Refuse another change under a name that was given before."""
    return failed_precondition("PRICE_CHANGE_REUSED", "The change was reported before with other content.")


def price_change_not_found() -> OmnithreadError:
    """Say that no such change was reported."""
    return not_found("PRICE_CHANGE_NOT_FOUND", "No such change was reported.")


def price_invalid(field: str, description: str) -> OmnithreadError:
    """Refuse what is no price."""
    return invalid_argument(
        "PRICE_INVALID",
        f"The price is {description}.",
        field_faults=(FieldFault(field=field, description=description),),
    )


def attribute_duplicate(index: int) -> OmnithreadError:
    """Refuse two attributes with one key."""
    return invalid_argument(
        "INVALID_FIELD",
        "An attribute key is given twice.",
        field_faults=(FieldFault(field=f"attributes[{index}].key", description="given twice"),),
    )


def identifier_needed() -> OmnithreadError:
    """Refuse a visit of which nothing says whose it is."""
    return invalid_argument(
        "IDENTIFIER_NEEDED",
        "Without a hand-over at least one identifier is needed.",
        field_faults=(FieldFault(field="identifiers", description="none is given, and no hand-over"),),
    )


def erasure_not_found() -> OmnithreadError:
    """Say that no erasure has this id, or none was asked for this customer."""
    return not_found("ERASURE_NOT_FOUND", "No such erasure was asked for.")
