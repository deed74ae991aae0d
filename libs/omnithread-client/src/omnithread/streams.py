"""What goes with a stream from its opening to its end, whoever ends it: its span, and its token's fate."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import grpc
from opentelemetry.trace import Span, StatusCode, use_span

from omnithread.rpc_spans import ERROR_TYPE, note_status

CallT = TypeVar("CallT")

_ending: set[asyncio.Task[None]] = set()
"""Tasks that nobody else holds."""


@contextmanager
def ends_with(span: Span, *, refused: Callable[[], object] = lambda: None) -> Iterator[Callable[[CallT], CallT]]:
    """Open a stream inside, within its span, and follow the call; a span whose stream does not open ends at once.

    `refused` is called where the server does not take the token: a stream is not opened again by itself, but the next
    one is to have another token.
    """
    with use_span(span, end_on_exit=False, record_exception=False, set_status_on_exception=False):
        try:
            yield lambda call: _followed(call, span, refused)
        except BaseException as error:
            span.set_attribute(ERROR_TYPE, type(error).__name__)
            span.set_status(StatusCode.ERROR, type(error).__name__)
            span.end()
            raise


def _followed(call: CallT, span: Span, refused: Callable[[], object]) -> CallT:
    followed: Any = call  # grpc's calls have no common type that knows callbacks
    followed.add_done_callback(lambda done: _end(done, span, refused))
    return call


def _end(call: Any, span: Span, refused: Callable[[], object]) -> None:  # noqa: ANN401  as above
    code = call.code()  # a blocking call's own, or a coroutine of an asyncio one
    if not asyncio.iscoroutine(code):
        _note(span, code, refused)
        return

    async def end() -> None:
        _note(span, await code, refused)

    task = asyncio.get_running_loop().create_task(end())
    _ending.add(task)
    task.add_done_callback(_ending.discard)


def _note(span: Span, code: grpc.StatusCode, refused: Callable[[], object]) -> None:
    try:
        if code is grpc.StatusCode.UNAUTHENTICATED:
            refused()
        note_status(span, code)
    finally:
        span.end()
