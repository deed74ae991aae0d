"""Starts a service and stops it in order; `libs.process` puts signals around it, tests use it as it is.

Start: MongoDB, the check that it was migrated, the service's parts, relay, consumers and sweeps, gRPC, health.
Stop: health says no, streams are sent away, no new calls, running ones end within `drain_seconds`, consumers and sweeps
end, the relay takes away what is left, everything is closed. All of it has one budget (`libs.ending`), so that the
process is gone 5 s after the drain; what a stop cannot finish is in the database and is found by the next start.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

import structlog
from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry

from libs.audit.parts import AuditParts, audit_parts
from libs.background import STOP_SECONDS, Background, Work
from libs.clock import Clock, system_clock
from libs.crowds import admission_and_quotas
from libs.ending import Ending, at_most
from libs.founding import lay_foundation, ready_database, shared_clock
from libs.guarding import guarded_server, token_verifier
from libs.ids import NewId, new_id
from libs.program import write_ports
from libs.readiness import Readiness, mongo_answers
from libs.rpc.certificate_metrics import tell_ends
from libs.rpc.certificates import Certificates
from libs.rpc.server import RpcServer
from libs.rpc.watched_channels import watched_channels
from libs.service import Foundation, Parts, Service, Settings
from libs.settings import ServiceSettings
from libs.telemetry.metrics import serving_metrics
from libs.telemetry.process_metrics import ProcessMetrics, note_build

CALLS_SECONDS = 0.5
"""How long calls that were cancelled at the drain's end have to end."""
AFTER_CALLS_SECONDS = 2.0
"""What consumers, sweeps and the relay have after the calls at the least; more where the drain was not used up.
Closing connections (0.7 s) and sending the last spans (1.5 s) come after it."""
FLUSH_SECONDS = 5.0
KEPT_FOR_FLUSH_SECONDS = 0.6
KEPT_FOR_RELAY_SECONDS = 0.3
WATCHING_SECONDS = 0.2
"""For loops that only have to be told to end."""


@dataclass(frozen=True, slots=True)
class Running:
    """A service that serves."""

    port: int
    """Of its public gRPC services."""
    internal_port: int
    """Of all of them, for the suite's own services; without certificates the same."""
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
    by_database_time: bool | None = None,
) -> AsyncIterator[Running]:
    """Serve while inside. Raises NotMigrated, DEPENDENCY_UNAVAILABLE where MongoDB stays away, RuntimeError for a port.

    `by_database_time` says whether `clock` is put right by the database's; by default the system's is, and one that a
    test sets is the truth.

    Tracing and logs are the process's and set up before; several services may serve in one process.
    """
    structlog.get_logger(__name__).info("starting")
    registry = registry or CollectorRegistry()
    note_build(registry, service.name)
    certificates = Certificates(settings.tls_files) if settings.tls_files else None
    if certificates is not None:
        tell_ends(certificates, registry)
    ending = Ending(seconds=settings.drain_seconds + CALLS_SECONDS + AFTER_CALLS_SECONDS)
    async with AsyncExitStack() as stack:
        stack.callback(ending.tell)
        channels = watched_channels(settings.channels_file, registry=registry)
        verifier, fetching = await token_verifier(settings, channels, clock, stack)
        db = await ready_database(service, settings, stack)
        is_shared = clock is system_clock if by_database_time is None else by_database_time
        shared = await shared_clock(clock, db, registry) if is_shared else None
        clock = shared or clock
        crowd = admission_and_quotas(settings, channels=channels, registry=registry, clock=clock)
        foundation = await lay_foundation(
            service,
            settings,
            stack,
            registry,
            db,
            channels=channels,
            clock=clock,
            new_id=new_id,
            admission=crowd[0],
            tracer=tracer,
            certificates=certificates,
        )
        foundation = foundation if shared is None else replace(foundation, doubt=shared.doubt)
        parts = await service.build(settings, foundation)
        stack.push_async_callback(parts.close)
        audit = audit_parts(db, clock=clock, registry=registry)
        server = guarded_server(
            service,
            settings,
            foundation,
            parts,
            registry,
            verifier,
            audit=audit,
            crowd=crowd,
            tracer=tracer,
            certificates=certificates,
        )
        stack.push_async_callback(server.stop_probes)
        stack.enter_context(serving_metrics(settings.metrics_listen, registry))

        process = ProcessMetrics(registry)
        _run_beside(service, process, stack, ending, foundation=foundation, parts=parts, audit=audit)

        await server.start()
        stack.push_async_callback(ending.step, "calls", lambda: _end_calls(server, settings.drain_seconds))
        stack.callback(parts.stopping)

        async def tell(*, serving: bool) -> None:
            process.ready.set(serving)
            await server.set_serving(serving=serving)

        stack.push_async_callback(tell, serving=False)  # before streams are sent away: they come back at once
        await tell(serving=True)
        watching = Background(process.failed)
        stack.push_async_callback(watching.stop, within_seconds=WATCHING_SECONDS)
        ready = Readiness(answers=lambda: mongo_answers(foundation.database), tell=tell)
        beside = [("readiness", ready.run), ("loop-delay", process.watch_loop), ("admission", crowd[0].watch_loop)]
        _start(watching, [*beside, *fetching, *([("shared-clock", partial(shared.keep, db))] if shared else [])])
        ports = _tell_ports(settings, server)
        stack.callback(ending.begin)
        yield Running(**ports, parts=parts, registry=registry)
        structlog.get_logger(__name__).info("stopping", drain_seconds=settings.drain_seconds)


