"""The blocking client's interceptor: the same as the asyncio one, for programs without a loop."""

from collections.abc import Callable
from typing import Any, NamedTuple

import grpc
from opentelemetry.trace import Tracer, use_span

from omnithread.errors import details_of
from omnithread.outgoing import Headers, headers, once_more, start_span
from omnithread.requests import ServerClock, stamped
from omnithread.tokens import TokenSource


class _Details(NamedTuple):
    method: str
    timeout: float | None
    metadata: Headers
    credentials: grpc.CallCredentials | None
    wait_for_ready: bool | None
    compression: grpc.Compression | None


class _PreparedDetails(_Details, grpc.ClientCallDetails):  # type: ignore[misc]  # its stub has the fields as properties
    """What grpc asks for: an object with these fields that is a ClientCallDetails."""


class OutgoingUnarySync(grpc.UnaryUnaryClientInterceptor):
    """Prepares unary calls."""

    def __init__(self, *, tokens: TokenSource, clock: ServerClock, timeout_seconds: float, tracer: Tracer) -> None:
        self._tokens = tokens
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._tracer = tracer

    def intercept_unary_unary(
        self, continuation: Callable[..., Any], client_call_details: grpc.ClientCallDetails, request: Any
    ) -> Any:
        """Send the call, and once more where it was refused for something that is mended by now."""
        request = stamped(request, clock=self._clock)
        span = start_span(self._tracer, client_call_details.method)
        with use_span(span, end_on_exit=True, record_exception=False):
            call = continuation(self._prepared(client_call_details), request)
            error = call.exception()  # waits for the answer
            if isinstance(error, grpc.RpcError):
                again = once_more(request, details_of(error), clock=self._clock, tokens=self._tokens)
                if again is not None:
                    call = continuation(self._prepared(client_call_details), again)
            span.set_attribute("rpc.grpc.status_code", call.code().value[0])
            return call

    def _prepared(self, details: grpc.ClientCallDetails) -> _PreparedDetails:
        return _PreparedDetails(
            method=details.method,
            timeout=self._timeout_seconds if details.timeout is None else details.timeout,
            metadata=headers(details.metadata or (), token=self._tokens.get_sync()),
            credentials=details.credentials,
            wait_for_ready=details.wait_for_ready,
            compression=details.compression,
        )
