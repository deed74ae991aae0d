"""The smallest service there can be: a customer's notebook, whose notes are announced and may be filed in a list."""

import hashlib
import itertools
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, TypeVar

from libs.errors import OmnithreadError
from libs.ids import new_id
from libs.merged_things import MergeAction, MergedThing
from libs.mongo.connection import Database
from libs.mongo.metrics import WriteMetrics
from libs.mongo.record import Decision, Member, Records, RecordShape, Saved
from libs.mongo.relay_store import RelayStore
from libs.mongo.release import Joined, MemberMove, Shares
from libs.origin import Origin, Stamp
from omnithread.cart.v1 import cart_events_pb2
from omnithread.common.v1 import channel_pb2, event_pb2

EPOCH = "epo_test"
FILED = "filed_notes"
NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
WEB = Origin(channel_id="web-shop", channel_kind=channel_pb2.CHANNEL_KIND_WEB, traceparent="00-aa-bb-01")
STORE = Origin(channel_id="store-042", channel_kind=channel_pb2.CHANNEL_KIND_STORE)


@dataclass(frozen=True, slots=True)
class Notebook:
    notes: tuple[str, ...] = ()
    review_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    text: str
    filed_as: str = ""
    """Where given, the note also becomes a member of the long list, under this id."""
    sort_time: datetime = NOON
    revision: int = 1
    state: str = "new"


NoteDecision: TypeAlias = Decision[Notebook, Noted]


def _members(event: Noted) -> Sequence[Member]:
    if not event.filed_as:
        return ()
    fields = {"text": event.text, "sort_time": event.sort_time, "revision": event.revision, "state": event.state}
    return (Member(collection=FILED, id=event.filed_as, document=fields),)


def _from_document(document: Mapping[str, Any]) -> Notebook:
    return Notebook(notes=tuple(document["notes"]), review_time=document["review_time"])


def _to_event(event: Noted, header: event_pb2.EventHeader) -> cart_events_pb2.CartEvent:
    return cart_events_pb2.CartEvent(header=header, cart_id=event.text[:100])


SHAPE: RecordShape[Notebook, Noted] = RecordShape(
    empty=lambda _customer_id: Notebook(),
    to_fields=lambda notebook: {"notes": list(notebook.notes), "review_time": notebook.review_time},
    from_document=_from_document,
    to_event=_to_event,
    members=_members,
)


class SetClock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


def notebooks(
    database: Database,
    *,
    clock: Callable[[], datetime] | None = None,
    admit: Callable[[str], Awaitable[str]] | None = None,
    on_saved: Callable[[str], None] = lambda _customer_id: None,
    shape: RecordShape[Notebook, Noted] = SHAPE,
    metrics: WriteMetrics | None = None,
) -> Records[Notebook, Noted]:
    """One process of the service: two of them share nothing but the database."""
    return Records(
        database=database,
        shape=shape,
        clock=clock or SetClock(),
        new_id=new_id,
        epoch=EPOCH,
        admit=admit,
        on_saved=on_saved,
        random=random.Random(7),
        metrics=metrics,
    )


_request_numbers = itertools.count()


def stamp(body: str = "", *, request_id: str = "", issue_time: datetime | None = NOON, origin: Origin = WEB) -> Stamp:
    number = request_id or f"request-{next(_request_numbers):08d}"
    return Stamp(number, hashlib.sha256(body.encode()).digest(), issue_time, origin)


def write_down(text: str, *events: Noted, **facts: str) -> Callable[[Saved[Notebook]], NoteDecision]:
    """Add one note, announce it (or the events given instead), and remember facts."""

    def decide(saved: Saved[Notebook]) -> NoteDecision:
        notebook = replace(saved.state, notes=(*saved.state.notes, text))
        return Decision(notebook, events or (Noted(text),), facts)

    return decide


def take_over(source: Saved[Notebook], survivor: Saved[Notebook]) -> NoteDecision:
    """Add the source's notes to the survivor's."""
    notes = (*survivor.state.notes, *source.state.notes)
    things = tuple(MergedThing("note", note, MergeAction.KEPT, "It was added.") for note in source.state.notes)
    return Decision(
        replace(survivor.state, notes=notes),
        (Noted(f"took over {source.customer_id}"),),
        merged=things,
        policy="add",
    )


def give_back(joined: Joined[Notebook]) -> Shares[Notebook, Noted]:
    """Give each its own notes; of those since the merge the source has what begins with its id."""
    mine = joined.before.notes if joined.before else ()
    theirs = joined.source.state.notes
    since = [note for note in joined.survivor.state.notes if note not in (*mine, *theirs)]
    of_source = tuple(note for note in since if note.startswith(joined.source.customer_id))
    left = tuple(note for note in joined.survivor.state.notes if note not in (*theirs, *of_source))
    return Shares(
        survivor=replace(joined.survivor.state, notes=left),
        source=replace(joined.source.state, notes=(*theirs, *of_source)),
    )


async def merge(
    records: Records[Notebook, Noted],
    source: str,
    survivor: str,
    *,
    merge_id: str = "mrg_1",
    may_seal: Callable[[Saved[Notebook]], bool] = lambda _source: True,
) -> bool:
    return await records.absorb(
        merge_id=merge_id,
        source_customer_id=source,
        survivor_customer_id=survivor,
        origin=STORE,
        seal=Noted("sealed"),
        decide=take_over,
        may_seal=may_seal,
    )


async def relay(database: Database, *customer_ids: str) -> None:
    """Do what the relay does, up to and without Kafka."""
    store = RelayStore(database)
    waiting = await store.load(customer_ids)
    await store.keep_events(waiting, now=NOON)
    await store.keep_members(waiting)
    await store.pull(waiting)


async def unmerge(
    records: Records[Notebook, Noted],
    source: str,
    survivor: str,
    *,
    merge_id: str = "mrg_1",
    moves: Sequence[MemberMove] = (),
) -> bool:
    outcome = await records.release(
        merge_id=merge_id,
        source_customer_id=source,
        survivor_customer_id=survivor,
        origin=STORE,
        parted=Noted("parted"),
        released=Noted("released"),
        decide=give_back,
        moves=moves,
    )
    return outcome.released_now


def parsed(events: Sequence[bytes]) -> list[cart_events_pb2.CartEvent]:
    return [cart_events_pb2.CartEvent.FromString(event) for event in events]


Result = TypeVar("Result")


async def until_done(call: Callable[[], Awaitable[Result]]) -> Result:
    """Send the same again for as long as others were faster, as clients do."""
    while True:
        try:
            return await call()
        except OmnithreadError as error:
            if error.reason != "CONFLICT":
                raise


async def two_customers(database: Database) -> Records[Notebook, Noted]:
    """Begin with one note of `guest` and one of `ann`."""
    records = notebooks(database)
    await records.run("guest", stamp(), write_down("of guest"))
    await records.run("ann", stamp(), write_down("of ann"))
    return records
