"""What an error of the suite says: reason, owner, dynamic parts, and the fields at fault."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, cast

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

DETAILS_KEY = "grpc-status-details-bin"


class _FailedCall(Protocol):
    def code(self) -> grpc.StatusCode: ...
    def details(self) -> str | None: ...
    def trailing_metadata(self) -> Iterable[tuple[str, str | bytes]] | None: ...


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field of the request that is at fault."""

    field: str
    description: str


@dataclass(frozen=True, slots=True)
class ErrorDetails:
    """A failed call, in the words of docs/errors.md."""

    code: grpc.StatusCode
    reason: str
    """From the reason enums, without the prefix; empty where it was not the suite that answered."""
    domain: str
    """Who says so: `<service>.omnithread`."""
    message: str
    metadata: Mapping[str, str]
    fields: tuple[FieldViolation, ...]
    others: tuple[any_pb2.Any, ...] = ()
    """Further details, each to be unpacked into the message that the reason names (`CartDifference`)."""


def details_of(error: grpc.RpcError) -> ErrorDetails:
    """Read the details of a failed call, sync or asyncio."""
    call = cast("_FailedCall", error)  # grpc types its errors as empty; every one that a call raises has these
    status = _status_of(call)
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    details = tuple(status.details) if status is not None else ()
    # Unpack gives False, and changes nothing, where the detail is of another type.
    others = tuple(detail for detail in details if not (detail.Unpack(info) or detail.Unpack(bad)))
    return ErrorDetails(
        code=call.code(),
        reason=info.reason,
        domain=info.domain,
        message=call.details() or "",
        metadata=dict(info.metadata),
        fields=tuple(FieldViolation(field=v.field, description=v.description) for v in bad.field_violations),
        others=others,
    )


def _status_of(call: _FailedCall) -> status_pb2.Status | None:
    for key, value in call.trailing_metadata() or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            status = status_pb2.Status()
            status.ParseFromString(value)
            return status
    return None
