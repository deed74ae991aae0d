"""Makes what a service builds on: its database, ready and migrated, the clock that all share, and the rest."""

import random
from contextlib import AsyncExitStack

from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry

from libs.clock import Clock
from libs.events.kafka import kafka_access
from libs.events.metrics import ReaderMetrics, RelayMetrics
from libs.events.relay import Relay
from libs.ids import NewId
from libs.mongo.connection import Database, connect, database, disconnect
from libs.mongo.epoch import read_epoch
from libs.mongo.metrics import WriteMetrics
from libs.mongo.migrate import missing
from libs.mongo.relay_store import RelayStore
from libs.mongo.shared_clock import SharedClock
from libs.patience import patiently
from libs.rpc.admission import Admission
from libs.rpc.certificates import Certificates
from libs.rpc.channels import ChannelRegistry
from libs.rpc.client import ServiceChannels
from libs.service import Foundation, Service, Settings
from libs.telemetry.metrics import ClientMetrics


class NotMigrated(Exception):
    """The database is not ready for this service; the message says what is missing and what to run."""


async def ready_database(service: Service[Settings], settings: Settings, stack: AsyncExitStack) -> Database:
    """Connect to the service's database. Raises NotMigrated."""
    client = connect(settings.mongo_address(), app_name=service.name, driver=settings.mongo_driver)
    stack.push_async_callback(disconnect, client)
    db = database(client, settings.database_name(service.name))
    faults = await patiently("mongodb", lambda: missing(db, service.all_indexes(settings)))
    if faults:
        raise NotMigrated(
            f"{service.name}: the database {db.name} lacks {', '.join(faults)}. "
            f"Run `python -m services.{service.name} migrate` first."
        )
    return db


async def shared_clock(clock: Clock, db: Database, registry: CollectorRegistry) -> SharedClock:
    """Put `clock` right by the database's."""
    shared = SharedClock(clock, registry=registry)
    await shared.begin(db)
    return shared


async def lay_foundation(
    service: Service[Settings],
    settings: Settings,
    stack: AsyncExitStack,
    registry: CollectorRegistry,
    db: Database,
    *,
    channels: ChannelRegistry,
    clock: Clock,
    new_id: NewId,
    admission: Admission,
    tracer: Tracer | None,
    certificates: Certificates | None,
) -> Foundation:
    """Make what the service builds on."""
    services = ServiceChannels(settings, ClientMetrics(registry), certificates=certificates, tracer=tracer)
    stack.push_async_callback(services.close)
    kafka = kafka_access(settings)
    return Foundation(
        database=db,
        epoch=await read_epoch(db) or "",
        relay=Relay(
            store=RelayStore(db),
            kafka=kafka,
            topic=settings.topic(service.area),
            clock=clock,
            metrics=RelayMetrics(registry),
            calm=admission.calm,
            tracer=tracer,
        ),
        kafka=kafka,
        channels=channels,
        channel=services.to,
        clock=clock,
        new_id=new_id,
        random=random.Random(),  # noqa: S311  for pauses, not for secrets
        registry=registry,
        readers=ReaderMetrics(registry),
        writes=WriteMetrics(registry),
        tracer=tracer,
    )
