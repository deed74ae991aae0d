"""Starts the door and stops it in order; `libs.program` puts signals around it, tests use it as it is.

Stop: readiness says no, no new connections, running requests end within `drain_seconds`, channels are closed.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry

from libs.background import Background
from libs.clock import Clock, system_clock
from libs.program import write_ports
from libs.telemetry.metrics import serving_metrics
from libs.telemetry.process_metrics import ProcessMetrics, note_build
from libs.web.health import Health
from libs.web.server import ServerLimits, http_server
from services.door.parts import gate_of
from services.door.settings import DoorSettings


@dataclass(frozen=True, slots=True)
class RunningDoor:
    """A door that is open."""

    port: int
    health_port: int
    registry: CollectorRegistry


@asynccontextmanager
async def door_serving(
    settings: DoorSettings,
    *,
    registry: CollectorRegistry | None = None,
    now: Callable[[], float] = time.monotonic,
    clock: Clock = system_clock,
    tracer: Tracer | None = None,
) -> AsyncIterator[RunningDoor]:
    """Serve while inside. Raises OSError where an address is taken.

    It needs no other service to start: while one is away, its pages say so.
    """
    log = structlog.get_logger(__name__)
    registry = registry or CollectorRegistry()
    note_build(registry, "door")
    process = ProcessMetrics(registry)
    async with AsyncExitStack() as stack:
        gate = gate_of(settings, stack=stack, registry=registry, now=now, clock=clock, tracer=tracer)
        health = Health()
        probes = ServerLimits(most_connections=settings.most_connections, drain_seconds=1)
        health_port = await stack.enter_async_context(http_server(health, settings.health_listen, probes))
        stack.enter_context(serving_metrics(settings.metrics_listen, registry))
        limits = ServerLimits(
            most_connections=settings.most_connections,
            head_seconds=settings.head_seconds,
            drain_seconds=settings.drain_seconds,
        )
        port = await stack.enter_async_context(http_server(gate, settings.listen, limits))
        health.ready = True
        process.ready.set(1)
        stack.callback(health.not_ready)
        watching = Background(process.failed)
        stack.push_async_callback(watching.stop)
        watching.start("loop-delay", process.watch_loop)
        write_ports(settings.port_file, port, health_port)
        log.info("serving", port=port, health_port=health_port)
        yield RunningDoor(port=port, health_port=health_port, registry=registry)
        log.info("stopping", drain_seconds=settings.drain_seconds)
