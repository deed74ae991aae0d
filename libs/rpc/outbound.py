"""What a call to another service carries: token, trace context, journey, deadline; and its client span.

Wraps grpc's channel instead of intercepting it: an interceptor of grpc.aio costs a task for every call.
"""

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Generic, NoReturn, Self, TypeVar

import grpc
from opentelemetry.trace import Span, Tracer, use_span

from libs.rpc.deadlines import call_timeout
from libs.telemetry.metrics import ClientMethodMeter, ClientMetrics
from libs.telemetry.propagation import outgoing_headers
from omnithread.rpc_spans import customer_of, note_status, rpc_attributes, server_attributes, start_client_span
from omnithread.streams import ends_with

Request = TypeVar("Request")
Response = TypeVar("Response")
Metadata = grpc.aio.Metadata | tuple[tuple[str, str | bytes], ...] | list[tuple[str, str | bytes]]
DEFAULT_TIMEOUT_SECONDS = 5.0


class OutboundChannel(grpc.aio.Channel):
    """A channel whose calls carry what every call between services needs."""

    def __init__(
        self,
        inner: grpc.aio.Channel,
        *,
        token: Callable[[], str],
        tracer: Tracer,
        metrics: ClientMetrics,
        address: str,
    ) -> None:
        self._inner = inner
        self._token = token
        self._tracer = tracer
        self._metrics = metrics
        self._where = server_attributes(address)

    def unary_unary(
        self,
        method: str,
        request_serializer: Callable[[Request], bytes] | None = None,
        response_deserializer: Callable[[bytes], Response] | None = None,
        _registered_method: bool = False,  # noqa: FBT001, FBT002  as generated stubs give it
    ) -> Any:  # noqa: ANN401  a coroutine function, where grpc has an object that can also be awaited
        """Give what a stub's method calls."""
        start = self._inner.unary_unary(method, request_serializer, response_deserializer)
        return _Unary(start, self._token, _Spans(method, self._where, self._tracer), self._metrics.of(method))

    def unary_stream(
        self,
        method: str,
        request_serializer: Callable[[Request], bytes] | None = None,
        response_deserializer: Callable[[bytes], Response] | None = None,
        _registered_method: bool = False,  # noqa: FBT001, FBT002  as above
    ) -> Any:  # noqa: ANN401  a function, where grpc has an object that can be called
        """Give what a stub's streaming method calls; it carries the headers, and lasts as long as it is told to."""
        start = self._inner.unary_stream(method, request_serializer, response_deserializer)
        spans = _Spans(method, self._where, self._tracer)

        def call(
            request: Request, *, timeout: float | None = None, metadata: Metadata | None = None
        ) -> grpc.aio.UnaryStreamCall[Request, Response]:
            with ends_with(spans.start(request)) as follow:
                return follow(start(request, timeout=timeout, metadata=headers(self._token(), metadata)))

        return call

    def stream_unary(self, method: str, *_: object, **__: object) -> NoReturn:
        """Refuse: no method of the suite streams requests."""
        raise TypeError(f"{method} streams requests")

    def stream_stream(self, method: str, *_: object, **__: object) -> NoReturn:
        """Refuse: no method of the suite streams requests."""
        raise TypeError(f"{method} streams requests")

    async def close(self, grace: float | None = None) -> None:
        """Close the connection; running calls have `grace` seconds, or end at once."""
        await self._inner.close(grace)

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:  # noqa: FBT001, FBT002  grpc's own
        """Give the state of the connection."""
        return self._inner.get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """Wait until the connection's state is another."""
        await self._inner.wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        """Wait until it is connected."""
        await self._inner.channel_ready()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        await self.close()


class _Unary(Generic[Request, Response]):
    """One method. A call is a coroutine, so it can be awaited, gathered or made a task."""

    def __init__(
        self,
        start: grpc.aio.UnaryUnaryMultiCallable[Request, Response],
        token: Callable[[], str],
        spans: "_Spans",
        meter: ClientMethodMeter,
    ) -> None:
        self._meter = meter
        self._start = start
        self._token = token
        self._spans = spans

    async def __call__(
        self,
        request: Request,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  the name that stubs use
        metadata: Metadata | None = None,
        wait_for_ready: bool | None = None,
    ) -> Response:
        """Call, and give the answer. Raises AioRpcError; DEADLINE_EXCEEDED where no time is left to call at all."""
        timeout_seconds = call_timeout(DEFAULT_TIMEOUT_SECONDS if timeout is None else timeout)
        span = self._spans.start(request)
        started = time.perf_counter()
        with use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                response = await self._start(
                    request,
                    timeout=timeout_seconds,
                    metadata=headers(self._token(), metadata),
                    wait_for_ready=wait_for_ready,
                )
            except grpc.aio.AioRpcError as error:
                self._count(error.code(), started)
                note_status(span, error.code())
                raise
            self._count(grpc.StatusCode.OK, started)
            note_status(span, grpc.StatusCode.OK)
            return response

    def _count(self, code: grpc.StatusCode, started: float) -> None:
        self._meter.count(code.name)
        self._meter.seconds.observe(time.perf_counter() - started)


class _Spans:
    """Starts the client spans of one method; what they have in common is worked out once."""

    def __init__(self, method: str, where: Mapping[str, str | int], tracer: Tracer) -> None:
        self._method = method
        self._attributes = {**rpc_attributes(method), **where}
        self._tracer = tracer

    def start(self, request: object) -> Span:
        """Start one, with the customer whom the request names."""
        customer_id = customer_of(request)
        named = {"customer.id": customer_id} if customer_id else {}
        return start_client_span(self._tracer, self._method, {**self._attributes, **named})


def headers(token: str, given: Metadata | None) -> tuple[tuple[str, str | bytes], ...]:
    """Give the metadata of a call: the token, the trace, the journey, and what the caller adds."""
    return (("authorization", f"Bearer {token}"), *outgoing_headers(), *(given or ()))
