"""Sends bytes to a method as a caller who may call it, and says what came of it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import grpc
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status as WireStatus
from grpc import StatusCode

from tests.hostile.contract import Rpc

CALL_SECONDS = 30.0
"""Long after everything has its answer."""
MOST_ANSWERS = 20
"""Of a stream; then it is left."""
GOOD_CODES = frozenset(
    {
        StatusCode.OK,
        StatusCode.INVALID_ARGUMENT,
        StatusCode.NOT_FOUND,
        StatusCode.FAILED_PRECONDITION,
        StatusCode.ABORTED,
        StatusCode.ALREADY_EXISTS,
        StatusCode.OUT_OF_RANGE,
        StatusCode.PERMISSION_DENIED,
        StatusCode.RESOURCE_EXHAUSTED,
    }
)
"""What a request may be answered with whatever is in it. All others are faults of ours."""
BUSY = frozenset({"OVERLOADED", "RATE_LIMITED", "STREAM_LIMIT", "OUTBOX_FULL"})
"""Refusals by which a request is turned away whatever is in it, for a moment."""
AT_THE_DOOR = frozenset({"SCOPE_MISSING", "CALLER_NOT_ALLOWED", "CALLER_MISMATCH", "CHANNEL_UNKNOWN"})
"""Refusals of whoever it is, whatever is asked."""
ABOUT_A_FIELD = b"may name a continued guest"
"""Of who calls, but only with this field set."""
FROM_GRPC = "sent by grpc itself"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call was answered with."""

    code: StatusCode
    reason: str = ""
    said: bytes = b""
    """The message and details of the error, as they came."""
    answer: bytes = b""
    """The first answer."""

    @property
    def accepted(self) -> bool:
        """Whether it was done."""
        return self.code is StatusCode.OK

    @property
    def was_turned_away(self) -> bool:
        """Whether the request was not even looked at."""
        return self.reason in BUSY | AT_THE_DOOR and ABOUT_A_FIELD not in self.said

    @property
    def fault(self) -> str | None:
        """Say what is wrong with an answer like this, whatever was asked; None where nothing is."""
        if self.code not in GOOD_CODES:
            return f"{self.code.name} {self.reason}: {self.said[:300]!r}"
        if not self.accepted and not self.reason:
            return f"{self.code.name} without a reason: {self.said[:300]!r}"
        return None


@dataclass(frozen=True, slots=True)
class Sender:
    """Calls one server with several credentials."""

    channel: grpc.aio.Channel
    channel_token: str
    mail_token: str
    """Of the channel that brings mails."""
    service_tokens: dict[str, str]

    async def send(self, rpc: Rpc, *messages: bytes) -> Outcome:
        """Call, with one message or, where the method takes a stream, with these."""
        metadata = (("authorization", f"Bearer {self.token_for(rpc)}"),)
        try:
            return Outcome(StatusCode.OK, answer=await self._answer(rpc, messages, metadata))
        except grpc.aio.AioRpcError as refused:
            return _refusal(refused)

    def token_for(self, rpc: Rpc) -> str:
        """Give the token of somebody who may call a method."""
        if rpc.path.endswith("/ReceiveMail"):
            return self.mail_token
        return self.channel_token if rpc.channels or not rpc.callers else self.service_tokens[rpc.callers[0]]

    async def _answer(self, rpc: Rpc, messages: Sequence[bytes], metadata: tuple[tuple[str, str], ...]) -> bytes:
        if not rpc.streams_answers:
            unary: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self.channel.unary_unary(rpc.path)
            return bytes(await unary(messages[0], metadata=metadata, timeout=CALL_SECONDS))
        call: grpc.aio.StreamStreamCall[bytes, bytes] | grpc.aio.UnaryStreamCall[bytes, bytes]
        if rpc.streams_requests:
            both: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = self.channel.stream_stream(rpc.path)
            call = both(_each(messages), metadata=metadata, timeout=CALL_SECONDS)
        else:
            answers: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = self.channel.unary_stream(rpc.path)
            call = answers(messages[0], metadata=metadata, timeout=CALL_SECONDS)
        first = b""
        async for answer in call:
            first = first or bytes(answer)
            if not rpc.streams_requests:
                break
        call.cancel()
        return first


async def _each(messages: Sequence[bytes]) -> AsyncIterator[bytes]:
    for message in messages:
        yield message


def _refusal(refused: grpc.aio.AioRpcError) -> Outcome:
    trailing: dict[str, str | bytes] = dict(refused.trailing_metadata() or ())
    found, reason = trailing.get("grpc-status-details-bin", b""), ""
    details = found if isinstance(found, bytes) else b""
    for detail in WireStatus.FromString(details).details:
        info = ErrorInfo()
        if detail.Unpack(info):
            reason = info.reason
    if not details and "larger than max" in (refused.details() or ""):
        reason = FROM_GRPC
    return Outcome(refused.code(), reason, said=(refused.details() or "").encode() + details)
