"""The asyncio client's interceptor for calls that stream both ways: imports."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

from grpc import aio
from opentelemetry.trace import Tracer

from omnithread.outgoing import headers, start_span
from omnithread.streams import ends_with
from omnithread.tokens import TokenSource

MOST_WAIT_SECONDS = 5.0
"""So long the second message waits for the server's word on the first; then it is sent all the same."""


class OutgoingImport(aio.StreamStreamClientInterceptor):
    """Prepares them with token, trace and journey. As other streams they have no deadline unless the caller gives one.

    The second message waits until the server has accepted the first: grpc loses the reason of a refusal that comes
    while a message is being written.
    What breaks is not tried again here: an import is taken up by its caller after the last row that was answered.
    """

    def __init__(self, *, tokens: TokenSource, tracer: Tracer, address: str) -> None:
        self._tokens = tokens
        self._tracer = tracer
        self._address = address

    async def intercept_stream_stream(
        self, continuation: Callable[..., Any], client_call_details: aio.ClientCallDetails, request_iterator: Any
    ) -> AsyncIterator[Any]:
        """Open the streams; their span ends with them."""
        token = await self._tokens.get()
        span = start_span(self._tracer, client_call_details.method, address=self._address)
        with ends_with(span, refused=lambda: self._tokens.forget(token)) as follow:
            details = aio.ClientCallDetails(
                method=client_call_details.method,
                timeout=client_call_details.timeout,
                metadata=aio.Metadata(*headers(client_call_details.metadata or (), token=token)),
                credentials=client_call_details.credentials,
                wait_for_ready=client_call_details.wait_for_ready,
            )
            opened: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            call = follow(await continuation(details, _first_alone(request_iterator, opened)))
            opened.set_result(call)
            return cast("AsyncIterator[Any]", call)


async def _first_alone(requests: Any, opened: "asyncio.Future[Any]") -> AsyncIterator[Any]:
    is_first = True
    async for request in _each(requests):
        yield request
        if is_first:
            is_first = False
            call = await opened
            # Not cancelled where it takes long: that would cancel the call.
            await asyncio.wait({asyncio.ensure_future(call.initial_metadata())}, timeout=MOST_WAIT_SECONDS)


async def _each(requests: Any) -> AsyncIterator[Any]:
    if isinstance(requests, AsyncIterator) or hasattr(requests, "__aiter__"):
        async for request in requests:
            yield request
    else:
        for request in requests:
            yield request
