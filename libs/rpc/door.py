"""The door: the one interceptor of every server, outermost, which does in one pass what every call needs.

Trace context and span with the journey's labels, authentication, decoding, validation, limits, metrics, error mapping.
A servicer behind it gets a valid message of a known caller and raises our own errors; nothing it raises reaches the
caller as a text of Python's. grpc.aio by itself answers undecodable input with UNKNOWN and quotes exceptions.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Any, TypeAlias, cast

import grpc
import structlog
from google.protobuf.message import DecodeError, Message
from opentelemetry.trace import Tracer

from libs.errors import (
    OmnithreadError,
    Status,
    deadline_exceeded,
    invalid_argument,
    permission_denied,
    resource_exhausted,
)
from libs.rpc.access import may_call
from libs.rpc.call import CURRENT_CALL, Call, Caller
from libs.rpc.incoming import Incoming, StreamLimits
from libs.rpc.status import error_from_rpc, internal_error, to_wire
from libs.rpc.tokens import TokenVerifier, bearer_token
from libs.rpc.validation import Validation
from libs.rpc.visit import Method, MethodMeter, Visit, labels_for
from libs.telemetry.journey import LABELS, NO_LABELS, JourneyLabels, labels_from_baggage
from libs.telemetry.metrics import CallMetrics
from libs.telemetry.propagation import remote_context, traceparent_of
from libs.telemetry.tracing import tracer as default_tracer
from omnithread.rpc_spans import customer_of

EXEMPT = ("/grpc.health.", "/grpc.reflection.")
"""Open to everybody: probes have no token, and the contract is no secret."""
MOST_REQUEST_BYTES = 256 * 1024
LAST_MOMENT_SECONDS = 0.1
PREVIOUS_ATTEMPTS = "grpc-previous-rpc-attempts"
"""What gRPC's clients send with a call that they repeat by themselves."""

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # of any service: its types are in its generated code only
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"  # as above
Decode = Callable[[bytes], Message]
Encode = Callable[[Message], bytes]
Unary = Callable[[Message, Context], Awaitable[Message]]
Responses = AsyncGenerator[Message, None]
Streaming = Callable[[Message, Context], Responses]
Conversing = Callable[[Incoming[Message], Context], Responses]
Refusal: TypeAlias = "Exception | None"
Begin: TypeAlias = (
    "Callable[[Visit, Refusal, Any, Context], Responses]"  # takes one request's bytes, or a stream of them
)
Lookup: TypeAlias = "Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]]"


