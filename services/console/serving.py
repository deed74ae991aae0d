"""Starts the console and stops it in order; `libs.program` puts signals around it, tests use it as it is.

Stop: readiness says no, open pages are no longer kept up to date, no new connections, running requests end within
`drain_seconds`, channels are closed.
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
from libs.ids import NewId, new_id
from libs.program import write_ports
from libs.telemetry.metrics import serving_metrics
from libs.telemetry.process_metrics import ProcessMetrics, note_build
from libs.telemetry.tracing import tracer as default_tracer
from libs.web.health import Health
from libs.web.server import ServerLimits, http_server
from services.console.parts import app_of
from services.console.settings import ConsoleSettings
from services.console.spans.parts import RECEIVER_LIMITS, spans_of_settings
from services.console.web.streams import LiveStreams


@dataclass(frozen=True, slots=True)
class RunningConsole:
    """A console that is open."""

    port: int
    health_port: int
    registry: CollectorRegistry
    spans_port: int = 0
    """Where it takes spans; 0 where it takes none."""


@asynccontextmanager
async def console_serving(
    settings: ConsoleSettings,
    *,
    registry: CollectorRegistry | None = None,
    now: Callable[[], float] = time.monotonic,
    clock: Clock = system_clock,
    new_id: NewId = new_id,
    tracer: Tracer | None = None,
) -> AsyncIterator[RunningConsole]:
    """Serve while inside. Raises OSError where an address is taken or a key is missing, ValueError where one is none.

    It needs no service to start: while one is away, its pages say so.
    """
    log = structlog.get_logger(__name__)
    registry = registry or CollectorRegistry()
    note_build(registry, "console")
    process = ProcessMetrics(registry)
    async with AsyncExitStack() as stack:
        spans = spans_of_settings(settings, stack=stack, registry=registry, clock=clock)
        live = LiveStreams(
            most=settings.most_live_pages, most_per_agent=settings.most_live_pages_per_agent, registry=registry
        )
        app = app_of(
            settings,
            stack=stack,
            registry=registry,
            now=now,
            clock=clock,
            new_id=new_id,
            tracer=tracer or default_tracer(),
            spans=spans.source,
            live=live,
        )
        health = Health()
        probes = ServerLimits(most_connections=settings.most_connections, drain_seconds=1)
        health_port = await stack.enter_async_context(http_server(health, settings.health_listen, probes))
        stack.enter_context(serving_metrics(settings.metrics_listen, registry))
        limits = ServerLimits(
            most_connections=settings.most_connections,
            head_seconds=settings.head_seconds,
            drain_seconds=settings.drain_seconds,
        )
        spans_port = 0
        if spans.receiver is not None:
            spans_port = await stack.enter_async_context(
                http_server(spans.receiver, settings.spans_listen, RECEIVER_LIMITS)
            )
        port = await stack.enter_async_context(http_server(app, settings.listen, limits))
        health.ready = True
        process.ready.set(1)
        stack.callback(live.stop)
        stack.callback(health.not_ready)
        watching = Background(process.failed)
        stack.push_async_callback(watching.stop)
        watching.start("loop-delay", process.watch_loop)
        write_ports(settings.port_file, port, health_port)
        log.info("serving", port=port, health_port=health_port)
        yield RunningConsole(port=port, health_port=health_port, registry=registry, spans_port=spans_port)
        log.info("stopping", drain_seconds=settings.drain_seconds)
