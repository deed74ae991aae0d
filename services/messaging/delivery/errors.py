"""What can go wrong around providers and inboxes, one function per reason."""

from libs.errors import (
    FieldFault,
    OmnithreadError,
    failed_precondition,
    invalid_argument,
    not_found,
    permission_denied,
    resource_exhausted,
    unavailable,
)


def provider_not_found(provider_id: str) -> OmnithreadError:
    """Say that nobody of this id reports anything."""
    return not_found(
        "PROVIDER_NOT_FOUND",
        "No provider has this id, or it has no secret to report with.",
        metadata={"provider_id": provider_id},
    )


def signature_invalid(why: str) -> OmnithreadError:
    """Refuse what nobody knows to be the provider's."""
    return permission_denied("SIGNATURE_INVALID", "The provider did not sign this body now.", metadata={"why": why})


def receipts_invalid(field: str, description: str) -> OmnithreadError:
    """Refuse a body that cannot be read, naming the place."""
    return invalid_argument(
        "RECEIPTS_INVALID", "The body is no list of receipts.", field_faults=(FieldFault(field, description),)
    )


def dead_letter_not_found() -> OmnithreadError:
    """Say that nothing of this id failed for this customer."""
    return not_found("DEAD_LETTER_NOT_FOUND", "The customer has no such message that could not be sent.")


def suppression_not_found() -> OmnithreadError:
    """Say that no such address of this customer is closed."""
    return not_found("SUPPRESSION_NOT_FOUND", "The customer has no such address to which nothing is sent.")


def message_not_shown() -> OmnithreadError:
    """Refuse to have a message read that nobody can see."""
    return failed_precondition("MESSAGE_NOT_SHOWN", "The message is in no inbox and on no display.")


def too_many_watchers(limit: int) -> OmnithreadError:
    """Refuse one stream too many."""
    return resource_exhausted(
        "TOO_MANY_WATCHERS", f"There are {limit} watchers on this replica.", metadata={"limit": str(limit)}
    )


def inbox_stopped() -> OmnithreadError:
    """Send a watcher to another replica."""
    return unavailable("INBOX_STOPPED", "This replica stops; go on with the resume_token.")
