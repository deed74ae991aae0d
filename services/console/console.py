"""What every page of the console has."""

from dataclasses import dataclass

from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry

from libs.clock import Clock
from libs.ids import NewId
from services.console.calling.clients import Clients
from services.console.pages.rendering import Rendering
from services.console.settings import ConsoleSettings
from services.console.spans.source import SpanSource
from services.console.web.streams import LiveStreams


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """Given to each group of pages, once."""

    settings: ConsoleSettings
    clients: Clients
    rendering: Rendering
    live: LiveStreams
    clock: Clock
    new_id: NewId
    registry: CollectorRegistry
    tracer: Tracer
    spans: SpanSource
    """Where the waterfalls get their spans."""