class Door(grpc.aio.ServerInterceptor):
    """Guards every method of one service's server, but health and reflection."""

    def __init__(
        self,
        *,
        service: str,
        verifier: TokenVerifier,
        validation: Validation,
        metrics: CallMetrics,
        tracer: Tracer | None = None,
        most_request_bytes: int = MOST_REQUEST_BYTES,
        stream_limits: StreamLimits | None = None,
    ) -> None:
        self._service = service
        self._domain = f"{service}.omnithread"
        self._verifier = verifier
        self._validation = validation
        self._metrics = metrics
        self._tracer = tracer or default_tracer()
        self._most_request_bytes = most_request_bytes
        self._stream_limits = stream_limits or StreamLimits()
        self._guarded: dict[str, Handler] = {}

    async def intercept_service(
        self, continuation: Lookup, handler_call_details: grpc.HandlerCallDetails
    ) -> "Handler | None":
        """Give the guarded handler of a method; None for one that does not exist."""
        path = handler_call_details.method
        guarded = self._guarded.get(path)
        if guarded is not None:
            return guarded
        handler = await continuation(handler_call_details)
        if handler is None or path.startswith(EXEMPT):
            return handler
        return self._guarded.setdefault(path, self._guard(Method(path), handler))

    def _guard(self, method: Method, handler: Handler) -> Handler:
        decode, encode = cast("Decode", handler.request_deserializer), cast("Encode", handler.response_serializer)
        if handler.request_streaming:
            if not handler.response_streaming:
                raise TypeError(f"{method.path}: the door does not know calls that only stream requests")
            conversing = cast("Conversing", handler.stream_stream)

            def converse(_: Visit, refusal: Refusal, raw: AsyncIterator[bytes], context: Context) -> Responses:
                return conversing(self._incoming(refusal, raw, context, decode), context)

            return grpc.stream_stream_rpc_method_handler(self._streaming(method, converse, encode))
        if handler.response_streaming:
            streaming = cast("Streaming", handler.unary_stream)

            def stream(visit: Visit, refusal: Refusal, raw: bytes, context: Context) -> Responses:
                return streaming(self._open(visit, refusal, raw, decode), context)

            return grpc.unary_stream_rpc_method_handler(self._streaming(method, stream, encode))
        unary = cast("Unary", handler.unary_unary)
        return grpc.unary_unary_rpc_method_handler(self._unary(method, unary, decode, encode))

    def _unary(
        self, method: Method, behaviour: Unary, decode: Decode, encode: Encode
    ) -> Callable[[bytes, Context], Awaitable[bytes]]:
        meter = MethodMeter(method, metrics=self._metrics, tracer=self._tracer)

        async def answer(raw: bytes, context: Context) -> bytes:
            visit, refusal = self._enter(method, meter, context)
            try:
                request = self._open(visit, refusal, raw, decode)
                answered = encode(await behaviour(request, context))
            except asyncio.CancelledError:
                visit.leave(given_up(context.time_remaining()))
                raise
            except Exception as error:
                await self._refuse(visit, context, error)
                raise
            visit.leave(Status.OK)
            return answered

        return answer

    def _streaming(
        self, method: Method, begin: Begin, encode: Encode
    ) -> Callable[[Any, Context], AsyncGenerator[bytes, None]]:
        meter = MethodMeter(method, metrics=self._metrics, tracer=self._tracer, streams=True)

        async def answer(raw: Any, context: Context) -> AsyncGenerator[bytes, None]:  # noqa: ANN401  as `begin` takes it
            visit, refusal = self._enter(method, meter, context)
            try:
                async with aclosing(begin(visit, refusal, raw, context)) as responses:
                    async for response in responses:
                        yield encode(response)
            except (asyncio.CancelledError, GeneratorExit):
                visit.leave(given_up(context.time_remaining()))
                raise
            except Exception as error:
                await self._refuse(visit, context, error)
                raise
            visit.leave(Status.OK)

        return answer

    def _incoming(
        self, refusal: Exception | None, raw: AsyncIterator[bytes], context: Context, decode: Decode
    ) -> Incoming[Message]:
        if refusal is not None:
            raise refusal
        return Incoming(
            raw,
            decode=lambda one: self._decoded(one, decode),
            check=self._validation.check,
            limits=self._stream_limits,
            # Callers that wait for our headers after their first message get a refusal of it in one piece.
            accepted=lambda: context.send_initial_metadata(()),
        )

    def _enter(self, method: Method, meter: MethodMeter, context: Context) -> tuple[Visit, Exception | None]:
        """Find out who calls and start the span; a refusal is given back, so that it is counted and traced as well."""
        headers: dict[str, Any] = dict(context.invocation_metadata() or ())  # values are text or bytes
        caller, token, labels = Caller(channel_id="", channel_kind=0), "", NO_LABELS
        refusal: Exception | None = None
        remaining_seconds: float | None = context.time_remaining()
        try:
            token = bearer_token(headers.get("authorization"))
            caller, labels = self._admit(method, token, str(headers.get("baggage", "")))
            if remaining_seconds is not None and remaining_seconds <= 0:
                refusal = deadline_exceeded()
        except Exception as error:  # noqa: BLE001  raised again inside the span
            refusal = error
        LABELS.set(labels)
        visit = Visit(
            meter,
            remote_context(str(headers.get("traceparent", ""))),
            channel_kind=caller.channel_kind,
            service=caller.service,
            again=PREVIOUS_ATTEMPTS in headers,
        )
        deadline = None
        if remaining_seconds is not None:
            deadline = asyncio.get_running_loop().time() + remaining_seconds
        CURRENT_CALL.set(
            Call(
                caller=caller,
                journey_id=labels.journey_id,
                session_id=labels.session_id,
                traceparent=traceparent_of(visit.span.get_span_context()),
                token=token,
                method=method.path,
                deadline=deadline,
                check_again=partial(self._verifier.verify, token),
            )
        )
        return visit, refusal

    def _admit(self, method: Method, token: str, baggage: str) -> tuple[Caller, JourneyLabels]:
        caller = self._verifier.verify(token)
        labels = labels_from_baggage(baggage)
        if caller.service:
            if not may_call(caller.service, self._service, method.name):
                raise permission_denied("CALLER_NOT_ALLOWED", f"{caller.service} may not call {self._service}.")
            caller = self._verifier.for_channel(caller, labels.channel_id)
        elif method.internal:
            raise permission_denied("CALLER_NOT_ALLOWED", "Only the suite's own services may use this method.")
        return caller, labels_for(labels, caller.channel_id)

    def _open(self, visit: Visit, refusal: Exception | None, raw: bytes, decode: Callable[[bytes], Message]) -> Message:
        if refusal is not None:
            raise refusal
        request = self._decoded(raw, decode)
        self._validation.check(request)
        visit.name_customer(customer_of(request))
        return request

    def _decoded(self, raw: bytes, decode: Callable[[bytes], Message]) -> Message:
        if len(raw) > self._most_request_bytes:
            raise resource_exhausted(
                "TOO_LARGE",
                "The message is larger than the server takes.",
                metadata={"most_bytes": str(self._most_request_bytes)},
            )
        try:
            return decode(raw)
        except DecodeError:
            raise invalid_argument(
                "UNDECODABLE", "The bytes are no message of the type that the method takes."
            ) from None

    async def _refuse(self, visit: Visit, context: Context, raised: Exception) -> None:
        """Answer with the error on the wire; grpc's own exception ends the call."""
        error, cause = _as_ours(raised)
        visit.leave_failed(error, cause)
        try:
            code, message, trailing = to_wire(error, domain=self._domain)
        except (TypeError, ValueError) as fault:  # an error whose parts do not fit into a message
            structlog.get_logger(__name__).error("error_not_encodable", reason=error.reason, exc_info=fault)
            code, message, trailing = to_wire(internal_error(), domain=self._domain)
        await context.abort(code, message, trailing)


def _as_ours(raised: Exception) -> tuple[OmnithreadError, Exception | None]:
    """Give the error to answer with, and the exception to log where it was not expected."""
    if isinstance(raised, OmnithreadError):
        return raised, None
    if isinstance(raised, grpc.aio.AioRpcError):
        error = error_from_rpc(raised)
        return error, raised if error.status is Status.INTERNAL else None
    if isinstance(raised, TimeoutError) and _deadline_passed():
        return deadline_exceeded(), None
    return internal_error(), raised


def _deadline_passed() -> bool:
    deadline = CURRENT_CALL.get().deadline
    return deadline is not None and asyncio.get_running_loop().time() >= deadline


def given_up(remaining_seconds: float | None) -> Status:
    """Say why grpc cancelled a call: its deadline passed, or its caller left.

    The caller's clock started when it called and ours when the call arrived: the caller's own end of the deadline
    comes here as a cancellation in the last moment of ours.
    """
    on_time = remaining_seconds is not None and remaining_seconds <= LAST_MOMENT_SECONDS
    return Status.DEADLINE_EXCEEDED if on_time else Status.CANCELLED
