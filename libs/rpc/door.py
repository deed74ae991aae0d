"""The door: the one interceptor of every server, outermost, which does in one pass what every call needs.

Trace context and span with the journey's labels, authentication, decoding, validation, limits, metrics, error mapping,
and what the caller's scopes do not show is taken out of every answer: no servicer can forget it.
A servicer behind it gets a valid message of a known caller and raises our own errors; nothing it raises reaches the
caller as a text of Python's. grpc.aio by itself answers undecodable input with UNKNOWN and quotes exceptions.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, TypeAlias, cast

import grpc
import structlog
from google.protobuf.message import DecodeError, Message
from opentelemetry.trace import Tracer

from libs.audit.calls import CallAudit, is_denial
from libs.errors import (
    OmnithreadError,
    Status,
    deadline_exceeded,
    invalid_argument,
    resource_exhausted,
)
from libs.rpc.access import SERVICES
from libs.rpc.admission import PACE, Admission
from libs.rpc.call import CURRENT_CALL, Call, Caller, current_call
from libs.rpc.entrance import Entrance
from libs.rpc.importance import Importance, importance_of
from libs.rpc.incoming import Incoming, StreamLimits
from libs.rpc.open_streams import OpenStreams
from libs.rpc.peers import Peers, check_peer
from libs.rpc.quotas import Quotas
from libs.rpc.slots import CURRENT_SLOT
from libs.rpc.status import error_from_rpc, internal_error, retry_policy, to_wire
from libs.rpc.tokens import TokenVerifier, bearer_token
from libs.rpc.validation import Validation
from libs.rpc.visit import Method, MethodMeter, Visit, labels_for
from libs.sensitive import shown
from libs.telemetry.journey import LABELS, NO_LABELS, JourneyLabels, labels_from_baggage
from libs.telemetry.metrics import CallMetrics
from libs.telemetry.propagation import remote_context, traceparent_of
from libs.telemetry.tracing import tracer as default_tracer
from omnithread.rpc_spans import customer_of

EXEMPT = ("/grpc.health.", "/grpc.reflection.")
"""Open to everybody: probes have no token, and the contract is no secret."""
MOST_REQUEST_BYTES = 256 * 1024
LAST_MOMENT_SECONDS = 0.1
MOST_WAIT_FOR_KEYS = 100
"""So many calls wait for keys at once."""
EXPIRED = "TOKEN_EXPIRED"
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
Begin: TypeAlias = "Callable[[Visit, Any, Context], Responses]"  # takes one request's bytes, or a stream of them
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
        peers: Peers | None = None,
        tracer: Tracer | None = None,
        most_request_bytes: int = MOST_REQUEST_BYTES,
        stream_limits: StreamLimits | None = None,
        open_streams: OpenStreams | None = None,
        admission: Admission | None = None,
        quotas: Quotas | None = None,
        audit: CallAudit | None = None,
    ) -> None:
        """Guard `service`. `peers` reads certificates; None where nobody shows one, since all is in plaintext.

        Without `admission` or `quotas` nobody is turned away, without `audit` nothing is noted.
        """
        self._service = service
        self._peers = peers
        self._domain = f"{service}.omnithread"
        self._verifier = verifier
        self._validation = validation
        self._metrics = metrics
        self._tracer = tracer or default_tracer()
        self._most_request_bytes = most_request_bytes
        self._stream_limits = stream_limits or StreamLimits()
        self._streams = open_streams or OpenStreams()
        self._admission = admission
        self._quotas = quotas
        self._audit = audit
        self._guarded: dict[str, Handler] = {}
        self._entrances: dict[str, Entrance] = {}
        self._wait_for_keys = 0

    async def intercept_service(
        self, continuation: Lookup, handler_call_details: grpc.HandlerCallDetails
    ) -> "Handler | None":
        """Give the guarded handler of a method; None for one that does not exist."""
        path = handler_call_details.method
        # Both ports ask here, and each has methods of its own: only its server knows which.
        handler = await continuation(handler_call_details)
        if handler is None or path.startswith(EXEMPT):
            return handler
        guarded = self._guarded.get(path) or self._guarded.setdefault(path, self._guard(Method(path), handler))
        entrance = self._entrances.get(path)
        return (entrance.closed() if entrance is not None else None) or guarded

    def _guard(self, method: Method, handler: Handler) -> Handler:
        decode, encode = cast("Decode", handler.request_deserializer), cast("Encode", handler.response_serializer)
        if handler.request_streaming:
            if not handler.response_streaming:
                raise TypeError(f"{method.path}: the door does not know calls that only stream requests")
            conversing = cast("Conversing", handler.stream_stream)

            def converse(_: Visit, raw: AsyncIterator[bytes], context: Context) -> Responses:
                return conversing(self._incoming(raw, context, decode), context)

            return grpc.stream_stream_rpc_method_handler(
                self._streaming(method, converse, encode, ends_with_token=False)
            )
        if handler.response_streaming:
            streaming = cast("Streaming", handler.unary_stream)

            def stream(visit: Visit, raw: bytes, context: Context) -> Responses:
                return streaming(self._open(visit, None, raw, decode), context)

            return grpc.unary_stream_rpc_method_handler(self._streaming(method, stream, encode, ends_with_token=True))
        unary = cast("Unary", handler.unary_unary)
        return grpc.unary_unary_rpc_method_handler(self._unary(method, unary, decode, encode))

    def _unary(
        self, method: Method, behaviour: Unary, decode: Decode, encode: Encode
    ) -> Callable[[bytes, Context], Awaitable[bytes]]:
        meter = MethodMeter(method, metrics=self._metrics, tracer=self._tracer)
        audited = method.rule.audited

        async def answer(raw: bytes, context: Context) -> bytes:
            visit, refusal = self._enter(method, meter, context)
            try:
                request = self._open(visit, refusal, raw, decode)
                response = shown(await behaviour(request, context))
                answered = encode(response)
            except asyncio.CancelledError:
                visit.leave(given_up(context.time_remaining()))
                raise
            except Exception as error:
                await self._refuse(visit, context, error, audited=audited and refusal is None)
                raise
            if audited and self._audit is not None:
                self._audit.answered(request, response)
            visit.leave(Status.OK)
            return answered

        if self._admission is None:
            return self._with_its_key(answer)
        entrance = self._entrances[method.path] = Entrance(
            method.path,
            admission=self._admission,
            importance=importance_of(method.path),
            domain=self._domain,
            metrics=self._metrics,
        )
        return self._with_its_key(entrance.through(answer))

    def _with_its_key(
        self, answer: Callable[[bytes, Context], Awaitable[bytes]]
    ) -> Callable[[bytes, Context], Awaitable[bytes]]:
        """Give what waits for keys outside of the admission: who has no good token yet holds no slot meanwhile."""
        if not self._verifier.fetches:
            return answer

        async def answer_with_its_key(raw: bytes, context: Context) -> bytes:
            await self._key_known(context)
            return await answer(raw, context)

        return answer_with_its_key

    def _streaming(
        self, method: Method, begin: Begin, encode: Encode, *, ends_with_token: bool
    ) -> Callable[[Any, Context], AsyncGenerator[bytes, None]]:
        """Guard a stream. With `ends_with_token` it tells nothing more once the token has run out.

        An import tells only what became of its rows, and ends with its limits instead. Bulk work begins where there is
        room for it, and gives way as it goes on.
        """
        meter = MethodMeter(method, metrics=self._metrics, tracer=self._tracer, streams=True)
        is_bulk = importance_of(method.path) is Importance.BULK

        async def answer(raw: Any, context: Context) -> AsyncGenerator[bytes, None]:  # noqa: ANN401  as `begin` takes it
            await self._key_known(context)
            visit, refusal = self._enter(method, meter, context)
            told, to_note = False, self._audit if method.rule.audited else None
            try:
                if refusal is not None:
                    raise refusal
                if is_bulk and self._admission is not None:
                    await self._begin_bulk(self._admission, method)
                with self._streams.one_more(current_call().caller) as age:
                    async with aclosing(begin(visit, raw, context)) as responses:
                        async for response in responses:
                            if ends_with_token:
                                current_call().check_again()
                            encoded, told = encode(shown(response)), True
                            if to_note is not None:
                                to_note.answered(response=response)
                                to_note = None
                            yield encoded
                            age.check()
            except (asyncio.CancelledError, GeneratorExit):
                visit.leave(given_up(context.time_remaining()))
                raise
            except Exception as error:
                await self._refuse(
                    visit, context, error, audited=to_note is not None and refusal is None, was_told=told
                )
                raise
            visit.leave(Status.OK)

        return answer

    async def _begin_bulk(self, admission: Admission, method: Method) -> None:
        """Wait a moment for room; a stream holds no slot, since it may go on for an hour. Raises OVERLOADED."""
        admission.leave(await admission.enter(method.path, Importance.BULK), counts=False)
        PACE.set(admission.give_way)

    def _incoming(self, raw: AsyncIterator[bytes], context: Context, decode: Decode) -> Incoming[Message]:
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
        caller, token, labels, passed_on_by = Caller(channel_id="", channel_kind=0), "", NO_LABELS, ""
        refusal: Exception | None = None
        remaining_seconds: float | None = context.time_remaining()
        try:
            token = bearer_token(headers.get("authorization"))
            caller = self._verifier.verify(token)
            passed_on_by = self._compare_with_certificate(caller, method, context)
            caller, labels = self._labelled(caller, str(headers.get("baggage", "")))
            self._ration(caller, passed_on=bool(passed_on_by))
            method.rule.check(caller)
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
                passed_on_by=passed_on_by,
                deadline=deadline,
                check_again=partial(self._verifier.verify, token),
            )
        )
        return visit, refusal

    async def _key_known(self, context: Context) -> None:
        """Let a token be checked with a key that its issuer began to use a moment ago.

        Whoever has no good token can name such a key: so not all wait.
        """
        if not self._verifier.fetches or self._wait_for_keys >= MOST_WAIT_FOR_KEYS:
            return
        waiting = self._verifier.missing_key(context.invocation_metadata())
        if waiting is None:
            return
        self._wait_for_keys += 1
        try:
            await waiting
        finally:
            self._wait_for_keys -= 1

    def _compare_with_certificate(self, caller: Caller, method: Method, context: Context) -> str:
        """Give the service that passes on the call of a channel; empty where the caller asks itself."""
        if self._peers is None:
            return ""
        peer = self._peers.of(context.auth_context())
        check_peer(peer, caller, may_call=method.rule.callers.__contains__)
        return "" if caller.service else peer.service

    def _labelled(self, caller: Caller, baggage: str) -> tuple[Caller, JourneyLabels]:
        labels = labels_from_baggage(baggage)
        if caller.service:
            caller = self._verifier.for_channel(caller, labels.channel_id)
        return caller, labels_for(labels, caller.channel_id)

    def _ration(self, caller: Caller, *, passed_on: bool) -> None:
        """Let no channel have more than it may, nor crowd out the others. Raises RATE_LIMITED, OVERLOADED.

        What a service passes on has been counted where the channel called.
        """
        slot = CURRENT_SLOT.get()
        refusal = None
        if self._quotas is not None and not passed_on:
            is_urgent = slot is not None and slot.importance is Importance.URGENT
            refusal = self._quotas.take(caller, is_urgent=is_urgent)
        if refusal is None and slot is not None and self._admission is not None:
            refusal = self._admission.claim(slot, caller.channel_id)
        if refusal is not None:
            raise refusal

    def _open(self, visit: Visit, refusal: Exception | None, raw: bytes, decode: Callable[[bytes], Message]) -> Message:
        if refusal is not None:
            self._name_whom_it_was_about(visit, refusal, raw, decode)
            raise refusal
        request = self._decoded(raw, decode)
        self._validation.check(request)
        visit.name_customer(customer_of(request))
        return request

    def _name_whom_it_was_about(self, visit: Visit, refusal: Exception, raw: bytes, decode: Decode) -> None:
        """For the audit log, of a call that is denied to somebody known."""
        if self._audit is None or not current_call().caller.channel_id or not is_denial(refusal):
            return
        with suppress(OmnithreadError):
            visit.name_customer(customer_of(self._decoded(raw, decode)))

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

    async def _refuse(
        self, visit: Visit, context: Context, raised: Exception, *, audited: bool, was_told: bool = False
    ) -> None:
        """Answer with the error on the wire; grpc's own exception ends the call.

        A stream that told something and ends with its token ends as all do: that is no refusal to be noted.
        """
        error, cause = _as_ours(raised)
        if self._audit is not None and not (was_told and error.reason == EXPIRED):
            self._audit.failed(error, audited=audited)
        visit.leave_failed(error, cause)
        try:
            code, message, trailing = to_wire(error, domain=self._domain)
        except (TypeError, ValueError) as fault:  # an error whose parts do not fit into a message
            structlog.get_logger(__name__).error("error_not_encodable", reason=error.reason, exc_info=fault)
            code, message, trailing = to_wire(internal_error(), domain=self._domain)
        no_more = retry_policy(error, domain=self._domain, services=SERVICES)
        await context.abort(code, message, (*trailing, *no_more))


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
