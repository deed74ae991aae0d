"""The door: the one interceptor of every server, outermost, which does in one pass what every call needs.

Trace context and span with the journey's labels, authentication, decoding, validation, limits, metrics, error mapping,
and what the caller's scopes do not show is taken out of every answer: no servicer can forget it.
A servicer behind it gets a valid message of a known caller and raises our own errors; nothing it raises reaches the
caller as a text of Python's. grpc.aio by itself answers undecodable input with UNKNOWN and quotes exceptions.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Any, TypeAlias, cast

import grpc
from google.protobuf.message import DecodeError, Message
from opentelemetry.trace import Tracer

from libs.audit.calls import CallAudit, is_denial
from libs.errors import OmnithreadError, Status, invalid_argument, resource_exhausted
from libs.rpc.admission import PACE, Admission
from libs.rpc.arriving import Arrivals
from libs.rpc.call import current_call
from libs.rpc.entrance import Answer, Context, Entrance
from libs.rpc.importance import Importance, importance_of
from libs.rpc.incoming import Incoming, StreamLimits
from libs.rpc.open_streams import OpenStreams
from libs.rpc.peers import Peers
from libs.rpc.quotas import Quotas
from libs.rpc.refusing import Refusals, given_up
from libs.rpc.tokens import TokenVerifier
from libs.rpc.validation import Validation
from libs.rpc.visit import Method, MethodMeter, Visit
from libs.sensitive import shown
from libs.telemetry.metrics import CallMetrics
from libs.telemetry.tracing import tracer as default_tracer
from omnithread.rpc_spans import customer_of

EXEMPT = ("/grpc.health.", "/grpc.reflection.")
"""Open to everybody: probes have no token, and the contract is no secret."""
MOST_REQUEST_BYTES = 256 * 1024

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # of any service: its types are in its generated code only
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
        self._domain = f"{service}.omnithread"
        self._arrivals = Arrivals(verifier=verifier, peers=peers, admission=admission, quotas=quotas)
        self._refusals = Refusals(domain=self._domain, audit=audit)
        self._validation = validation
        self._metrics = metrics
        self._tracer = tracer or default_tracer()
        self._most_request_bytes = most_request_bytes
        self._stream_limits = stream_limits or StreamLimits()
        self._streams = open_streams or OpenStreams()
        self._admission = admission
        self._audit = audit
        self._guarded: dict[str, Handler] = {}
        self._entrances: dict[str, Entrance] = {}

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
        return grpc.unary_unary_rpc_method_handler(
            self._admitted(method, self._answering(method, handler, is_behind=False))
        )

    def behind(self, path: str, handler: Handler) -> Answer:
        """Give what answers one call for somebody who was admitted with another: the door in all but the admission."""
        return self._with_its_key(self._answering(Method(path), handler, is_behind=True))

    def _answering(self, method: Method, handler: Handler, *, is_behind: bool) -> Answer:
        decode, encode = cast("Decode", handler.request_deserializer), cast("Encode", handler.response_serializer)
        behaviour = cast("Unary", handler.unary_unary)
        meter = MethodMeter(method, metrics=self._metrics, tracer=self._tracer)
        audited = method.rule.audited

        async def answer(raw: bytes, context: Context) -> bytes:
            brought_by = current_call().caller.service if is_behind else ""
            visit, refusal = self._arrivals.enter(method, meter, context, brought_by=brought_by)
            try:
                request = self._open(visit, refusal, raw, decode)
                response = shown(await behaviour(request, context))
                answered = encode(response)
            except asyncio.CancelledError:
                visit.leave(given_up(context.time_remaining()))
                raise
            except Exception as error:
                await self._refusals.refuse(visit, context, error, audited=audited and refusal is None)
                raise
            if audited and self._audit is not None:
                self._audit.answered(request, response)
            visit.leave(Status.OK)
            return answered

        return answer

    def _admitted(self, method: Method, answer: Answer) -> Answer:
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

    def _with_its_key(self, answer: Answer) -> Answer:
        """Give what waits for keys outside of the admission: who has no good token yet holds no slot meanwhile."""
        if not self._arrivals.fetches_keys:
            return answer

        async def answer_with_its_key(raw: bytes, context: Context) -> bytes:
            await self._arrivals.key_known(context)
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
            await self._arrivals.key_known(context)
            visit, refusal = self._arrivals.enter(method, meter, context)
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
                await self._refusals.refuse(
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
