"""Starts a service and stops it in order; `libs.process` puts signals around it, tests use it as it is.

Start: MongoDB, the check that it was migrated, the service's parts, relay, consumers and sweeps, gRPC, health.
Stop: health says no, no new calls, running ones end within `drain_seconds`, consumers and sweeps end, the relay takes
away what is left, everything is closed. What a stop cannot finish is in the database and is found by the next start.
"""

import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import grpc
import structlog
from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry

from libs.background import Background
from libs.clock import Clock, system_clock
from libs.events.kafka import kafka_access
from libs.events.metrics import ReaderMetrics, RelayMetrics
from libs.events.relay import Relay
from libs.ids import NewId, new_id
from libs.mongo.connection import connect, database
from libs.mongo.epoch import read_epoch
from libs.mongo.metrics import WriteMetrics
from libs.mongo.migrate import missing
from libs.mongo.relay_store import RelayStore
from libs.patience import patiently
from libs.program import write_ports
from libs.readiness import Readiness, mongo_answers
from libs.rpc.channels import ChannelRegistry
from libs.rpc.client import Identity, service_channel
from libs.rpc.door import Door
from libs.rpc.server import RpcServer, request_types
from libs.rpc.tokens import TokenVerifier
from libs.rpc.validation import Validation
from libs.service import Foundation, Parts, Service, Settings
from libs.settings import ServiceSettings
from libs.telemetry.metrics import CallMetrics, ClientMetrics, serving_metrics
from libs.telemetry.process_metrics import ProcessMetrics, note_build

FLUSH_SECONDS = 5.0


class NotMigrated(Exception):
    """The database is not ready for this service; the message says what is missing and what to run."""


@dataclass(frozen=True, slots=True)
class Running:
    """A service that serves."""

    port: int
    """Of its gRPC services."""
    health_port: int
    parts: Parts
    registry: CollectorRegistry


@asynccontextmanager
async def serving(
    service: Service[Settings],
    settings: Settings,
    *,
    registry: CollectorRegistry | None = None,
    clock: Clock = system_clock,
    new_id: NewId = new_id,
    tracer: Tracer | None = None,
) -> AsyncIterator[Running]:
    """Serve while inside. Raises NotMigrated, DEPENDENCY_UNAVAILABLE where MongoDB stays away, RuntimeError for a port.

    Tracing and logs are the process's and set up before; several services may serve in one process.
    """
    structlog.get_logger(__name__).info("starting")
    registry = registry or CollectorRegistry()
    note_build(registry, service.name)
    verifier = _verifier(settings, clock)
    async with AsyncExitStack() as stack:
        foundation = await _foundation(service, settings, stack, registry, clock, new_id, tracer)
        parts = await service.build(settings, foundation)
        stack.push_async_callback(parts.close)
        server = _server(service, settings, parts, registry, verifier, tracer)
        stack.push_async_callback(server.stop_probes)
        stack.enter_context(serving_metrics(settings.metrics_listen, registry))

        process = ProcessMetrics(registry)
        relaying, working = Background(process.failed), Background(process.failed)
        stack.push_async_callback(relaying.stop)
        relaying.start("relay", foundation.relay.run)
        stack.push_async_callback(_flush, foundation.relay)
        stack.push_async_callback(working.stop)
        for consumer in parts.consumers:
            working.start(f"{service.name}-consumer", consumer.run)
        for name, sweep in parts.sweeps.items():
            working.start(name, sweep)

        await server.start()
        stack.push_async_callback(server.stop, settings.drain_seconds)
        stack.callback(parts.stopping)

        async def tell(*, serving: bool) -> None:
            process.ready.set(serving)
            await server.set_serving(serving=serving)

        await tell(serving=True)
        watching = Background(process.failed)
        stack.push_async_callback(watching.stop)
        ready = Readiness(answers=lambda: mongo_answers(foundation.database), tell=tell)
        watching.start("readiness", ready.run)
        watching.start("loop-delay", process.watch_loop)
        write_ports(settings.port_file, server.port, server.health_port)
        structlog.get_logger(__name__).info("serving", port=server.port, health_port=server.health_port)
        yield Running(port=server.port, health_port=server.health_port, parts=parts, registry=registry)
        structlog.get_logger(__name__).info("stopping", drain_seconds=settings.drain_seconds)


async def _foundation(
    service: Service[Settings],
    settings: Settings,
    stack: AsyncExitStack,
    registry: CollectorRegistry,
    clock: Clock,
    new_id: NewId,
    tracer: Tracer | None,
) -> Foundation:
    """Connect, check that the database was migrated, and make what the service builds on."""
    client = connect(settings.mongo_uri, app_name=service.name)
    stack.callback(client.close)
    db = database(client, settings.database_name(service.name))
    faults = await patiently("mongodb", lambda: missing(db, service.indexes))
    if faults:
        raise NotMigrated(
            f"{service.name}: the database {db.name} lacks {', '.join(faults)}. "
            f"Run `python -m services.{service.name} migrate` first."
        )

    client_metrics = ClientMetrics(registry)

    def channel(address: str, *, identity: Identity = "own") -> grpc.aio.Channel:
        opened = service_channel(
            address,
            token_file=settings.service_token_file,
            identity=identity,
            tracer=tracer,
            metrics=client_metrics,
        )
        stack.push_async_callback(opened.close)
        return opened

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
            tracer=tracer,
        ),
        kafka=kafka,
        channel=channel,
        clock=clock,
        new_id=new_id,
        random=random.Random(),  # noqa: S311  for pauses, not for secrets
        registry=registry,
        readers=ReaderMetrics(registry),
        writes=WriteMetrics(registry),
        tracer=tracer,
    )


def _verifier(settings: ServiceSettings, clock: Clock) -> TokenVerifier:
    """Read keys and channels: a mistake in them is told before anything is waited for."""
    return TokenVerifier(
        jwks_file=settings.jwks_file,
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        channels=ChannelRegistry.load(settings.channels_file),
        clock=clock,
    )


def _server(
    service: Service[Settings],
    settings: ServiceSettings,
    parts: Parts,
    registry: CollectorRegistry,
    verifier: TokenVerifier,
    tracer: Tracer | None,
) -> RpcServer:
    """Put the service's servicers behind the door, with the validator warm."""
    validation = Validation()
    door = Door(
        service=service.name,
        verifier=verifier,
        validation=validation,
        metrics=CallMetrics(registry),
        tracer=tracer,
    )
    server = RpcServer(
        door=door,
        registrations=parts.registrations,
        listen=settings.listen,
        health_listen=settings.health_listen,
        most_streams=parts.most_streams,
    )
    validation.warm(request_types(server.service_names))
    return server


async def _flush(relay: Relay) -> None:
    if not await relay.flush(FLUSH_SECONDS):
        structlog.get_logger(__name__).warning("events_left_for_the_next_start")
