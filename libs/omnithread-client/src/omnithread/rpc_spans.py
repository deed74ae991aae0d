"""What the span of a call says, by the semantic conventions of OpenTelemetry for RPC.

A refusal is an answer: its code is on the span, which is no error for it. Where nothing came of the call through no
fault of the caller's, it is one, on either side.
"""

import re
from functools import cache

import grpc
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer

STATUS_CODE = "rpc.response.status_code"
ERROR_TYPE = "error.type"
CUSTOMER_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""As the contract has it: no address, and no number to call with a `+`, passes for one."""
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
    """Where a call goes: `host:port` as it was given to the channel; of several replicas, all of them."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or "," in host:
        return {"server.address": address}
    return {"server.address": host.strip("[]"), "server.port": int(port)}


def customer_of(request: object) -> str:
    """The customer whom a request names: itself, or in the thing that it is about (a profile, preferences).

    What is no id counts as not given: a caller's span is started before anybody has refused an address in its place.
    """
    named = getattr(request, "customer_id", "")
    if isinstance(named, str) and named:
        return named if CUSTOMER_ID.fullmatch(named) else ""
    if isinstance(request, Message):
        for name in _things_of_a_customer(request.DESCRIPTOR):
            if request.HasField(name) and (named := getattr(getattr(request, name), "customer_id", "")):
                return named if CUSTOMER_ID.fullmatch(named) else ""
    return ""


@cache  # as many as there are messages in the contract
def _things_of_a_customer(descriptor: Descriptor) -> tuple[str, ...]:
    return tuple(
        field.name
        for field in descriptor.fields
        if field.message_type is not None
        and not field.is_repeated
        and "customer_id" in field.message_type.fields_by_name
    )


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
