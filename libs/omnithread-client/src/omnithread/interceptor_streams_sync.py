"""The blocking client's interceptor for streams: token, trace and journey, as the asyncio one."""

from collections.abc import Callable
from typing import Any

import grpc
from opentelemetry.trace import Tracer

from omnithread.interceptor_sync import prepared
from omnithread.outgoing import start_span
from omnithread.streams import ends_with
from omnithread.tokens import TokenSource


class OutgoingStreamSync(grpc.UnaryStreamClientInterceptor, grpc.StreamStreamClientInterceptor):
    """Prepares streaming calls. A stream has no deadline unless the caller gives one."""

    def __init__(self, *, tokens: TokenSource, tracer: Tracer, address: str) -> None:
        self._tokens = tokens
        self._tracer = tracer
        self._address = address

    def intercept_unary_stream(
        self, continuation: Callable[..., Any], client_call_details: grpc.ClientCallDetails, request: Any
    ) -> Any:
        """Open the stream of answers."""
        return self._opened(continuation, client_call_details, request)

    def intercept_stream_stream(
        self, continuation: Callable[..., Any], client_call_details: grpc.ClientCallDetails, request_iterator: Any
    ) -> Any:
        """Open both streams."""
        return self._opened(continuation, client_call_details, request_iterator)

    def _opened(self, continuation: Callable[..., Any], details: grpc.ClientCallDetails, sent: Any) -> Any:
        token = self._tokens.get_sync()
        span = start_span(self._tracer, details.method, address=self._address, request=sent)
        with ends_with(span, refused=lambda: self._tokens.forget(token)) as follow:
            return follow(continuation(prepared(details, timeout=details.timeout, token=token), sent))
