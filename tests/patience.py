"""Preparations on a machine that may be busy."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import grpc

MOST_TRIES, PAUSE_SECONDS = 20, 0.5
PASSING = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.ABORTED,
)

Answer = TypeVar("Answer")


async def patiently(call: Callable[[], Awaitable[Answer]]) -> Answer:
    """Call until it is answered: a machine on which processes have just started may be busy.

    For what only prepares: what is done twice so must do no harm.
    """
    for _ in range(MOST_TRIES):
        try:
            return await call()
        except grpc.aio.AioRpcError as error:
            if error.code() not in PASSING:
                raise
        await asyncio.sleep(PAUSE_SECONDS)
    return await call()
