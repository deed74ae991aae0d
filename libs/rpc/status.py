"""Between our errors and the status on the wire, both ways, with `google.rpc` details."""

from collections.abc import Collection, Mapping
from typing import TypeAlias

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status as WireStatus

from libs.errors import FieldFault, OmnithreadError, Status

Wire: TypeAlias = tuple[grpc.StatusCode, str, tuple[tuple[str, bytes], ...]]
"""Code, message and trailing metadata of an error."""
DETAILS_KEY = "grpc-status-details-bin"
CODES: Mapping[Status, grpc.StatusCode] = {status: grpc.StatusCode[status.name] for status in Status}
STATUSES: Mapping[grpc.StatusCode, Status] = {code: status for status, code in CODES.items()}
PUSHBACK = "grpc-retry-pushback-ms"
"""What tells gRPC's clients when to try again by themselves; a negative number: not at all."""
MOST_FIELD_FAULTS = 20
MOST_CHARACTERS = 120
"""Of each field path, description and value: all of it has to fit into the 8 KB of metadata that clients take."""
MOST_VALUES = 16
MOST_MESSAGE_CHARACTERS = 400
MOST_BYTES = 5500
"""Of all details together: what does not fit any more is left out. Metadata is sent in base64, a third longer."""
INTERNAL_MESSAGE = "An error of ours. It is logged under the trace of this call."


def internal_error() -> OmnithreadError:
    """Give what a caller may know of an unexpected exception: nothing."""
    return OmnithreadError(status=Status.INTERNAL, reason="INTERNAL", message=INTERNAL_MESSAGE)


def to_wire(error: OmnithreadError, *, domain: str) -> Wire:
    """Give it as it is sent; `domain` stands in where the error names none."""
    message = error.message[:MOST_MESSAGE_CHARACTERS]
    values = {key: value[:MOST_CHARACTERS] for key, value in list(error.metadata.items())[:MOST_VALUES]}
    status = WireStatus(code=CODES[error.status].value[0], message=message)
    _add(status, ErrorInfo(reason=error.reason, domain=error.domain or domain, metadata=values))
    if error.field_faults:
        faults = BadRequest()
        for fault in error.field_faults[:MOST_FIELD_FAULTS]:
            faults.field_violations.add(
                field=fault.field[:MOST_CHARACTERS],
                description=fault.description[:MOST_CHARACTERS],
            )
        _add(status, faults)
    for detail in error.details:
        if status.ByteSize() + detail.ByteSize() <= MOST_BYTES:
            _add(status, detail)
    return CODES[error.status], message, ((DETAILS_KEY, status.SerializeToString(deterministic=True)),)


def retry_policy(error: OmnithreadError, *, domain: str, services: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Tell gRPC's clients not to repeat by themselves what we have repeated already, when a service behind us is away.

    Else three tries of ours for each of four of theirs made twelve, in the very moment in which a service comes back.
    """
    is_behind = error.domain not in ("", domain) or error.metadata.get("dependency") in services
    return ((PUSHBACK, "-1"),) if error.status is Status.UNAVAILABLE and is_behind else ()


def error_from_rpc(error: grpc.aio.AioRpcError, *, dependency: str = "") -> OmnithreadError:
    """Read another service's answer back into the error that it raised, with the domain of that service.

    An answer without details did not come from a service of ours (a broken connection, a passed deadline):
    UNAVAILABLE becomes DEPENDENCY_UNAVAILABLE of `dependency`.
    """
    status = STATUSES[error.code()]
    details = _details(error)
    if details is None:
        return _bare_error(status, dependency)
    info, faults, retry = _read(details)
    return OmnithreadError(
        status=status,
        reason=info.reason,
        message=details.message,
        metadata=dict(info.metadata),
        field_faults=tuple(FieldFault(field=f.field, description=f.description) for f in faults.field_violations),
        domain=info.domain,
        details=(retry,) if retry.HasField("retry_delay") else (),
    )


def _bare_error(status: Status, dependency: str) -> OmnithreadError:
    if status is Status.DEADLINE_EXCEEDED:
        return OmnithreadError(
            status=status,
            reason="DEADLINE_EXCEEDED",
            message=f"{dependency or 'A part of this answer'} did not answer in time.",
            metadata={"dependency": dependency} if dependency else {},
        )
    if status in {Status.UNAVAILABLE, Status.CANCELLED}:
        return OmnithreadError(
            status=Status.UNAVAILABLE,
            reason="DEPENDENCY_UNAVAILABLE",
            message=f"{dependency or 'A part that this answer depends on'} did not answer; try again.",
            metadata={"dependency": dependency} if dependency else {},
        )
    return internal_error()


def _details(error: grpc.aio.AioRpcError) -> WireStatus | None:
    metadata: grpc.aio.Metadata | None = error.trailing_metadata()
    raw = None if metadata is None else metadata.get(DETAILS_KEY)
    if not isinstance(raw, bytes):
        return None
    try:
        return WireStatus.FromString(raw)
    except DecodeError:
        return None


def _read(status: WireStatus) -> tuple[ErrorInfo, BadRequest, RetryInfo]:
    info, faults, retry = ErrorInfo(), BadRequest(), RetryInfo()
    for detail in status.details:
        _ = detail.Unpack(info) or detail.Unpack(faults) or detail.Unpack(retry)  # each takes only its own type
    return info, faults, retry


def _add(status: WireStatus, detail: Message) -> None:
    status.details.add().Pack(detail)
