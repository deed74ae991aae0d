"""What can go wrong, in a small vocabulary that knows no gRPC.

A model, store or operation raises an `OmnithreadError` with its data; the door turns it into a status, once.
Each service's `errors.py` has one function per reason of its own; the reasons that all services share are here.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import RetryInfo

NO_METADATA: Mapping[str, str] = MappingProxyType({})
CONFLICT = "CONFLICT"
CUSTOMER_ERASED = "CUSTOMER_ERASED"
OVERLOADED = "OVERLOADED"
RATE_LIMITED = "RATE_LIMITED"
OUTBOX_FULL = "OUTBOX_FULL"


class Status(enum.Enum):
    """How a call ended, by the names that gRPC gives them."""

    OK = "OK"
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"
    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    ABORTED = "ABORTED"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    UNIMPLEMENTED = "UNIMPLEMENTED"
    INTERNAL = "INTERNAL"
    UNAVAILABLE = "UNAVAILABLE"
    DATA_LOSS = "DATA_LOSS"
    UNAUTHENTICATED = "UNAUTHENTICATED"


PASSING = frozenset({Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED, Status.ABORTED, Status.CANCELLED})
TURNED_AWAY = frozenset({OVERLOADED, RATE_LIMITED})
"""Why a call is turned away before anybody has looked at it."""
PASSING_LIMITS = TURNED_AWAY | {OUTBOX_FULL}
"""By reason, since other limits have the same status and stay."""


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One field of a request that breaks a rule: its path (`lines[0].sku`) and what is wrong, without its value."""

    field: str
    description: str


