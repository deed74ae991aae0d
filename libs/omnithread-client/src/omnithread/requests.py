"""Every mutation carries an id and the time it was issued; a call that has neither gets them here.

A caller who may send the same request again later (a till that was offline) fills in both itself, keeps them,
and sends the very same request: it is carried out once.
"""

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar, cast

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

RequestT = TypeVar("RequestT", bound=Message)


class _Mutation(Protocol):
    request_id: str
    issue_time: Timestamp


def new_request_id() -> str:
    """A new id for one request."""
    return str(uuid.uuid4())


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ServerClock:
    """The time at the server, as far as its answers have told: a till's own clock may be wrong."""

    def __init__(self, now: Callable[[], datetime] = _utc_now) -> None:
        self._now = now
        self._offset = timedelta()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The present time, corrected by what was learnt."""
        return self._now() + self._offset

    def learn(self, server_time: datetime) -> None:
        """Note what the server's clock said just now."""
        with self._lock:
            self._offset = server_time - self._now()


def stamped(request: RequestT, *, clock: ServerClock, new_id: Callable[[], str] = new_request_id) -> RequestT:
    """The request with id and issue time; one that takes none, or has both, is given back as it is."""
    fields = request.DESCRIPTOR.fields_by_name
    if "request_id" not in fields or "issue_time" not in fields:
        return request
    if cast("_Mutation", request).request_id and request.HasField("issue_time"):
        return request
    copy = _copy(request)
    mutation = cast("_Mutation", copy)
    mutation.request_id = mutation.request_id or new_id()
    if not copy.HasField("issue_time"):
        mutation.issue_time.FromDatetime(clock.now())
    return copy


def reissued(request: RequestT, *, clock: ServerClock) -> RequestT:
    """The same request, same id, with the issue time by the corrected clock."""
    copy = _copy(request)
    cast("_Mutation", copy).issue_time.FromDatetime(clock.now())
    return copy


def _copy(request: RequestT) -> RequestT:
    copy = type(request)()
    copy.CopyFrom(request)
    return copy
