"""Stands between two services as a server of its own, and notes of every call what it carries when it arrives.

Unlike `grpc_calls` it reads: the method, the trace, and how long the caller waits (`grpc-timeout`), as the callee sees
them. In plaintext.
A test has callers mark what they ask for a call in hand (`IN_HAND`). What is asked in the background is not noted, and
goes on without its trace: it may belong to that of a call that was answered long ago.
"""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import NoReturn, Self, TypeAlias

import grpc

IN_HAND = "x-in-hand"
STREAMS_ANSWERS = frozenset({"/grpc.health.v1.Health/Watch"})
Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"


@dataclass(frozen=True, slots=True)
class Arrived:
    """One call, as it arrived."""

    method: str
    trace_id: str
    """Empty where it carries none."""
    deadline: float | None
    """When its caller stops waiting, by the monotonic clock; None for never."""


def trace_id_of(traceparent: str) -> str:
    """Read the trace of a header, empty where there is none."""
    parts = traceparent.split("-")
    return parts[1] if len(parts) == 4 else ""


class GrpcRelay:
    """Passes calls on to `target`; `streams` names the methods that answer more than once."""

    def __init__(
        self,
        target: str,
        *,
        arrived: Callable[[Arrived], None],
        streams: frozenset[str] = STREAMS_ANSWERS,
    ) -> None:
        self._target = target
        self._arrived = arrived
        self._streams = streams
        self.address = ""

    async def __aenter__(self) -> Self:
        self._channel = grpc.aio.insecure_channel(self._target, options=(("grpc.enable_retries", 0),))
        self._server = grpc.aio.server()
        self._server.add_generic_rpc_handlers((_Handlers(self),))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        await self._server.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._server.stop(None)
        await self._channel.close()

    def handler(self, method: str) -> "grpc.RpcMethodHandler[bytes, bytes]":
        """Give what answers a method."""

        async def once(request: bytes, context: Context) -> bytes:
            call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(method)
            timeout = self._note(method, context)
            try:
                return bytes(await call(request, timeout=timeout, metadata=_metadata(context)))
            except grpc.aio.AioRpcError as error:
                await _refuse(context, error)

        async def often(request: bytes, context: Context) -> AsyncIterator[bytes]:
            call: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = self._channel.unary_stream(method)
            timeout = self._note(method, context)
            try:
                async for answer in call(request, timeout=timeout, metadata=_metadata(context)):
                    yield bytes(answer)
            except grpc.aio.AioRpcError as error:
                await _refuse(context, error)

        if method in self._streams:
            return grpc.unary_stream_rpc_method_handler(often)
        return grpc.unary_unary_rpc_method_handler(once)

    def _note(self, method: str, context: Context) -> float | None:
        left: float | None = context.time_remaining()
        said = {str(key): value for key, value in context.invocation_metadata() or ()}
        deadline = None if left is None else time.monotonic() + left
        if IN_HAND in said:
            self._arrived(Arrived(method, trace_id_of(str(said.get("traceparent", ""))), deadline))
        return left


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, relay: GrpcRelay) -> None:
        self._relay = relay

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes]":
        """Take every method there is."""
        return self._relay.handler(str(handler_call_details.method))


def _metadata(context: Context) -> tuple[tuple[str, str | bytes], ...]:
    said = {str(key): value for key, value in context.invocation_metadata() or ()}
    left_out = {"user-agent", IN_HAND, *(() if IN_HAND in said else ("traceparent",))}
    return tuple((key, value) for key, value in said.items() if key not in left_out and not key.startswith("grpc-"))


async def _refuse(context: Context, error: grpc.aio.AioRpcError) -> NoReturn:
    await context.abort(error.code(), error.details() or "", tuple(error.trailing_metadata() or ()))
    raise AssertionError("a call goes on that was aborted")
