"""What a call to another service carries: token, trace context, journey, deadline; and its client span.

Wraps grpc's channel instead of intercepting it: an interceptor of grpc.aio costs a task for every call.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from copy import copy
from types import TracebackType
from typing import Any, Generic, NoReturn, Self, TypeVar

import grpc
from opentelemetry.trace import Span, Tracer, use_span

from libs.rpc.access import rule_of
from libs.rpc.call import call_or_none
from libs.rpc.connection import Connection, Over
from libs.rpc.deadlines import call_timeout
from libs.rpc.gathered_calls import GatheredCalls
from libs.rpc.pulse import UNHEARD, Pulse, health_check, silent_error
from libs.rpc.slots import CURRENT_SLOT
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
        connection: Connection,
        *,
        token: Callable[[], str],
        tracer: Tracer,
        metrics: ClientMetrics,
        address: str,
    ) -> None:
        self._connection = connection
        self._token = token
        self._tracer = tracer
        self._metrics = metrics
        self._where = server_attributes(address)
        self._gathered: GatheredCalls | None = None
        self.pulse = Pulse(health_check(connection.get))
        """Knows whether the other side is silent."""

    def forwarding(self, *, gathered: GatheredCalls | None = None) -> "OutboundChannel":
        """Give a channel over the same connection that calls in the name of whoever is being answered.

        It calls as this one where nobody is, and is closed with it. What may be `gathered`, and is not traced, is.
        """
        own = self._token

        def token() -> str:
            call = call_or_none()
            return call.token if call is not None and call.token else own()

        channel = copy(self)
        channel._token, channel._gathered = token, gathered  # noqa: SLF001  of our own class
        return channel

    def unary_unary(
        self,
        method: str,
        request_serializer: Callable[[Request], bytes] | None = None,
        response_deserializer: Callable[[bytes], Response] | None = None,
        _registered_method: bool = False,  # noqa: FBT001, FBT002  as generated stubs give it
    ) -> Any:  # noqa: ANN401  a coroutine function, where grpc has an object that can also be awaited
        """Give what a stub's method calls."""
        start = Over(
            self._connection, lambda channel: channel.unary_unary(method, request_serializer, response_deserializer)
        )
        spans = _Spans(method, self._where, self._tracer)
        unary = _Unary(start, self._token, spans, self._metrics.of(method), self.pulse)
        if self._gathered is not None and request_serializer and response_deserializer and rule_of(method).gathered:
            unary.gather(method, self._gathered, request_serializer, response_deserializer)
        return unary

    def unary_stream(
        self,
        method: str,
        request_serializer: Callable[[Request], bytes] | None = None,
        response_deserializer: Callable[[bytes], Response] | None = None,
        _registered_method: bool = False,  # noqa: FBT001, FBT002  as above
    ) -> Any:  # noqa: ANN401  a function, where grpc has an object that can be called
        """Give what a stub's streaming method calls; it carries the headers, and lasts as long as it is told to."""
        start = Over(
            self._connection, lambda channel: channel.unary_stream(method, request_serializer, response_deserializer)
        )
        spans = _Spans(method, self._where, self._tracer)

        def call(
            request: Request, *, timeout: float | None = None, metadata: Metadata | None = None
        ) -> grpc.aio.UnaryStreamCall[Request, Response]:
            with ends_with(spans.start(request)) as follow:
                return follow(start.get()(request, timeout=timeout, metadata=headers(self._token(), metadata)))

        return call

    def stream_unary(self, method: str, *_: object, **__: object) -> NoReturn:
        """Refuse: no method of the suite streams requests."""
        raise TypeError(f"{method} streams requests")

    def stream_stream(self, method: str, *_: object, **__: object) -> NoReturn:
        """Refuse: no method of the suite streams requests."""
        raise TypeError(f"{method} streams requests")

    async def close(self, grace: float | None = None) -> None:
        """Close the connection; running calls have `grace` seconds, or end at once."""
        self.pulse.close()
        await self._connection.close(grace)

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:  # noqa: FBT001, FBT002  grpc's own
        """Give the state of the connection."""
        return self._connection.get().get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """Wait until the connection's state is another."""
        await self._connection.get().wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        """Wait until it is connected."""
        await self._connection.get().channel_ready()

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
        start: Over[grpc.aio.UnaryUnaryMultiCallable[Request, Response]],
        token: Callable[[], str],
        spans: "_Spans",
        meter: ClientMethodMeter,
        pulse: Pulse,
    ) -> None:
        self._meter = meter
        self._pulse = pulse
        self._start = start
        self._token = token
        self._spans = spans
        self._together: Callable[[Request, float], Awaitable[Response]] | None = None

    def gather(
        self,
        method: str,
        calls: GatheredCalls,
        encode: Callable[[Request], bytes],
        decode: Callable[[bytes], Response],
    ) -> None:
        """Ask together with others from now on."""

        async def together(request: Request, timeout_seconds: float) -> Response:
            answer: Response = await calls.answer(
                method,
                encode(request),
                token=self._token(),
                within_seconds=timeout_seconds,
                decode=decode,
                by_itself=lambda left_seconds: self._answered(request, left_seconds, None, wait_for_ready=None),
            )
            return answer

        self._together = together

    async def __call__(
        self,
        request: Request,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  the name that stubs use
        metadata: Metadata | None = None,
        wait_for_ready: bool | None = None,
    ) -> Response:
        """Call, and give the answer. Raises AioRpcError; DEADLINE_EXCEEDED where no time is left to call at all.

        UNAVAILABLE at once where nothing is heard of the other side (`libs/rpc/pulse.py`).
        """
        timeout_seconds = call_timeout(DEFAULT_TIMEOUT_SECONDS if timeout is None else timeout)
        span = self._spans.start(request)
        started = time.perf_counter()
        with use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                if self._together is not None:
                    response = await self._together(request, timeout_seconds)
                else:
                    response = await self._answered(request, timeout_seconds, metadata, wait_for_ready=wait_for_ready)
            except grpc.aio.AioRpcError as error:
                self._count(error.code(), started)
                note_status(span, error.code())
                raise
            self._count(grpc.StatusCode.OK, started)
            note_status(span, grpc.StatusCode.OK)
            return response

    async def _answered(
        self, request: Request, timeout_seconds: float, metadata: Metadata | None, *, wait_for_ready: bool | None
    ) -> Response:
        """Ask, and once more what the other side cancelled: it stops, and grpc cancels what waits to be taken in."""
        end = time.monotonic() + timeout_seconds
        try:
            return await self._answer(request, timeout_seconds, metadata, wait_for_ready=wait_for_ready)
        except grpc.aio.AioRpcError as error:
            left_seconds = end - time.monotonic()
            if error.code() is not grpc.StatusCode.CANCELLED or left_seconds <= 0:
                raise
        return await self._answer(request, left_seconds, metadata, wait_for_ready=wait_for_ready)

    async def _answer(
        self, request: Request, timeout_seconds: float, metadata: Metadata | None, *, wait_for_ready: bool | None
    ) -> Response:
        if self._pulse.is_silent:
            raise silent_error()
        call = self._start.get()(
            request,
            timeout=timeout_seconds,
            metadata=headers(self._token(), metadata),
            wait_for_ready=wait_for_ready,
        )
        slot = CURRENT_SLOT.get()
        if slot is not None:
            slot.asks()
        self._pulse.began(call)
        was_heard, was_cut = False, False
        try:
            response = await call
            was_heard = True
        except grpc.aio.AioRpcError as error:
            was_heard = error.code() not in UNHEARD
            raise
        except asyncio.CancelledError:
            was_cut = self._pulse.ended(call, was_heard=False)
            task = asyncio.current_task()
            if was_cut and not (task is not None and task.cancelling()):  # else our own caller gave up as well
                raise silent_error() from None
            raise
        finally:
            if slot is not None:
                slot.answered()
            if not was_cut:
                self._pulse.ended(call, was_heard=was_heard)
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
