"""The asyncio client's interceptor: id, issue time, token, deadline, trace and journey on every call."""

from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import grpc
from google.protobuf.message import Message
from grpc import aio
from opentelemetry.trace import Tracer, use_span

from omnithread.errors import details_of
from omnithread.outgoing import headers, once_more, start_span
from omnithread.requests import ServerClock, stamped
from omnithread.tokens import TokenSource


class OutgoingUnary(aio.UnaryUnaryClientInterceptor):
    """Prepares unary calls; one interceptor serves all channels of a connection."""

    def __init__(self, *, tokens: TokenSource, clock: ServerClock, timeout_seconds: float, tracer: Tracer) -> None:
        self._tokens = tokens
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._tracer = tracer

    async def intercept_unary_unary(
        self,
        continuation: Callable[..., Any],  # grpc types the continuation differently for sync and asyncio
        client_call_details: aio.ClientCallDetails,
        request: Any,
    ) -> Any:
        """Send the call, and once more where it was refused for something that is mended by now."""
        request = stamped(request, clock=self._clock)
        span = start_span(self._tracer, _method(client_call_details))
        with use_span(span, end_on_exit=True, record_exception=False):
            call = await continuation(await self._prepared(client_call_details), request)
            again = await self._again(call, request)
            if again is not None:
                call = await continuation(await self._prepared(client_call_details), again)
            code = await call.code()
            span.set_attribute("rpc.grpc.status_code", code.value[0])
            return call

    async def _again(self, call: Any, request: Message) -> Message | None:
        code = await call.code()
        if code not in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.FAILED_PRECONDITION):
            return None
        try:
            await call
        except grpc.RpcError as error:
            return once_more(request, details_of(error), clock=self._clock, tokens=self._tokens)
        return None

    async def _prepared(self, details: aio.ClientCallDetails) -> aio.ClientCallDetails:
        return aio.ClientCallDetails(
            method=details.method,
            timeout=self._timeout_seconds if details.timeout is None else details.timeout,
            metadata=aio.Metadata(*headers(details.metadata or (), token=await self._tokens.get())),
            credentials=details.credentials,
            wait_for_ready=details.wait_for_ready,
        )


class OutgoingStream(aio.UnaryStreamClientInterceptor):
    """Prepares streaming calls: token, trace and journey. A stream has no deadline unless the caller gives one."""

    def __init__(self, *, tokens: TokenSource) -> None:
        self._tokens = tokens

    async def intercept_unary_stream(
        self, continuation: Callable[..., Any], client_call_details: aio.ClientCallDetails, request: Any
    ) -> AsyncIterator[Any]:
        """Open the stream."""
        details = aio.ClientCallDetails(
            method=client_call_details.method,
            timeout=client_call_details.timeout,
            metadata=aio.Metadata(*headers(client_call_details.metadata or (), token=await self._tokens.get())),
            credentials=client_call_details.credentials,
            wait_for_ready=client_call_details.wait_for_ready,
        )
        return cast("AsyncIterator[Any]", await continuation(details, request))


def _method(details: aio.ClientCallDetails) -> str:
    method: str | bytes = details.method
    return method.decode() if isinstance(method, bytes) else method
