"""Wires the spans, as the settings say."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from libs.clock import Clock
from libs.web.server import ServerLimits
from services.console.settings import ConsoleSettings
from services.console.spans.asking import Backend, http_client
from services.console.spans.file import SpanFile
from services.console.spans.jaeger import Jaeger
from services.console.spans.kept import KeptHere
from services.console.spans.receiver import Receiver
from services.console.spans.source import SpanSource
from services.console.spans.store import SpanStore
from services.console.spans.tempo import Tempo

RECEIVER_LIMITS = ServerLimits(most_connections=128, drain_seconds=2)


@dataclass(frozen=True, slots=True)
class Spans:
    """Where spans come from, and, where they come here, what takes them."""

    source: SpanSource
    receiver: Receiver | None = None


def spans_of_settings(
    settings: ConsoleSettings, *, stack: AsyncExitStack, registry: CollectorRegistry, clock: Clock
) -> Spans:
    """Give the source of spans; `stack` closes what is opened for it."""
    if settings.spans_from == "own":
        store = SpanStore(max_spans=settings.spans_most, max_bytes=settings.spans_most_bytes)
        file = None
        if settings.spans_file is not None:
            file = SpanFile(
                settings.spans_file, max_bytes=settings.spans_file_bytes, older_files=settings.spans_file_older
            )
        receiver = Receiver(store, registry=registry, file=file) if settings.spans_listen else None
        return Spans(source=KeptHere(store), receiver=receiver)
    client = http_client(settings.spans_address, settings.spans_headers_file)
    stack.push_async_callback(client.aclose)

    def now() -> float:
        return clock().timestamp()

    if settings.spans_from == "jaeger":
        return Spans(Jaeger(backend=Backend("Jaeger", client), now=now, kept_days=settings.spans_kept_days))
    return Spans(Tempo(backend=Backend("Tempo", client), now=now, kept_days=settings.spans_kept_days))
