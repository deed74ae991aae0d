"""The documents that services, relay and consumers meet in: their collections and fields, written down once.

Every service database has these collections beside its members' own:

`records`   one document per customer, the unit of commit (`RecordDocument`);
`events`    what the records announced (`EventDocument`), put there and published by the relay;
`cursors`   how far this service has read what others announced (`CursorDocument`);
`meta`      the epoch (`MetaDocument`);
`merge_reports` members that say what merges did (`libs.mongo.merge_reports`);
`<members>` collections named by the service, one document per member of a long list (`MemberDocument`).

Times are UTC with milliseconds. Only the relay writes `events`, member collections and a record's `relay` field,
and it pulls outbox entries by `seq` without touching `version`; everything else in a record changes with `version`.
"""

from datetime import UTC, datetime
from typing import Any, NotRequired, TypedDict

RECORDS = "records"
EVENTS = "events"
CURSORS = "cursors"
META = "meta"
AUDIT = "audit"
MERGE_REPORTS = "merge_reports"

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""Before every time that is stored: as a lower bound, an index of times is read without what has no time at all."""
DUE = datetime(2000, 1, 1, tzinfo=UTC)
"""Over by everybody's clock, and after `LONG_AGO`: what is put to it is found by whoever looks for what is due."""


class MemberEntry(TypedDict):
    """One member of a long list on its way, inside an outbox entry."""

    collection: str
    document: "MemberDocument | dict[str, Any]"


class MemberDocument(TypedDict):
    """What every member carries beside the service's own fields.

    A member is put again under the same `_id` with a higher `revision`; the relay replaces the stored one only where
    its revision is lower, and readers take the highest. `sort_time` is the same in all revisions.
    """

    _id: str
    customer_id: str
    sort_time: datetime
    revision: int


class OutboxEntry(TypedDict):
    """One event still to be relayed, inside its record."""

    seq: int
    event_id: str
    record_time: datetime
    event: bytes  # the serialized protobuf event, header included
    traceparent: str
    journey_id: str
    session_id: str
    channel_id: str
    members: list[MemberEntry]


class RequestEntry(TypedDict):
    """What a record remembers of one request; oldest first, at most 128."""

    id: str
    body_hash: bytes
    version: int
    channel_id: str
    issue_time: datetime | None
    facts: list[list[str]]  # [name, value] pairs, sorted


class FloorEntry(TypedDict):
    """The issue time of the newest request of one channel that the record has forgotten."""

    channel_id: str  # "" for the channels that have no floor of their own
    issue_time: datetime


class RelayState(TypedDict):
    """The relay's own note on a record that it could not relay; it alone writes it, without touching `version`."""

    attempts: int
    reason: str
    parked_since: NotRequired[datetime]
    retry_time: NotRequired[datetime]


class ReleasingEntry(TypedDict):
    """A merge that is being undone, on the survivor's record, until the source's record has its share."""

    merge_id: str
    source_id: str
    fields: dict[str, Any]  # the state that the source's record is to have


class ErasureNote(TypedDict):
    """What was erased of a customer here, on their own tombstone and on nobody's who was merged into them."""

    collections: list[dict[str, Any]]  # {collection, erased_count, pseudonymised_count, why_kept}, sorted by name
    erase_time: NotRequired[datetime]  # set when it was done


class RecordDocument(TypedDict):
    """One customer's record, without the fields of the service's state."""

    _id: str  # the customer id, and the shard key
    version: int  # 1 with the first write, +1 with every write but the relay's
    seq: int  # of the newest event given out
    update_time: datetime  # of the newest version; never turns back
    outbox: list[OutboxEntry]  # in order of seq, at most 64 (and a seal's event)
    requests: list[RequestEntry]
    floors: list[FloorEntry]
    lineage: list[str]  # customers absorbed into this one, without itself
    absorbed: list[str]  # ids of the merges absorbed here, and into what was absorbed
    merged_into: str  # the customer this one was merged into; "" while it is not sealed
    merge_id: str  # the merge that sealed it; "" before one has
    absorption_done: bool  # whether all that it held has been taken over; true only on a sealed record
    releasing: NotRequired[list[ReleasingEntry]]  # shares on their way; absent on records from before there were any
    released: NotRequired[list[str]]  # merges that were undone here, on both sides: they are never absorbed any more
    relay: NotRequired[RelayState]
    erased: NotRequired[str]  # the erasure that made this a tombstone: the state is empty, and nothing changes it again
    erasure: NotRequired[ErasureNote]


# Fields of a record that a service's state must not use.
RESERVED_FIELDS = frozenset(RecordDocument.__annotations__)


class EventDocument(TypedDict):
    """One announced event; `_id` is `<customer_id>:<seq>`."""

    _id: str
    customer_id: str
    seq: int
    event_id: str
    record_time: datetime
    event: bytes
    traceparent: str
    journey_id: str
    session_id: str
    channel_id: str
    pending_since: NotRequired[datetime]  # while Kafka has not acknowledged it; unset afterwards
    pending_customer: NotRequired[str]  # the customer id, set and unset with `pending_since`, for an index of its own
    pending_by: NotRequired[str]  # the relay that put it here and publishes it at first; unset with `pending_since`
    pending_reason: NotRequired[str]  # why Kafka would not have it; unset with `pending_since`
    expire_time: NotRequired[datetime]  # set when the customer's next event is published: the newest stays


class CursorDocument(TypedDict):
    """How far this service has read one customer's events of one area; `_id` is `<area>:<customer_id>`."""

    _id: str
    area: str
    customer_id: str
    epoch: str
    seq: int
    update_time: datetime
    parked_seq: NotRequired[int]  # the event that could not be handled; unset when it was
    parked_reason: NotRequired[str]
    parked_attempts: NotRequired[int]
    retry_time: NotRequired[datetime]


class MetaDocument(TypedDict):
    """The one document of `meta`, `_id` is `epoch`."""

    _id: str
    epoch: str


def event_key(customer_id: str, seq: int) -> str:
    """Give the `_id` of an event in `events`."""
    return f"{customer_id}:{seq}"


def cursor_key(area: str, customer_id: str) -> str:
    """Give the `_id` of a cursor in `cursors`."""
    return f"{area}:{customer_id}"