class OmnithreadError(Exception):
    """One refusal or failure, with all that its caller may know of it.

    `reason` is a value of an `ErrorReason` enum without its prefix, `message` a sentence for a developer,
    `metadata` the dynamic parts of that sentence. None of them holds personal data.
    `domain` is empty for an error of the service that answers, and names the other service when passing its error on.
    `details` are further messages of the contract for the caller, small ones: all of an error has to fit into 8 KB.
    """

    def __init__(
        self,
        *,
        status: Status,
        reason: str,
        message: str,
        metadata: Mapping[str, str] = NO_METADATA,
        field_faults: tuple[FieldFault, ...] = (),
        domain: str = "",
        details: tuple[Message, ...] = (),
    ) -> None:
        super().__init__(f"{reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message
        self.metadata: Mapping[str, str] = MappingProxyType(dict(metadata))
        self.field_faults = field_faults
        self.domain = domain
        self.details = details


def is_passing(error: OmnithreadError) -> bool:
    """Say whether it tells of the moment alone, and nothing of what was asked: the same may go well in a moment."""
    return error.status in PASSING or error.reason in PASSING_LIMITS


def invalid_argument(
    reason: str,
    message: str,
    *,
    field_faults: tuple[FieldFault, ...] = (),
    metadata: Mapping[str, str] = NO_METADATA,
) -> OmnithreadError:
    """Refuse a request that is wrong whatever the state."""
    return OmnithreadError(
        status=Status.INVALID_ARGUMENT, reason=reason, message=message, metadata=metadata, field_faults=field_faults
    )


def not_found(reason: str, message: str, *, metadata: Mapping[str, str] = NO_METADATA) -> OmnithreadError:
    """Say that there is no such thing."""
    return OmnithreadError(status=Status.NOT_FOUND, reason=reason, message=message, metadata=metadata)


def failed_precondition(reason: str, message: str, *, metadata: Mapping[str, str] = NO_METADATA) -> OmnithreadError:
    """Refuse what the present state does not allow; asking again changes nothing."""
    return OmnithreadError(status=Status.FAILED_PRECONDITION, reason=reason, message=message, metadata=metadata)


def aborted(
    reason: str, message: str, *, metadata: Mapping[str, str] = NO_METADATA, details: tuple[Message, ...] = ()
) -> OmnithreadError:
    """Give up because somebody else changed the same thing; the caller reads again and decides anew."""
    return OmnithreadError(status=Status.ABORTED, reason=reason, message=message, metadata=metadata, details=details)


def resource_exhausted(
    reason: str, message: str, *, metadata: Mapping[str, str] = NO_METADATA, details: tuple[Message, ...] = ()
) -> OmnithreadError:
    """Refuse what would go beyond a limit."""
    return OmnithreadError(
        status=Status.RESOURCE_EXHAUSTED, reason=reason, message=message, metadata=metadata, details=details
    )


def unavailable(reason: str, message: str, *, metadata: Mapping[str, str] = NO_METADATA) -> OmnithreadError:
    """Say that it does not work now and may work soon: the same request again is right."""
    return OmnithreadError(status=Status.UNAVAILABLE, reason=reason, message=message, metadata=metadata)


def permission_denied(reason: str, message: str, *, metadata: Mapping[str, str] = NO_METADATA) -> OmnithreadError:
    """Refuse a known caller."""
    return OmnithreadError(status=Status.PERMISSION_DENIED, reason=reason, message=message, metadata=metadata)


def scope_missing(scope: str) -> OmnithreadError:
    """Refuse a channel whose token does not hold what the method asks for."""
    return permission_denied("SCOPE_MISSING", "The token does not hold a needed scope.", metadata={"scope": scope})


def unauthenticated(reason: str, message: str, *, metadata: Mapping[str, str] = NO_METADATA) -> OmnithreadError:
    """Refuse a caller who has not shown who it is."""
    return OmnithreadError(status=Status.UNAUTHENTICATED, reason=reason, message=message, metadata=metadata)


def deadline_exceeded() -> OmnithreadError:
    """Say that the caller's time is over; whether anything was done is not known."""
    return OmnithreadError(
        status=Status.DEADLINE_EXCEEDED,
        reason="DEADLINE_EXCEEDED",
        message="The deadline passed before the answer was ready.",
    )


def invalid_field(field: str, description: str) -> OmnithreadError:
    """Name one field that breaks a rule which the contract's constraints cannot say."""
    return invalid_argument(
        "INVALID_FIELD", f"{field}: {description}", field_faults=(FieldFault(field=field, description=description),)
    )


def request_id_reused() -> OmnithreadError:
    """Refuse a request id that came before with another body."""
    return invalid_argument("REQUEST_ID_REUSED", "This request_id was used before with another body.")


def clock_skew(server_time: datetime) -> OmnithreadError:
    """Refuse an issue time too far ahead; the caller learns its offset from the server's time."""
    return failed_precondition(
        "CLOCK_SKEW",
        "The issue_time is ahead of the server's clock.",
        metadata={"server_time": server_time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")},
    )


def request_too_old() -> OmnithreadError:
    """Refuse a request so old that it may have been carried out and forgotten."""
    return failed_precondition("REQUEST_TOO_OLD", "This request may have been carried out before; read again.")


def etag_mismatch() -> OmnithreadError:
    """Refuse a change that was decided on another state."""
    return aborted("ETAG_MISMATCH", "The etag is not that of the present state; read again.")


def conflict() -> OmnithreadError:
    """Give up after losing to others too often; surely nothing was written."""
    return aborted(CONFLICT, "Too many others changed the same record at once; try again.")


def outbox_full() -> OmnithreadError:
    """Refuse changes until the record's events have been taken away."""
    return resource_exhausted(OUTBOX_FULL, "The record waits for its events to be taken away; try again soon.")


def record_too_large() -> OmnithreadError:
    """Refuse a change that would make the record too large."""
    return resource_exhausted("RECORD_TOO_LARGE", "The record would grow beyond its size limit.")


def page_token_invalid() -> OmnithreadError:
    """Refuse a page token that is damaged or was given for another list."""
    return invalid_argument("PAGE_TOKEN_INVALID", "The page token is damaged, or was given for another list.")


def customer_not_found(customer_id: str) -> OmnithreadError:
    """Say that no customer has this id."""
    return not_found("CUSTOMER_NOT_FOUND", "No customer has this id.", metadata={"customer_id": customer_id})


def customer_erased(customer_id: str) -> OmnithreadError:
    """Refuse what is asked for a customer who was forgotten."""
    return failed_precondition(
        CUSTOMER_ERASED,
        "The customer was forgotten; nothing is kept for this id any more.",
        metadata={"customer_id": customer_id},
    )


def dependency_unavailable(dependency: str) -> OmnithreadError:
    """Say which part, that this answer depends on, did not answer."""
    return unavailable(
        "DEPENDENCY_UNAVAILABLE", f"{dependency} did not answer; try again.", metadata={"dependency": dependency}
    )


def outcome_unknown() -> OmnithreadError:
    """Say that a change may or may not be saved; the same request again finds out."""
    return unavailable("OUTCOME_UNKNOWN", "Whether the change was saved is not known; send the same request again.")


def merge_not_possible(because: str) -> OmnithreadError:
    """Refuse to make one customer of two; `because` is a word for programs. The reason is one of profile, who decides.

    `other_way_round`: here the survivor is part of the source; it goes through once that is undone.
    `another_merge`: here the id is that of the merge with somebody else.
    """
    return OmnithreadError(
        status=Status.FAILED_PRECONDITION,
        reason="MERGE_NOT_POSSIBLE",
        message="The two cannot become one customer.",
        metadata={"because": because},
        domain="profile.omnithread",
    )


def unmerge_not_possible(because: str) -> OmnithreadError:
    """Refuse to undo a merge now; `because` is a word for programs. The reason is one of profile, who decides on it."""
    return OmnithreadError(
        status=Status.FAILED_PRECONDITION,
        reason="UNMERGE_NOT_POSSIBLE",
        message="The merge cannot be undone now.",
        metadata={"because": because},
        domain="profile.omnithread",
    )


def merge_outcome_not_found(merge_id: str) -> OmnithreadError:
    """Say that there is no report of this merge here."""
    return not_found(
        "MERGE_OUTCOME_NOT_FOUND", "The merge is not absorbed here, or long gone.", metadata={"merge_id": merge_id}
    )


def actor_required() -> OmnithreadError:
    """Refuse to a channel what only a member of staff may do."""
    return permission_denied("ACTOR_REQUIRED", "Only a member of staff may do this: the token has no `actor`.")


def overloaded(*, retry_seconds: float) -> OmnithreadError:
    """Turn a call away before anything of it is done, since the server has more to do than it can."""
    return resource_exhausted(
        OVERLOADED, "The server has more to do than it can; try again later.", details=(retry_after(retry_seconds),)
    )


def rate_limited(limit: str, *, retry_seconds: float) -> OmnithreadError:
    """Turn a channel away that calls too often; `limit` names the setting that says so (`calls_per_second`)."""
    return resource_exhausted(
        RATE_LIMITED,
        "The channel has used up the calls that it may make for now.",
        metadata={"limit": limit},
        details=(retry_after(retry_seconds),),
    )


def retry_after(seconds: float) -> RetryInfo:
    """Say to the caller how long to wait before the same request is sent again."""
    delay = Duration()
    delay.FromMilliseconds(max(1, round(seconds * 1000)))
    return RetryInfo(retry_delay=delay)
