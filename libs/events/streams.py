"""What a reader needs to know of an area whose events it reads: its topic, and how to ask the owner."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import grpc
from google.protobuf.message import DecodeError, Message
from grpc.aio import AioRpcError

from libs.clock import Clock
from libs.errors import OmnithreadError, is_passing
from libs.mongo.values import HeadRow
from libs.rpc.status import error_from_rpc
from libs.timestamps import from_timestamp, to_timestamp
from omnithread.common.v1 import event_pb2

REPLAY_PAGE = 100
HEADS_PAGE = 500
CALL_SECONDS = 5.0
# What says nothing about the customer that was asked for, besides what passes for everybody (an owner that has more
# to do than it can); a token that has just expired is among them.
OWNER_AWAY = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.PERMISSION_DENIED,
    }
)


class OwnerAway(Exception):
    """The owner of an area does not answer now; the same question later may be answered."""


class Unreadable(Exception):
    """Bytes that are no event of the area."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """Some of a customer's events in order, and how far they go on."""

    events: Sequence[Message]
    head: event_pb2.Head


@dataclass(frozen=True, slots=True)
class HeadsPage:
    """One page of what changed since a time, oldest change first."""

    heads: Mapping[str, int]
    """`seq` of the newest event, by customer."""
    epoch: str
    next_page_token: str
    """Empty at the end."""
    as_of_time: datetime
    """The owner's time when it began to look."""


class History(Protocol):
    """What a service's own records tell of themselves; `libs.mongo.record.Records` does."""

    @property
    def epoch(self) -> str:
        """Of the database."""

    async def heads(
        self, updated_since: datetime, limit: int, after: tuple[datetime, str] | None = None
    ) -> list[HeadRow]:
        """Give heads of records changed since a time."""

    async def replay(self, customer_id: str, after_seq: int, limit: int) -> tuple[list[bytes], event_pb2.Head]:
        """Give a customer's serialized events after a `seq`, and the head."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One area as a reader sees it. `replay` and `heads` raise OwnerAway where it does not answer."""

    area: str
    topic: str
    parse: Callable[[bytes], Message]
    """Raises Unreadable."""
    replay: Callable[[str, int], Awaitable[Replayed]]
    """A customer's events after a `seq`, the first of them; there are more while the head is beyond the last."""
    heads: Callable[[datetime, str], Awaitable[HeadsPage]]
    """The heads of records changed at or after a time, with the token of the page."""


def header_of(event: Message) -> event_pb2.EventHeader:
    """Give the header that every event of every area begins with."""
    header: event_pb2.EventHeader = event.header  # type: ignore[attr-defined]  # Message declares no fields
    return header


def internal_stream(
    area: str,
    stub: Any,  # noqa: ANN401  five areas' stubs have no common type
    *,
    topic: str,
    event_type: type[Message],
    messages: Any,  # noqa: ANN401  the module with the area's ReplayEventsRequest and ListHeadsRequest
) -> Stream:
    """Make the stream of an area from the stub of its internal service, on a channel with our own identity."""

    def parse(data: bytes) -> Message:
        return _parse(area, event_type, data)

    async def replay(customer_id: str, after_seq: int) -> Replayed:
        request = messages.ReplayEventsRequest(customer_id=customer_id, after_seq=after_seq, page_size=REPLAY_PAGE)
        answer = await _ask(area, stub.ReplayEvents(request, timeout=CALL_SECONDS))
        return Replayed(list(answer.events), answer.head)

    async def heads(updated_since: datetime, page_token: str) -> HeadsPage:
        request = messages.ListHeadsRequest(
            updated_since=to_timestamp(updated_since), page_size=HEADS_PAGE, page_token=page_token
        )
        answer = await _ask(area, stub.ListHeads(request, timeout=CALL_SECONDS))
        return HeadsPage(
            heads={head.customer_id: head.seq for head in answer.heads},
            epoch=answer.epoch,
            next_page_token=answer.next_page_token,
            as_of_time=from_timestamp(answer.as_of_time),
        )

    return Stream(area=area, topic=topic, parse=parse, replay=replay, heads=heads)


async def _ask(area: str, call: Awaitable[Any]) -> Any:  # noqa: ANN401  the answer's type is the stub's
    try:
        return await call
    except AioRpcError as error:
        if error.code() in OWNER_AWAY or is_passing(error_from_rpc(error)):
            raise OwnerAway(area) from error
        raise
    except OmnithreadError as error:  # from our own side of the channel: no time was left
        raise OwnerAway(area) from error


def own_stream(area: str, records: History, *, topic: str, event_type: type[Message], clock: Clock) -> Stream:
    """Make the stream of a service's own area, for what listens to itself: its records are asked without a call."""

    def parse(data: bytes) -> Message:
        return _parse(area, event_type, data)

    async def replay(customer_id: str, after_seq: int) -> Replayed:
        events, head = await records.replay(customer_id, after_seq, REPLAY_PAGE)
        return Replayed([event_type.FromString(event) for event in events], head)

    async def heads(updated_since: datetime, page_token: str) -> HeadsPage:
        as_of_time = clock()
        time, _, customer_id = page_token.partition(" ")
        after = (datetime.fromisoformat(time), customer_id) if page_token else None
        rows = await records.heads(updated_since, HEADS_PAGE, after)
        last = rows[-1] if len(rows) == HEADS_PAGE else None
        return HeadsPage(
            heads={row.customer_id: row.seq for row in rows},
            epoch=records.epoch,
            next_page_token=f"{last.update_time.isoformat()} {last.customer_id}" if last else "",
            as_of_time=as_of_time,
        )

    return Stream(area=area, topic=topic, parse=parse, replay=replay, heads=heads)


def _parse(area: str, event_type: type[Message], data: bytes) -> Message:
    try:
        return event_type.FromString(data)
    except DecodeError as error:
        raise Unreadable(area) from error
