"""One service as a process: `python -m services.<name> [serve | migrate | new-epoch | retry-parked]`.

`serve` (which needs no word) serves until SIGTERM or SIGINT; it refuses to start on a database that was not migrated.
`migrate` makes indexes, epoch and topic, puts what the service starts out with, and may be run at any time, twice too.
`new-epoch` is for after a restore from a backup, with the service stopped: readers then start over from it.
`retry-parked` is for after something was mended, beside the running replicas: what is parked is tried again at once.
"""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial

import structlog

from libs import program
from libs.events.kafka import ensure_topics, kafka_access
from libs.founding import NotMigrated
from libs.ids import new_id
from libs.mongo import migrate as mongo_migrate
from libs.mongo import parked
from libs.mongo.connection import connect, database, disconnect
from libs.mongo.epoch import renew_epoch
from libs.patience import patiently
from libs.program import read_settings, run_program, until_stopped
from libs.rpc.channels import ChannelsInvalid
from libs.rpc.fetched_keys import KeysNotFetched
from libs.service import Service, Settings
from libs.serving import serving
from libs.telemetry.metrics import new_registry

FAULTS_AT_START: tuple[type[Exception], ...] = (NotMigrated, ChannelsInvalid, KeysNotFetched, *program.FAULTS_AT_START)


def run_service(service: Service[Settings], arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says, and end the process: 0 when stopped in order, 1 when it could not start."""
    run_program(
        service.name,
        settings=service.settings,
        commands={
            "serve": partial(_serve, service),
            "migrate": partial(migrate, service),
            "new-epoch": partial(new_epoch, service),
            "retry-parked": partial(retry_parked, service),
        },
        arguments=arguments,
        faults=FAULTS_AT_START,
    )


def settings_of(service: Service[Settings]) -> Settings:
    """Read the service's settings. Raises ValueError with all that is wrong, in one line."""
    return read_settings(service.settings)


async def migrate(service: Service[Settings], settings: Settings) -> None:
    """Make indexes, epoch and topic where they are missing. Waits a minute for MongoDB and Kafka."""
    client = connect(settings.mongo_address(), app_name=f"{service.name}-migrate", driver=settings.mongo_driver)
    try:
        db = database(client, settings.database_name(service.name))
        epoch = await patiently(
            "mongodb", lambda: mongo_migrate.migrate(db, service.all_indexes(settings), new_epoch=new_id("epo"))
        )
        if service.furnish is not None:
            await service.furnish(settings, db)
        topics = [settings.topic(service.area)]
        access, partitions = kafka_access(settings), settings.kafka_partitions
        await patiently("kafka", lambda: ensure_topics(access, topics, partitions=partitions))
        structlog.get_logger(__name__).info("migrated", database=db.name, epoch=epoch, topics=topics)
    finally:
        await disconnect(client)


async def new_epoch(service: Service[Settings], settings: Settings) -> None:
    """Begin a new epoch in the service's database."""
    client = connect(settings.mongo_address(), app_name=f"{service.name}-new-epoch", driver=settings.mongo_driver)
    try:
        db = database(client, settings.database_name(service.name))
        epoch = new_id("epo")
        await patiently("mongodb", lambda: renew_epoch(db, epoch))
        structlog.get_logger(__name__).info("new_epoch", database=db.name, epoch=epoch)
    finally:
        await disconnect(client)


async def retry_parked(service: Service[Settings], settings: Settings) -> None:
    """Make due what is parked in the service's database."""
    client = connect(settings.mongo_address(), app_name=f"{service.name}-retry-parked", driver=settings.mongo_driver)
    try:
        db = database(client, settings.database_name(service.name))
        found = await patiently("mongodb", lambda: parked.retry_parked(db, service.cursor_collections))
        structlog.get_logger(__name__).info("parked_due", database=db.name, **asdict(found))
    finally:
        await disconnect(client)


async def _serve(service: Service[Settings], settings: Settings) -> None:
    registry = new_registry()
    await until_stopped(lambda: serving(service, settings, registry=registry))
