"""The blocking client's interceptor: the same as the asyncio one, for programs without a loop."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import grpc
from google.protobuf.message import Message
from opentelemetry.trace import Tracer, use_span

from omnithread.budget import RetryBudget
from omnithread.errors import details_of
from omnithread.outgoing import Again, Headers, headers, once_more, start_span
from omnithread.requests import ServerClock, stamped
from omnithread.rpc_spans import note_status
from omnithread.tokens import TokenSource
from omnithread.told import note_answer


class _Details(NamedTuple):
    method: str
    timeout: float | None
    metadata: Headers
    credentials: grpc.CallCredentials | None
    wait_for_ready: bool | None
    compression: grpc.Compression | None


class _PreparedDetails(_Details, grpc.ClientCallDetails):  # type: ignore[misc]  # its stub has the fields as properties
    """What grpc asks for: an object with these fields that is a ClientCallDetails."""


def prepared(details: grpc.ClientCallDetails, *, timeout: float | None, token: str) -> grpc.ClientCallDetails:
    """Give a call's details with token, trace and journey, and a timeout."""
    return _PreparedDetails(
        method=details.method,
        timeout=timeout,
        metadata=headers(details.metadata or (), token=token),
        credentials=details.credentials,
        wait_for_ready=details.wait_for_ready,
        compression=details.compression,
    )


class OutgoingUnarySync(grpc.UnaryUnaryClientInterceptor):
    """Prepares unary calls."""

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

    def intercept_unary_unary(
        self, continuation: Callable[..., Any], client_call_details: grpc.ClientCallDetails, request: Any
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
                left = max(0.0, end - time.monotonic())
                token = self._tokens.get_sync()
                call = continuation(prepared(client_call_details, timeout=left, token=token), request)
                again = self._again(call, request, tried, token, end)
                if again is None or time.monotonic() + again.pause_seconds >= end:
                    break
                time.sleep(again.pause_seconds)
                request = again.request
            note_status(span, call.code())
            if call.code() is grpc.StatusCode.OK:
                note_answer(call.result())
            return call

    def _again(self, call: Any, request: Message, tried: int, token: str, end: float) -> Again[Message] | None:
        error = call.exception()  # waits for the answer
        if not isinstance(error, grpc.RpcError):
            return None
        left_seconds = end - time.monotonic()
        return self._once_more(request, details_of(error), tried=tried, token=token, left_seconds=left_seconds)
