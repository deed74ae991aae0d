"""Asks once and for all: sends a request until it is answered, or not, and keeps when that was."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import grpc

import omnithread

CALL_SECONDS = 4.0
PAUSE_SECONDS = 0.1
MOST_SENT = 300
PASSING = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.CANCELLED,
    }
)
"""With these a request may have been carried out, or will be if it is sent again. All else is a fault."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Asked(Generic[Answer]):
    """What came of one request."""

    answer: Answer | None
    """None where nobody answered and no patience was left."""
    invoked: float
    returned: float
    sent: int


async def ask(
    call: Callable[..., Awaitable[Answer]],
    request: Any,  # of any method: reads have neither id nor issue time
    *,
    patient: bool,
    now: Callable[[], float],
    call_seconds: float = CALL_SECONDS,
    failed: Callable[[grpc.aio.AioRpcError], None] = lambda _: None,
) -> Asked[Answer]:
    """Ask; with patience the very same request is sent until it is answered.

    `failed` is told of each failure that passes; others are raised.
    """
    fields = request.DESCRIPTOR.fields_by_name
    if "request_id" in fields and "issue_time" in fields:
        request.request_id = omnithread.new_request_id()
        request.issue_time.FromDatetime(datetime.now(UTC))
    invoked = now()
    for sent in range(1, (MOST_SENT if patient else 1) + 1):
        try:
            answer = await call(request, timeout=call_seconds)
        except grpc.aio.AioRpcError as error:
            if error.code() not in PASSING:
                raise
            failed(error)
        else:
            return Asked(answer, invoked, now(), sent)
        if patient:
            await asyncio.sleep(PAUSE_SECONDS)
    if patient:
        raise TimeoutError(f"no answer after {MOST_SENT} times")
    return Asked(None, invoked, now(), 1)
