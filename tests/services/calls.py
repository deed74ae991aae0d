"""Calls as tests make them: sent twice, refused, waited for."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

import grpc
import pytest

from libs.ids import new_id
from libs.timestamps import to_timestamp
from omnithread import ErrorDetails, details_of

WAIT_SECONDS = 90.0

ResultT = TypeVar("ResultT")


def stamped(request: ResultT) -> ResultT:
    """The request with an id and a time of its own, to be sent more than once."""
    request.request_id = new_id("req")  # type: ignore[attr-defined]
    request.issue_time.CopyFrom(to_timestamp(datetime.now(UTC)))  # type: ignore[attr-defined]
    return request


async def refusal(call: Awaitable[object]) -> ErrorDetails:
    """Make a call that must be refused, and give what it said."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return details_of(refused.value)


async def until(look: Callable[[], Awaitable[ResultT]], *, seconds: float = WAIT_SECONDS) -> ResultT:
    """Look again and again until there is something to see."""
    async with asyncio.timeout(seconds):
        while not (seen := await look()):
            await asyncio.sleep(0.02)
    return seen
