"""Answering readers of our events, the same for every area: `ReplayEvents` and `ListHeads` of its internal service."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from libs.clock import Clock
from libs.events.streams import History
from libs.mongo.values import HeadRow
from libs.rpc.pages import PageTokens, page_size
from libs.timestamps import EPOCH, from_timestamp, to_timestamp
from omnithread.common.v1 import event_pb2

DEFAULT_PAGE_SIZE = 100
MOST_PAGE_SIZE = 1000
MOST_REPLAY_BYTES = 1024 * 1024
"""An answer ends early, with at least one event, where more would not fit comfortably into a message."""
MILLISECOND = timedelta(milliseconds=1)

ResponseT = TypeVar("ResponseT", bound=Message)


class ReplayRequest(Protocol):
    """What every area's ReplayEventsRequest has."""

    customer_id: str
    after_seq: int
    page_size: int


class HeadsRequest(Protocol):
    """What every area's ListHeadsRequest has."""

    page_size: int
    page_token: str

    @property
    def updated_since(self) -> Timestamp:
        """From when on."""


async def answer_replay(
    records: History, request: ReplayRequest, *, event_type: type[Message], response_type: Callable[..., ResponseT]
) -> ResponseT:
    """Answer an area's ReplayEvents. Raises what reading raises."""
    limit = page_size(request.page_size, DEFAULT_PAGE_SIZE, MOST_PAGE_SIZE)
    events, head = await records.replay(request.customer_id, request.after_seq, limit)
    return response_type(events=[event_type.FromString(event) for event in _that_fit(events)], head=head)


async def answer_heads(
    records: History,
    request: HeadsRequest,
    *,
    area: str,
    response_type: Callable[..., ResponseT],
    clock: Clock,
) -> ResponseT:
    """Answer an area's ListHeads. Raises INVALID_FIELD, PAGE_TOKEN_INVALID, and what reading raises."""
    as_of_time = clock()
    tokens = PageTokens(f"{area}.heads")
    since = from_timestamp(request.updated_since, field="updated_since")
    owner = str((since - EPOCH) // MILLISECOND)  # a token is good for the same question only
    position = tokens.decode(request.page_token, owner=owner)
    limit = page_size(request.page_size, DEFAULT_PAGE_SIZE, MOST_PAGE_SIZE)
    rows = await records.heads(since, limit, _after(position))
    token = tokens.encode(_position(rows[-1]), owner=owner) if len(rows) == limit else ""
    return response_type(
        heads=[event_pb2.CustomerHead(customer_id=row.customer_id, seq=row.seq) for row in rows],
        epoch=records.epoch,
        next_page_token=token,
        as_of_time=to_timestamp(as_of_time),
    )


def _that_fit(events: Sequence[bytes]) -> Sequence[bytes]:
    total = 0
    for count, event in enumerate(events):
        total += len(event)
        if total > MOST_REPLAY_BYTES:
            return events[: max(count, 1)]
    return events


def _position(row: HeadRow) -> dict[str, str | int]:
    return {"update_time": (row.update_time - EPOCH) // MILLISECOND, "customer_id": row.customer_id}


def _after(position: dict[str, Any] | None) -> tuple[datetime, str] | None:
    if position is None:
        return None
    return EPOCH + position["update_time"] * MILLISECOND, position["customer_id"]
