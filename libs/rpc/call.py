"""The call that is being answered: who asks, on which journey, and how much time is left."""

import asyncio
import hashlib
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from libs.origin import Origin, Stamp
from libs.timestamps import from_timestamp


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as the token says: one channel, or one of the suite's own services."""

    channel_id: str
    """The registered channel. For a service without an originating channel, its own name."""
    channel_kind: int
    """A value of `omnithread.common.v1.ChannelKind`."""
    brand: str = ""
    store_id: str = ""
    time_zone: str = ""
    """IANA name, for channels that have a place."""
    actor_id: str = ""
    """The member of staff who acts, from the token."""
    service: str = ""
    """Which of the suite's services calls; empty for a channel."""
    scopes: frozenset[str] = frozenset()
    """What a channel may do (`libs.rpc.scopes`): as its token says, within what the registry allows it."""


def _nobody_doubts() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Call:
    """One call, as the door let it in."""

    caller: Caller
    journey_id: str = ""
    session_id: str = ""
    traceparent: str = ""
    """Of the server span, so that what this call causes hangs below it."""
    token: str = ""
    """The bearer token, for calls that go on in the caller's name. Never logged."""
    method: str = ""
    """`/omnithread.cart.v1.CartService/AddItem`."""
    passed_on_by: str = ""
    """Which of the suite's services asks in the name of the channel whose call it is answering, as its certificate
    says; empty where the caller asks itself."""
    deadline: float | None = None
    """When the caller stops waiting, on the event loop's clock; None where it waits without limit."""
    check_again: Callable[[], object] = _nobody_doubts
    """Raises what the door would say of the token now: for streams, which may outlive it."""


CURRENT_CALL: ContextVar[Call] = ContextVar("omnithread_call")


def current_call() -> Call:
    """Give the call being answered. Raises LookupError outside of one."""
    return CURRENT_CALL.get()


def call_or_none() -> Call | None:
    """Give the call being answered, or None in background work."""
    return CURRENT_CALL.get(None)


def remaining_seconds() -> float | None:
    """Give the time until the caller stops waiting, never below 0; None in background work or without a deadline."""
    call = CURRENT_CALL.get(None)
    if call is None or call.deadline is None:
        return None
    return max(0.0, call.deadline - asyncio.get_running_loop().time())


def origin_of(call: Call) -> Origin:
    """Say where a change by this call comes from."""
    return Origin(
        channel_id=call.caller.channel_id,
        channel_kind=call.caller.channel_kind,
        session_id=call.session_id,
        actor_id=call.caller.actor_id,
        traceparent=call.traceparent,
        journey_id=call.journey_id,
    )


def stamp_of(request: Message) -> Stamp:
    """Read what identifies a command from its request and the current call.

    The request has a `request_id`; one without an `issue_time` is internal.
    """
    call = current_call()
    return Stamp(
        request_id=str(getattr(request, "request_id")),  # noqa: B009  the field is the contract's, unknown to the type
        body_hash=_body_hash(call.method, request),
        issue_time=_issue_time(request),
        origin=origin_of(call),
    )


def _body_hash(method: str, request: Message) -> bytes:
    body = type(request)()
    body.CopyFrom(request)
    if "issue_time" in body.DESCRIPTOR.fields_by_name:
        body.ClearField("issue_time")
    return hashlib.sha256(method.encode() + b"\0" + body.SerializeToString(deterministic=True)).digest()


def _issue_time(request: Message) -> datetime | None:
    if "issue_time" not in request.DESCRIPTOR.fields_by_name or not request.HasField("issue_time"):
        return None
    issue_time = getattr(request, "issue_time")  # noqa: B009  as above
    return from_timestamp(issue_time, field="issue_time") if isinstance(issue_time, Timestamp) else None
