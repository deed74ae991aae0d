"""The asyncio client's interceptor: id, issue time, token, deadline, trace and journey on every call."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, cast

import grpc
from google.protobuf.message import Message
from grpc import aio
from opentelemetry.trace import Tracer, use_span

from omnithread.budget import RetryBudget
from omnithread.errors import details_of
from omnithread.outgoing import Again, headers, once_more, start_span
from omnithread.requests import ServerClock, stamped
from omnithread.rpc_spans import note_status
from omnithread.streams import ends_with
from omnithread.tokens import TokenSource
from omnithread.told import note_answer


class OutgoingUnary(aio.UnaryUnaryClientInterceptor):
    """Prepares unary calls on one channel."""

    def __init__(
        self, *, tokens: TokenSource, clock: ServerClock, timeout_seconds: float, tracer: Tracer, address: str
    ) -> None:
        self._tokens = tokens
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._tracer = tracer
        self._address = address
        self._budget = RetryBudget()
        self._once_more = partial(once_more, clock=clock, tokens=tokens, budget=self._budget)

    async def intercept_unary_unary(
        self,
        continuation: Callable[..., Any],  # grpc types the continuation differently for sync and asyncio
        client_call_details: aio.ClientCallDetails,
        request: Any,
    ) -> Any:
        """Send the call, and again, within its deadline, where it was refused for something that passes."""
        request = stamped(request, clock=self._clock)
        timeout = self._timeout_seconds if client_call_details.timeout is None else client_call_details.timeout
        end = time.monotonic() + timeout
        span = start_span(self._tracer, client_call_details.method, address=self._address, request=request)
        with use_span(span, end_on_exit=True, record_exception=False):
            self._budget.called()
            tried = 0
            while True:
                tried += 1
                token = await self._tokens.get()
                call = await continuation(self._prepared(client_call_details, end, token), request)
                again = await self._again(call, request, tried, token, end)
                if again is None or time.monotonic() + again.pause_seconds >= end:
                    break
                await asyncio.sleep(again.pause_seconds)
                request = again.request
            code = await call.code()
            note_status(span, code)
            if code is grpc.StatusCode.OK:
                note_answer(await call)
            return call

    async def _again(self, call: Any, request: Message, tried: int, token: str, end: float) -> Again[Message] | None:
        if await call.code() is grpc.StatusCode.OK:
            return None
        try:
            await call
        except grpc.RpcError as error:
            left_seconds = end - time.monotonic()
            return self._once_more(request, details_of(error), tried=tried, token=token, left_seconds=left_seconds)
        return None

    def _prepared(self, details: aio.ClientCallDetails, end: float, token: str) -> aio.ClientCallDetails:
        return aio.ClientCallDetails(
            method=details.method,
            timeout=max(0.0, end - time.monotonic()),
            metadata=aio.Metadata(*headers(details.metadata or (), token=token)),
            credentials=details.credentials,
            wait_for_ready=details.wait_for_ready,
        )


class OutgoingStream(aio.UnaryStreamClientInterceptor):
    """Prepares streaming calls: token, trace and journey. A stream has no deadline unless the caller gives one."""

    def __init__(self, *, tokens: TokenSource, tracer: Tracer, address: str) -> None:
        self._tokens = tokens
        self._tracer = tracer
        self._address = address

    async def intercept_unary_stream(
        self, continuation: Callable[..., Any], client_call_details: aio.ClientCallDetails, request: Any
    ) -> AsyncIterator[Any]:
        """Open the stream; its span ends with it."""
        token = await self._tokens.get()
        span = start_span(self._tracer, client_call_details.method, address=self._address, request=request)
        with ends_with(span, refused=lambda: self._tokens.forget(token)) as follow:
            details = aio.ClientCallDetails(
                method=client_call_details.method,
                timeout=client_call_details.timeout,
                metadata=aio.Metadata(*headers(client_call_details.metadata or (), token=token)),
                credentials=client_call_details.credentials,
                wait_for_ready=client_call_details.wait_for_ready,
            )
            return cast("AsyncIterator[Any]", follow(await continuation(details, request)))
