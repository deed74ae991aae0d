"""The blocking client's interceptor for streams: token, trace and journey, as the asyncio one."""

from collections.abc import Callable
from typing import Any

import grpc

from omnithread.interceptor_sync import prepared
from omnithread.tokens import TokenSource


class OutgoingStreamSync(grpc.UnaryStreamClientInterceptor, grpc.StreamStreamClientInterceptor):
    """Prepares streaming calls. A stream has no deadline unless the caller gives one."""

    def __init__(self, *, tokens: TokenSource) -> None:
        self._tokens = tokens

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
        return continuation(prepared(details, timeout=details.timeout, token=self._tokens.get_sync()), sent)
