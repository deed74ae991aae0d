"""One client: a channel's program that does one thing after the other and notes what it was told."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

import grpc
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

import omnithread
from tests.faults.load.told import Deed, Log, Told

CALL_SECONDS = 5.0
PATIENCE_SECONDS = 0.2
MOST_PATIENCE_SECONDS = 120.0
RETRYABLE = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    }
)

Request = TypeVar("Request", bound=Message)
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Facts:
    """What an answer says, as it is kept."""

    subject: str = ""
    version: int = 0
    customer_id: str = ""
    """Where only the answer says who it is."""


@dataclass(slots=True)
class Client:
    """Where it calls from, and how patient it is."""

    name: str
    channel_id: str
    channel: omnithread.Omnithread
    chance: random.Random
    log: Log
    patient: bool = True
    """Whether it sends a request without an answer again, the very same, until it is answered."""
    clock: Callable[[], float] = field(default=time.monotonic)

    async def ask(
        self,
        deed: Deed,
        call: Callable[..., Awaitable[Answer]],
        request: Request,
        facts: Callable[[Answer], Facts],
        *,
        customer_id: str = "",
        said: str = "",
        subject: str = "",
        may_be_refused: frozenset[str] = frozenset(),
    ) -> Answer | None:
        """Send a request until it is answered, and note what became of it; None where it was refused as may be.

        None too where an impatient client gave up. Raises what is neither a passing failure nor such a refusal.
        """
        _stamp(request)
        began = self.clock()
        told = Told(
            deed=deed,
            client=self.name,
            channel=self.channel_id,
            customer_id=customer_id,
            request_id=getattr(request, "request_id", ""),
            began=began,
            ended=began,
            subject=subject,
            said=said,
        )
        while True:
            try:
                answer = await call(request, timeout=CALL_SECONDS)
            except grpc.aio.AioRpcError as error:
                if omnithread.details_of(error).reason in may_be_refused:
                    return None
                if error.code() not in RETRYABLE or self.clock() - began > MOST_PATIENCE_SECONDS:
                    raise
                self.log.failures += 1
                if not self.patient:
                    self._note(told, answered=False)
                    return None
                await asyncio.sleep(PATIENCE_SECONDS)
            else:
                self._note(told, answered=True, facts=facts(answer))
                return answer

    def _note(self, told: Told, *, answered: bool, facts: Facts | None = None) -> None:
        known = facts or Facts()
        self.log.note(
            Told(
                deed=told.deed,
                client=told.client,
                channel=told.channel,
                customer_id=known.customer_id or told.customer_id,
                request_id=told.request_id,
                began=told.began,
                ended=self.clock(),
                answered=answered,
                subject=known.subject or told.subject,
                said=told.said,
                version=known.version,
            )
        )


def _stamp(request: Message) -> None:
    """Give a command its id and issue time here, so that every try carries the same."""
    if "request_id" in request.DESCRIPTOR.fields_by_name:
        issued = Timestamp()
        issued.FromDatetime(datetime.now(UTC))
        request.request_id = omnithread.new_request_id()  # type: ignore[attr-defined]
        request.issue_time.CopyFrom(issued)  # type: ignore[attr-defined]
