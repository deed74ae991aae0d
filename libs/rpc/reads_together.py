"""Answers reads that came in one call (`ReadTogether`), each as if it had come by itself.

Each has its own token, journey, deadline and span, is let in by the same door, and is counted and noted in the audit
log; only the way over the network is shared, and the slot of the admission, which holds the call that brought them.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar, cast

import grpc
from google.protobuf.message import Message

from libs.rpc.access import rule_of
from libs.rpc.door import Door, Handler
from libs.rpc.entrance import Answer, Context
from libs.rpc.slots import CURRENT_SLOT
from libs.rpc.status import DETAILS_KEY
from omnithread.common.v1.gathered_pb2 import GatheredAnswer, GatheredRead, GatheredRefusal

MOST_BYTES = 3 * 1024 * 1024
"""Of all answers of one call: what does not fit any more is asked for by itself. A caller takes 4 MB."""
NOT_GATHERED = GatheredAnswer(
    refusal=GatheredRefusal(
        code=grpc.StatusCode.UNIMPLEMENTED.value[0], message="This method cannot be asked for together with others."
    )
)

ResponseT = TypeVar("ResponseT", bound=Message)


class Request(Protocol):
    """What every area's ReadTogetherRequest has."""

    @property
    def reads(self) -> Iterable[GatheredRead]:
        """The reads."""


class ReadsTogether:
    """Answers the reads of one process's methods; it is opened with what answers them once the door stands."""

    def __init__(self) -> None:
        self._answers: Mapping[str, Answer] = {}

    def open(self, door: Door, handlers: Mapping[str, Handler]) -> None:
        """Answer those of the methods that the contract says may be gathered."""
        self._answers = {
            path: door.behind(path, handler) for path, handler in handlers.items() if rule_of(path).gathered
        }

    async def answer(self, request: Request, context: object, *, response_type: Callable[..., ResponseT]) -> ResponseT:
        """Answer an area's ReadTogether, all at the same time: so what they ask of MongoDB is asked together."""
        whole = cast("Context", context)
        answers = await asyncio.gather(*(self._answer(read, whole) for read in request.reads))
        return response_type(answers=_as_far_as_there_is_room(answers))

    async def _answer(self, read: GatheredRead, whole: Context) -> GatheredAnswer:
        answer = self._answers.get(read.method)
        if answer is None:
            return NOT_GATHERED
        CURRENT_SLOT.set(None)  # of this task only
        context = _OneOfMany(read, whole)
        try:
            return GatheredAnswer(response=await answer(read.request, cast("Context", context)))
        except _Ended as ended:
            return GatheredAnswer(refusal=ended.refusal)


class _Ended(Exception):
    """One read was ended with a status."""

    def __init__(self, refusal: GatheredRefusal) -> None:
        super().__init__()
        self.refusal = refusal


class _OneOfMany:
    """Stands in for grpc's context: what the door asks of it, for one read of a call that has many."""

    def __init__(self, read: GatheredRead, whole: Context) -> None:
        self._read = read
        self._whole = whole
        loop = asyncio.get_running_loop()
        self._now = loop.time
        has_end = read.HasField("timeout")
        self._end = loop.time() + read.timeout.ToTimedelta().total_seconds() if has_end else None

    def invocation_metadata(self) -> Sequence[tuple[str, str]]:
        """Give what the read says of who asks."""
        read = self._read
        return (
            ("authorization", f"Bearer {read.token}"),
            ("traceparent", read.traceparent),
            ("baggage", read.baggage),
        )

    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        """Give the certificate of whoever brought it."""
        return self._whole.auth_context()

    def time_remaining(self) -> float | None:
        """Give for how long who asks waits, and not longer than the whole call does."""
        left = [] if self._end is None else [self._end - self._now()]
        of_the_whole: float | None = self._whole.time_remaining()
        if of_the_whole is not None:
            left.append(of_the_whole)
        return min(left, default=None)

    async def abort(self, code: grpc.StatusCode, details: str = "", trailing_metadata: Any = ()) -> None:  # noqa: ANN401  as grpc takes it
        """End this read, and no other."""
        known: dict[str, Any] = dict(trailing_metadata)
        raise _Ended(GatheredRefusal(code=code.value[0], message=details, details=known.get(DETAILS_KEY, b"")))


def _as_far_as_there_is_room(answers: Iterable[GatheredAnswer]) -> list[GatheredAnswer]:
    told, room = list[GatheredAnswer](), MOST_BYTES
    for answer in answers:
        room -= answer.ByteSize()
        told.append(answer if room >= 0 else GatheredAnswer())
    return told
