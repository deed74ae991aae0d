"""A collector that is dead, or takes spans and never answers, costs spans; it costs no call, and holds up no end."""

import asyncio
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence

import pytest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

from deploy.local.keys import Keys
from libs.telemetry import tracing
from libs.telemetry.late_labels import LateLabels
from libs.telemetry.metrics import new_registry
from libs.telemetry.tracing import set_up_tracing, shut_down_tracing
from tests.libs.rpc.opened_door import opened_door

CALLS = 200
QUEUE = 32
BATCH = 8
PATIENCE_SECONDS = 60
END_SECONDS = 15
"""Far beyond the limits that are asked for below, and below what the exporter takes where nothing stops it."""


class Exports:
    """Which threads have tried to hand spans over."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.threads: set[threading.Thread] = set()
        self.begun = threading.Event()
        really = OTLPSpanExporter.export

        def export(exporter: OTLPSpanExporter, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            self.threads.add(threading.current_thread())
            self.begun.set()
            return really(exporter, spans)

        monkeypatch.setattr(OTLPSpanExporter, "export", export)


@pytest.fixture
def exports(monkeypatch: pytest.MonkeyPatch) -> Exports:
    return Exports(monkeypatch)


@pytest.fixture(params=["nobody listens", "nobody answers"])
def collector(request: pytest.FixtureRequest) -> Iterator[str]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        if request.param == "nobody answers":
            taken.listen()
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def provider(exports: Exports, collector: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[TracerProvider]:
    """Give what the process of a service sets up, but for what a process can be given once only.

    That is its own tracing, and that of MongoDB's driver, which stays with the first provider.
    """
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector)
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", str(QUEUE))
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", str(BATCH))
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    monkeypatch.setattr(trace, "set_tracer_provider", lambda _: None)
    monkeypatch.setattr(tracing, "instrument_mongo", lambda _: None)
    provider = set_up_tracing(service="cart", instance="", ratio=1.0)
    yield provider
    batches(provider).span_exporter.shutdown()  # so that its thread ends before the test session does


def batches(provider: TracerProvider) -> BatchSpanProcessor:
    last = provider._active_span_processor._span_processors[-1]
    assert isinstance(last, LateLabels)
    assert isinstance(last.following, BatchSpanProcessor)
    return last.following


def spans_lost(reason: str) -> float:
    return new_registry().get_sample_value("omnithread_spans_dropped_total", {"reason": reason}) or 0.0


def waiting(provider: TracerProvider) -> int:
    """Count the spans that wait for the exporter."""
    return len(batches(provider)._batch_processor._queue)


async def test_every_call_is_answered_and_only_so_many_spans_wait(
    keys: Keys, exports: Exports, provider: TracerProvider
) -> None:
    longest, lost_before = 0, spans_lost("queue_full")
    async with opened_door(keys, tracer=provider.get_tracer("door")) as door:
        await door.ask()
        assert await asyncio.to_thread(exports.begun.wait, PATIENCE_SECONDS)
        for _ in range(CALLS):
            answer = await door.ask()
            assert answer.cart.customer_id == "cus_1"
            longest = max(longest, waiting(provider))
        assert door.counted("OK") == CALLS + 1
    assert BATCH < longest <= QUEUE  # the exporter is stuck with its first batch
    assert spans_lost("queue_full") > lost_before
    assert threading.current_thread() not in exports.threads

    began = time.monotonic()
    shut_down_tracing(provider, timeout_seconds=0.5)
    assert time.monotonic() - began < END_SECONDS
    assert threading.current_thread() not in exports.threads


async def test_a_process_with_spans_to_hand_over_ends(collector: str) -> None:
    code = (
        "from libs.telemetry.tracing import set_up_tracing, shut_down_tracing, tracer\n"
        "provider = set_up_tracing(service='cart', instance='', ratio=1.0)\n"
        "for _ in range(2000):\n"
        "    tracer().start_span('call').end()\n"
        "print('ending', flush=True)\n"
        "shut_down_tracing(provider, timeout_seconds=0.5)\n"
    )
    child = await asyncio.create_subprocess_exec(
        *[sys.executable, "-c", code],
        env={**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": collector},
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdout is not None
    try:
        assert await asyncio.wait_for(child.stdout.readline(), PATIENCE_SECONDS) == b"ending\n"
        assert await asyncio.wait_for(child.wait(), END_SECONDS) == 0
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()
