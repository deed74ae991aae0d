"""Calls as a careful client makes them: again with the same id, until there is an answer."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import grpc
from google.protobuf.message import Message

from omnithread import details_of
from tests.faults.retries.methods import Method
from tests.faults.retries.patience import patience

AGAIN = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED})
AGAIN_WHERE = frozenset({"CONFLICT", "OUTCOME_UNKNOWN", "OVERLOADED", "RATE_LIMITED"})
"""Reasons of refusals that ask for another try."""
CALL_SECONDS = 10.0
PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 0.5
ONCE: Sequence[tuple[str, int]] = (
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 200),
)
"""A connection that tries nothing again by itself, and shares nothing with others."""

Metadata: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A way to a service, as one caller."""

    channel: grpc.aio.Channel
    metadata: Metadata

    async def once(self, method: Method, request: Message, *, seconds: float = CALL_SECONDS) -> Message:
        """Call and take what comes. Raises grpc.aio.AioRpcError."""
        call = self.channel.unary_unary(
            method.path,
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )
        answer: Message = await call(request, timeout=seconds, metadata=self.metadata)
        return answer

    async def until_answered(self, method: Method, request: Message) -> Message:
        """Call again and again. Raises what says that another try is of no use, and TimeoutError."""
        pause, heard = PAUSE_SECONDS, "nothing"
        async with patience(lambda: f"an answer from {method.name}; heard last: {heard}"):
            while True:
                try:
                    return await self.once(method, request)
                except grpc.aio.AioRpcError as error:
                    if not asks_again(error):
                        raise
                    heard = f"{error.code().name} {details_of(error).reason} {error.details()}"
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def asks_again(error: grpc.aio.AioRpcError) -> bool:
    """Say whether a refusal leaves open what became of the call, or asks for another try."""
    return error.code() in AGAIN or details_of(error).reason in AGAIN_WHERE
