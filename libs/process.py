"""One service as a process: `python -m services.<name> [serve | migrate | new-epoch]`.

`serve` (which needs no word) serves until SIGTERM or SIGINT; it refuses to start on a database that was not migrated.
`migrate` makes indexes, epoch and topic, and may be run at any time, twice too.
`new-epoch` is for after a restore from a backup, with the service stopped: readers then start over from it.
"""

import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog
from pydantic import ValidationError

from libs.errors import OmnithreadError
from libs.events.kafka import ensure_topics, kafka_access
from libs.ids import new_id
from libs.mongo import migrate as mongo_migrate
from libs.mongo.connection import connect, database
from libs.mongo.epoch import renew_epoch
from libs.patience import patiently
from libs.rpc.channels import ChannelsInvalid
from libs.service import Service, Settings
from libs.serving import NotMigrated, serving
from libs.settings import ServiceSettings
from libs.telemetry.logs import set_up_logs
from libs.telemetry.metrics import new_registry
from libs.telemetry.tracing import set_up_tracing, shut_down_tracing

FAULTS_AT_START = (NotMigrated, ChannelsInvalid, OmnithreadError, OSError, ValueError, RuntimeError)
"""What a person can put right: told in one line. Anything else is an error of ours and comes with its place."""


def run_service(service: Service[Settings], arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says, and end the process: 0 when stopped in order, 1 when it could not start."""
    words = list(sys.argv[1:] if arguments is None else arguments) or ["serve"]
    commands = {"serve": _serve, "migrate": migrate, "new-epoch": new_epoch}
    if len(words) != 1 or words[0] not in commands:
        sys.exit(f"usage: python -m services.{service.name} [{' | '.join(commands)}]")
    try:
        settings = settings_of(service)
    except ValueError as fault:
        sys.exit(f"{service.name}: {fault}")
    set_up_logs(service=service.name, level=settings.log_level)
    provider = set_up_tracing(service=service.name, instance=settings.instance_name, ratio=settings.trace_ratio)
    try:
        with asyncio.Runner(loop_factory=_loop_factory(settings)) as runner:
            runner.run(commands[words[0]](service, settings))
    except FAULTS_AT_START as fault:
        structlog.get_logger(__name__).exception("ended_by_a_fault")
        sys.exit(f"{service.name}: {fault}")
    finally:
        shut_down_tracing(provider)


def settings_of(service: Service[Settings]) -> Settings:
    """Read the service's settings. Raises ValueError with all that is wrong, in one line."""
    try:
        return service.settings()
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors()
        )
        raise ValueError(f"settings: {faults}") from None


async def migrate(service: Service[Settings], settings: Settings) -> None:
    """Make indexes, epoch and topic where they are missing. Waits a minute for MongoDB and Kafka."""
    client = connect(settings.mongo_uri, app_name=f"{service.name}-migrate")
    try:
        db = database(client, settings.database_name(service.name))
        epoch = await patiently("mongodb", lambda: mongo_migrate.migrate(db, service.indexes, new_epoch=new_id("epo")))
        topics = [settings.topic(service.area)]
        await patiently("kafka", lambda: ensure_topics(kafka_access(settings), topics))
        structlog.get_logger(__name__).info("migrated", database=db.name, epoch=epoch, topics=topics)
    finally:
        client.close()


async def new_epoch(service: Service[Settings], settings: Settings) -> None:
    """Begin a new epoch in the service's database."""
    client = connect(settings.mongo_uri, app_name=f"{service.name}-new-epoch")
    try:
        db = database(client, settings.database_name(service.name))
        epoch = new_id("epo")
        await patiently("mongodb", lambda: renew_epoch(db, epoch))
        structlog.get_logger(__name__).info("new_epoch", database=db.name, epoch=epoch)
    finally:
        client.close()


async def _serve(service: Service[Settings], settings: Settings) -> None:
    """Serve until asked to stop; asked while still starting, give up starting."""
    stop, up = asyncio.Event(), asyncio.Event()

    async def serve() -> None:
        async with serving(service, settings, registry=new_registry()):
            up.set()
            await stop.wait()

    work = asyncio.create_task(serve())

    def ask() -> None:
        stop.set()
        if not up.is_set():
            work.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ask)
    with suppress(asyncio.CancelledError):
        await work


def _loop_factory(settings: ServiceSettings) -> Callable[[], asyncio.AbstractEventLoop] | None:
    if not settings.uvloop or sys.platform != "linux":
        return None
    import uvloop  # noqa: PLC0415  installed on Linux only

    return uvloop.new_event_loop
