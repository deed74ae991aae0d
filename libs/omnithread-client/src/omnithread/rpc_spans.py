"""What the span of a call says, by the semantic conventions of OpenTelemetry for RPC.

A refusal is an answer: its code is on the span, which is no error for it. Where nothing came of the call through no
fault of the caller's, it is one, on either side.
"""

import grpc
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer

STATUS_CODE = "rpc.response.status_code"
ERROR_TYPE = "error.type"
FAULTS = frozenset(
    {
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)


def rpc_attributes(method: str) -> dict[str, str]:
    """What a span of `/omnithread.cart.v1.CartService/AddItem` begins with."""
    return {"rpc.system.name": "grpc", "rpc.method": method.lstrip("/")}


def server_attributes(address: str) -> dict[str, str | int]:
    """Where a call goes: `host:port` as it was given to the channel."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal():
        return {"server.address": address}
    return {"server.address": host.strip("[]"), "server.port": int(port)}


def start_client_span(tracer: Tracer, method: str, attributes: dict[str, str | int]) -> Span:
    """The caller's own span of a call."""
    return tracer.start_span(method.lstrip("/"), kind=SpanKind.CLIENT, attributes=attributes)


def note_status(span: Span, code: grpc.StatusCode, *, reason: str = "") -> None:
    """Say how a call ended; `reason` is the error's, where it is known."""
    if not span.is_recording():
        return
    span.set_attribute(STATUS_CODE, code.name)
    if reason:
        span.set_attribute("omnithread.reason", reason)
    if code in FAULTS:
        span.set_attribute(ERROR_TYPE, code.name)
        span.set_status(StatusCode.ERROR, reason or code.name)
