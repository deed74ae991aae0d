"""What can go wrong in profile, each with its reason from the contract's `ErrorReason`. No text holds a value."""

from datetime import UTC, datetime

from libs.errors import (
    FieldFault,
    OmnithreadError,
    failed_precondition,
    invalid_argument,
    not_found,
    resource_exhausted,
)
from services.profile.model import IdentifierKind


def identifier_invalid(field: str, description: str) -> OmnithreadError:
    """Refuse an identifier that is no value of its kind; `field` is its path in the request."""
    return invalid_argument(
        "IDENTIFIER_INVALID",
        "An identifier is no valid value of its kind.",
        field_faults=(FieldFault(field=field, description=description),),
    )


def identifier_limit(kind: IdentifierKind, most: int) -> OmnithreadError:
    """Refuse one more identifier of a kind."""
    return failed_precondition(
        "IDENTIFIER_LIMIT",
        "The customer has as many identifiers of this kind as are allowed.",
        metadata={"kind": str(kind), "most": str(most)},
    )


def trait_limit(most: int) -> OmnithreadError:
    """Refuse more traits than a customer may have."""
    return failed_precondition(
        "TRAIT_LIMIT", "The customer would have more traits than are allowed.", metadata={"most": str(most)}
    )


def update_mask_invalid(description: str) -> OmnithreadError:
    """Refuse an update mask that names nothing, everything, or what cannot be changed."""
    return invalid_argument(
        "UPDATE_MASK_INVALID",
        "The update mask names no fields that can be changed.",
        field_faults=(FieldFault(field="update_mask", description=description),),
    )


def merge_not_found(merge_id: str) -> OmnithreadError:
    """Say that no merge of this customer has this id."""
    return not_found("MERGE_NOT_FOUND", "No merge of this customer has this id.", metadata={"merge_id": merge_id})


def nobody_holds_it() -> OmnithreadError:
    """Say that an identifier leads to no customer."""
    return not_found("CUSTOMER_NOT_FOUND", "No customer holds this identifier.")


def segment_invalid(faults: tuple[FieldFault, ...]) -> OmnithreadError:
    """Refuse a segment whose rule makes no sense."""
    return invalid_argument("SEGMENT_INVALID", "The rule of the segment makes no sense.", field_faults=faults)


def segment_not_found(segment_id: str) -> OmnithreadError:
    """Say that no segment has this id."""
    return not_found("SEGMENT_NOT_FOUND", "No segment has this id.", metadata={"segment_id": segment_id})


def segment_limit(most: int) -> OmnithreadError:
    """Refuse one more segment."""
    return resource_exhausted(
        "SEGMENT_LIMIT", "There are as many segments as are allowed.", metadata={"most": str(most)}
    )


def identifier_erased() -> OmnithreadError:
    """Refuse to bring back somebody who asked to be forgotten."""
    return failed_precondition("IDENTIFIER_ERASED", "The row names somebody who asked to be forgotten.")


def verification_not_possible(kind: IdentifierKind) -> OmnithreadError:
    """Refuse to send a code to what takes none."""
    return invalid_argument(
        "VERIFICATION_NOT_POSSIBLE", "No code can be sent to this identifier.", metadata={"kind": str(kind)}
    )


def verification_limit(retry_time: datetime) -> OmnithreadError:
    """Refuse one more code within the hour."""
    return resource_exhausted(
        "VERIFICATION_LIMIT",
        "Too many codes were asked for; wait until `retry_time`.",
        metadata={"retry_time": retry_time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")},
    )


def verification_not_found() -> OmnithreadError:
    """Say that the customer has no verification of this id."""
    return not_found("VERIFICATION_NOT_FOUND", "The customer has no verification of this id.")


def verification_expired() -> OmnithreadError:
    """Refuse a code that is too old, or was used."""
    return failed_precondition("VERIFICATION_EXPIRED", "The code is too old, or was used; ask for a new one.")


def code_wrong(tries_left: int) -> OmnithreadError:
    """Refuse a code that is not the right one."""
    return failed_precondition("CODE_WRONG", "The code is not the right one.", metadata={"tries_left": str(tries_left)})


def verification_tries_used_up() -> OmnithreadError:
    """Refuse any more guesses."""
    return failed_precondition("VERIFICATION_TRIES_USED_UP", "Too many wrong codes; ask for a new one.")
