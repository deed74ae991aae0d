"""What passes between a service's model and its records: states, decisions, members and answers."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Generic, TypeAlias, TypeVar

from google.protobuf.message import Message

from libs.merged_things import MergedThing
from omnithread.common.v1 import event_pb2
from omnithread.context_token import context_token

State = TypeVar("State")
Event = TypeVar("Event")

NO_FACTS: Mapping[str, str] = MappingProxyType({})
ETAG_CHARACTERS = 32


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a long list, for example an order: it travels with its event and ends in a collection of its own.

    The same `id` may be put again with a higher `revision` in its document; the highest wins.
    """

    collection: str
    id: str
    """Deterministic and unique in its collection."""
    document: Mapping[str, Any]
    """The fields, with `sort_time` (the same in every revision); `_id`, `customer_id` and `revision` 1 are added."""


Consequences: TypeAlias = Callable[[State, datetime], tuple[State, Sequence[Event]]]
"""Gives the state with what follows from it, and the events of that. Pure, and the same again on its own answer."""


@dataclass(frozen=True, slots=True)
class RecordShape(Generic[State, Event]):
    """How one service's states and events become documents and messages. All functions are pure."""

    empty: Callable[[str], State]
    """The state of a customer id before anything happened."""
    to_fields: Callable[[State], dict[str, Any]]
    """The state as fixed top-level fields, always the same ones, each whole; never those of `RESERVED_FIELDS`."""
    from_document: Callable[[Mapping[str, Any]], State]
    """The state from a record's document, `_id` being the customer id."""
    to_event: Callable[[Event, event_pb2.EventHeader], Message]
    """The message that is announced."""
    members: Callable[[Event], Sequence[Member]] = lambda _event: ()
    """The members of long lists that an event brings."""
    occur_time: Callable[[Event], datetime | None] = lambda _event: None
    """When it happened, as the caller stated it; None for now."""
    consequences: "Consequences[State, Event] | None" = None
    """What follows from a state, whatever decided on it: asked before it is written, with the time."""


@dataclass(frozen=True, slots=True)
class Saved(Generic[State]):
    """One customer's record as it was read or written."""

    customer_id: str
    state: State
    version: int
    """0 where nothing was ever written."""
    seq: int
    """Of the newest event, 0 before the first."""
    epoch: str
    update_time: datetime
    lineage: tuple[str, ...]
    """The customer id itself, then all that were absorbed into it."""
    pending_members: tuple[Member, ...]
    """Members still in the outbox, oldest first; `libs.mongo.members` merges them with their collection."""
    exists: bool
    merged_into: str = ""
    """The customer that this one was merged into; empty while it is not sealed."""
    merge_id: str = ""
    """The merge that sealed it."""
    absorbed: tuple[str, ...] = ()
    """The merges that were absorbed here."""
    absorption_done: bool = False
    """Of a sealed record: whether all that it held was taken over."""
    released: tuple[str, ...] = ()
    """The merges that were undone here, whichever side this was."""
    erased: str = ""
    """The erasure that left only a tombstone of it; empty where nobody was forgotten."""

    def head(self) -> event_pb2.Head:
        """Give how far its events have come, for the caller, who hands the token back where they want to see that."""
        token = context_token(self.customer_id, [(self.epoch, self.seq)])
        return event_pb2.Head(epoch=self.epoch, seq=self.seq, token=token)

    def etag(self) -> str:
        """Give the opaque name of this version; 32 characters."""
        return etag_of(self.epoch, self.customer_id, self.version)


@dataclass(frozen=True, slots=True)
class Decision(Generic[State, Event]):
    """What a command made of a state."""

    state: State
    events: tuple[Event, ...] = ()
    facts: Mapping[str, str] = field(default_factory=lambda: NO_FACTS)
    """What an answer cannot re-derive (ids given, outcome), kept with the request for its retries. No personal data."""
    merged: tuple[MergedThing, ...] = ()
    """Of a merge: what it did, thing by thing, for its report."""
    policy: str = ""
    """Of a merge: by which policy it was done; empty where there is only one."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[State]):
    """What became of a command: the state as it is now, and the facts as they were when it was carried out."""

    saved: Saved[State]
    facts: Mapping[str, str]
    replayed: bool
    """Whether it had been carried out by an earlier call."""


@dataclass(frozen=True, slots=True)
class HeadRow:
    """How far one customer's events have come, and when the record changed."""

    customer_id: str
    seq: int
    update_time: datetime


def etag_of(epoch: str, key: str, version: int) -> str:
    """Give an opaque name for one version of one document."""
    return hashlib.sha256(f"{epoch}\0{key}\0{version}".encode()).hexdigest()[:ETAG_CHARACTERS]
