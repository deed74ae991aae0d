# ruff: noqa: SLF001  inner parts of grpc.aio are what this is about
"""Takes in calls of one method side by side: so that a call can be turned away while others are worked on.

grpc.aio by itself takes in the calls of a method one after the other, each some rounds of the event loop after the one
before. A busy loop's rounds are long: measured at twice what a server can do, calls waited for 1.6 s in grpc's own
queue, unseen by the admission, and were mostly answered after their deadline. With some acceptors for each method they
come to the door at once, where most are turned away in a third of a millisecond, the least important first.

This uses inner parts of grpc.aio, which is pinned for it; where a version lacks them (`acceptors_of` gives None) the
server works as it did, and grpc's bound for waiting calls (`libs/rpc/server.py`) drops what is too much, without a
reason.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import grpc
import structlog
from grpc._cython import cygrpc as _untyped  # type: ignore[attr-defined]  # it has no types

cygrpc: Any = _untyped
MOST_AT_ONCE = 6
"""How many calls of one method are taken in at once, beside the one that grpc.aio takes in itself."""
PAUSE_SECONDS = 0.05
"""After a call that broke off while it was taken in."""
NEEDED = ("_MethodResolver", "_handle_rpc", "_schedule_rpc_coro")


class Acceptors:
    """The acceptors of one server; they end with it."""

    def __init__(
        self,
        inner: Any,  # noqa: ANN401  grpc's own server, which has no public type
        *,
        methods: Mapping[str, "grpc.RpcMethodHandler[Any, Any]"],
        interceptors: Sequence[grpc.aio.ServerInterceptor],
        most_calls: int,
    ) -> None:
        self._inner = inner
        self._most_calls = most_calls
        self._paths = [
            path for path, one in methods.items() if not one.request_streaming and not one.response_streaming
        ]
        self._resolver = cygrpc._MethodResolver([], dict(methods))
        self._interceptors = tuple(interceptors)
        self._accepting: set[asyncio.Task[Any]] = set()
        self._calls: set[asyncio.Task[Any]] = set()

    def start(self) -> None:
        """Take in calls from now on; the server has been started."""
        for path in self._paths:
            for _ in range(MOST_AT_ONCE):
                _keep(self._accept(path), self._accepting)

    async def _accept(self, path: str) -> None:
        loop, encoded = asyncio.get_running_loop(), path.encode()
        while True:
            try:
                state = await self._inner._request_registered_call(encoded)
            except Exception as error:  # noqa: BLE001  grpc's own, for an end of the server and for a call that broke off
                if not self._inner.is_running():
                    return
                structlog.get_logger(__name__).info("call_not_taken_in", method=path, kind=type(error).__name__)
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            # A call is over when its answer has been taken, not when it was made.
            full = len(self._calls) >= self._most_calls
            handling = cygrpc._handle_rpc(path, self._resolver, self._interceptors, state, loop, full)
            _keep(cygrpc._schedule_rpc_coro(handling, state, loop, path), self._calls)


def _keep(work: Any, tasks: set[asyncio.Task[Any]]) -> None:  # noqa: ANN401  a coroutine, of grpc's own kind
    task = asyncio.get_running_loop().create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)


def acceptors_of(
    server: grpc.aio.Server,
    *,
    methods: Mapping[str, "grpc.RpcMethodHandler[Any, Any]"],
    interceptors: Sequence[grpc.aio.ServerInterceptor],
    most_calls: int,
) -> Acceptors | None:
    """Make acceptors for the methods with one request and one answer; None where this grpc has not what they need.

    Beyond `most_calls` at once grpc refuses, as it does with those that it takes in itself.
    """
    inner = getattr(server, "_server", None)
    if not hasattr(inner, "_request_registered_call") or not all(hasattr(cygrpc, name) for name in NEEDED):
        return None
    return Acceptors(inner, methods=methods, interceptors=interceptors, most_calls=most_calls)
