"""What can go wrong in messaging, one function per reason of `omnithread.messaging.v1.ErrorReason`."""

from libs.errors import FieldFault, OmnithreadError, failed_precondition, invalid_argument, not_found
from services.messaging.conversations.values import Assignee


def template_not_found(template_id: str) -> OmnithreadError:
    """Say that no template has this id."""
    return not_found("TEMPLATE_NOT_FOUND", "No template has this id.", metadata={"template_id": template_id})


def template_invalid(faults: tuple[FieldFault, ...]) -> OmnithreadError:
    """Refuse a template, naming each place and what is wrong there."""
    return invalid_argument(
        "TEMPLATE_INVALID",
        f"The template has {len(faults)} faults, the first at {faults[0].field}: {faults[0].description}",
        field_faults=faults,
    )


def template_draft_not_found(template_id: str) -> OmnithreadError:
    """Say that nobody is writing at this template."""
    return not_found("TEMPLATE_DRAFT_NOT_FOUND", "The template has no draft.", metadata={"template_id": template_id})


def template_version_not_found(template_id: str, version: int) -> OmnithreadError:
    """Say that there never was such a version, or that it is not kept any more."""
    return not_found(
        "TEMPLATE_VERSION_NOT_FOUND",
        "The template never had this version, or it is not kept any more.",
        metadata={"template_id": template_id, "version": str(version)},
    )


def brand_not_found(brand_id: str) -> OmnithreadError:
    """Say that no brand has this id."""
    return not_found("BRAND_NOT_FOUND", "No brand has this id.", metadata={"brand_id": brand_id})


def brand_invalid(faults: tuple[FieldFault, ...]) -> OmnithreadError:
    """Refuse a brand, naming each place and what is wrong there."""
    return invalid_argument(
        "BRAND_INVALID",
        f"The brand has {len(faults)} faults, the first at {faults[0].field}: {faults[0].description}",
        field_faults=faults,
    )


def variable_unknown(index: int, name: str) -> OmnithreadError:
    """Refuse a value for which the template has no place."""
    return invalid_argument(
        "VARIABLE_UNKNOWN",
        "The template has no such variable.",
        field_faults=(FieldFault(field=f"variables[{index}].name", description="not a variable of the template"),),
        metadata={"variable": name},
    )


def variable_missing(name: str) -> OmnithreadError:
    """Refuse to guess a value."""
    return invalid_argument(
        "VARIABLE_MISSING",
        "A variable of the template is not given.",
        field_faults=(FieldFault(field="variables", description=f"`{name}` is missing"),),
        metadata={"variable": name},
    )


def purpose_unknown(purpose: str) -> OmnithreadError:
    """Refuse a purpose of which nobody said whether it needs consent."""
    return invalid_argument(
        "PURPOSE_UNKNOWN",
        "The purpose is not configured.",
        field_faults=(FieldFault(field="purpose", description="not one of the configured purposes"),),
        metadata={"purpose": purpose},
    )


def queue_full(limit: int) -> OmnithreadError:
    """Refuse one message too many."""
    return failed_precondition(
        "QUEUE_FULL", f"The customer has {limit} messages waiting.", metadata={"limit": str(limit)}
    )


def message_not_found() -> OmnithreadError:
    """Say that the customer has no such message."""
    return not_found("MESSAGE_NOT_FOUND", "The customer has no such message.")


def conversation_not_found() -> OmnithreadError:
    """Say that the customer has no such conversation, or that it has ended; a topic always leads to an open one."""
    return not_found("CONVERSATION_NOT_FOUND", "The customer has no such conversation, or it has ended.")


def conversation_limit(what: str, limit: int) -> OmnithreadError:
    """Refuse one open conversation, or one entry, too many."""
    return failed_precondition(
        "CONVERSATION_LIMIT", f"There are {limit} {what} already.", metadata={"limit": str(limit), "what": what}
    )


def sender_unknown() -> OmnithreadError:
    """Say that a mail leads to no customer; its address is not repeated."""
    return not_found("SENDER_UNKNOWN", "No customer is known by the sender of the mail, nor by a mail that it answers.")


def conversation_assigned(assignee: Assignee | None) -> OmnithreadError:
    """Refuse to take away a conversation that somebody else looks after."""
    kind, name = (assignee.kind.value, assignee.id) if assignee else ("", "")
    return failed_precondition(
        "CONVERSATION_ASSIGNED",
        "Somebody else looks after the conversation.",
        metadata={"assignee_kind": kind, "assignee_id": name},
    )


def topic_open(conversation_id: str) -> OmnithreadError:
    """Refuse to have two open conversations on one topic."""
    return failed_precondition(
        "TOPIC_OPEN",
        "Another conversation on the same topic is open.",
        metadata={"conversation_id": conversation_id},
    )