def _tell_ports(settings: ServiceSettings, server: RpcServer) -> dict[str, int]:
    """Write down and log where it serves."""
    ports = {"port": server.port, "health_port": server.health_port, "internal_port": server.internal_port}
    encrypted = settings.tls_files is not None
    internal = (server.internal_port,) if encrypted else ()
    write_ports(settings.port_file, server.port, server.health_port, *internal)
    structlog.get_logger(__name__).info("serving", **ports, encrypted=encrypted)
    return ports


def _run_beside(
    service: Service[Settings],
    process: ProcessMetrics,
    stack: AsyncExitStack,
    ending: Ending,
    *,
    foundation: Foundation,
    parts: Parts,
    audit: AuditParts,
) -> None:
    """Start relay, audit log, consumers and sweeps; they end after the calls, the relay last."""
    relaying, working, auditing = (Background(process.failed) for _ in range(3))

    async def end_relay() -> None:
        await relaying.stop(within_seconds=ending.left(STOP_SECONDS))

    async def flush() -> None:
        if not await foundation.relay.flush(ending.left(FLUSH_SECONDS, keep_seconds=KEPT_FOR_RELAY_SECONDS)):
            structlog.get_logger(__name__).warning("events_left_for_the_next_start")

    async def end_audit() -> None:
        await auditing.stop(within_seconds=WATCHING_SECONDS)
        await audit.writer.finish()  # no call makes any more

    async def end_work() -> None:
        most = ending.left(STOP_SECONDS, keep_seconds=KEPT_FOR_FLUSH_SECONDS)
        await asyncio.gather(working.stop(within_seconds=most), end_audit())

    stack.push_async_callback(ending.step, "relay", end_relay)
    relaying.start("relay", foundation.relay.run)
    stack.push_async_callback(ending.step, "flush", flush)
    stack.push_async_callback(ending.step, "work", end_work)
    auditing.start("audit", audit.writer.run)
    _start(working, [(f"{service.name}-consumer", one.run) for one in parts.consumers])
    _start(working, parts.sweeps.items())


def _start(background: Background, work: Iterable[Work]) -> None:
    for name, run in work:
        background.start(name, run)


async def _end_calls(server: RpcServer, drain_seconds: float) -> None:
    await at_most(drain_seconds + CALLS_SECONDS, server.stop(drain_seconds), else_says="calls_not_ended")
