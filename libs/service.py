"""What one service is made of, and what it is given to make it."""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Generic, Protocol, TypeVar

from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry

from libs.audit.store import audit_indexes
from libs.clock import Clock
from libs.events.consumer import EventConsumer
from libs.events.follower import Handle
from libs.events.kafka import KafkaAccess
from libs.events.metrics import ReaderMetrics
from libs.events.relay import Relay
from libs.events.streams import Stream
from libs.ids import NewId
from libs.mongo.connection import Database
from libs.mongo.cursors import Cursors
from libs.mongo.documents import Documents, DocumentShape
from libs.mongo.metrics import WriteMetrics
from libs.mongo.migrate import Index
from libs.mongo.record import Records
from libs.mongo.shapes import CURSORS
from libs.mongo.shared_clock import Doubts, no_doubt
from libs.mongo.values import Event, RecordShape, State
from libs.rpc.channels import ChannelRegistry
from libs.rpc.outbound import OutboundChannel
from libs.rpc.reads_together import ReadsTogether
from libs.rpc.server import Registration
from libs.settings import ServiceSettings

Settings = TypeVar("Settings", bound=ServiceSettings)


class Runs(Protocol):
    """What works in the background until it is cancelled."""

    async def run(self) -> None:
        """Work; to return or raise is a fault, after which it is started again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """What every service builds on, made ready before it: connected, migrated, and closed after it."""

    database: Database
    epoch: str
    """Of the database, as it was at the start."""
    relay: Relay
    """Takes the records' events to Kafka; `records` tells it of every change. It runs without further ado."""
    kafka: KafkaAccess
    channels: ChannelRegistry
    """As the file has them now: they may change while we run."""
    channel: Callable[[str], OutboundChannel]
    """Gives the one to another service of the suite (`cart`), open until the service ends; see `ServiceChannels`."""
    clock: Clock
    """The time that all replicas share."""
    new_id: NewId
    random: random.Random
    registry: CollectorRegistry
    """For counters of the service's own."""
    readers: ReaderMetrics
    writes: WriteMetrics
    """For `Documents`; `records` has it."""
    doubt: Doubts = no_doubt
    """How far off `clock` may be: to be asked of what must not happen at certain times."""
    reads_together: ReadsTogether = field(default_factory=ReadsTogether)
    """For `ReadTogether` of the service's internal servicer."""
    tracer: Tracer | None = None
    """For what listens or works in the background; None for the process's own."""

    def records(
        self, shape: RecordShape[State, Event], *, admit: Callable[[str], Awaitable[str]] | None
    ) -> Records[State, Event]:
        """Make the service's records; see `Records` for `admit`."""
        return Records(
            database=self.database,
            shape=shape,
            clock=self.clock,
            new_id=self.new_id,
            epoch=self.epoch,
            admit=admit,
            on_saved=self.relay.nudge,
            random=self.random,
            metrics=self.writes,
        )

    def documents(self, collection: str, shape: DocumentShape[State]) -> Documents[State]:
        """Make the documents of one kind that belong to no customer."""
        return Documents(
            database=self.database,
            collection=collection,
            shape=shape,
            clock=self.clock,
            random=self.random,
            metrics=self.writes,
        )

    def consumer(
        self,
        *,
        group: str,
        streams: Sequence[Stream],
        handle: Handle,
        cursors: Cursors | None = None,
    ) -> EventConsumer:
        """Make what listens: Kafka brings events quickly, the owners' heads tell what it did not bring.

        A second one has cursors of its own.
        """
        return EventConsumer(
            cursors=cursors or Cursors(self.database),
            kafka=self.kafka,
            group=group,
            streams=streams,
            handle=handle,
            clock=self.clock,
            metrics=self.readers,
            tracer=self.tracer,
        )


async def _nothing() -> None:
    pass


def _nothing_yet() -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a service consists of once it is built."""

    registrations: Sequence[Registration]
    """`partial(add_CartServiceServicer_to_server, servicer)` for each of its gRPC services."""
    consumers: Sequence[Runs] = ()
    """What listens to Kafka."""
    sweeps: Mapping[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    """Other background work by name; each runs until cancelled."""
    most_streams: int = 0
    """How many streams without an end may be served beside all other calls."""
    stopping: Callable[[], None] = _nothing_yet
    """Called first when the service is asked to stop, to end streams that would hold it up."""
    close: Callable[[], Awaitable[None]] = _nothing
    """Called last, for what the service opened itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Generic[Settings]):
    """One service: `services/<name>/service.py` makes it, `libs.starting` loads and runs it."""

    name: str
    """As a folder, process and error domain: `cart`, `aggregator`."""
    area: str
    """As a package and topic: `cart`, `context`."""
    settings: type[Settings]
    build: Callable[[Settings, Foundation], Awaitable[Parts]]
    """Wires the parts. Its awaits are for what must be known before the first call."""
    indexes: Sequence[Index] = ()
    """What the service's own queries need, beside what every service has."""
    cursor_collections: Sequence[str] = (CURSORS,)
    """Where it notes how far it has read what others announce, one for each of its readers."""
    furnish: Callable[[Settings, Database], Awaitable[None]] | None = None
    """Puts what the service starts out with into its database, as part of `migrate`; safe to repeat."""

    def all_indexes(self, settings: ServiceSettings) -> tuple[Index, ...]:
        """Those of the audit log, too, which keeps its entries as long as the settings say."""
        return (*self.indexes, *audit_indexes(timedelta(days=settings.audit_days)))
