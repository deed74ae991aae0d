"""A journey is kept whole or not at all, but for what is always kept."""

from collections.abc import Iterator

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanKind, Tracer

from libs.telemetry.journey import journey_labels
from libs.telemetry.propagation import remote_context, span_context_of
from libs.telemetry.tracing import tracer_provider

KEPT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NOT_KEPT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


class Tracing:
    def __init__(self, ratio: float | None) -> None:
        self.spans = InMemorySpanExporter()
        self.provider = tracer_provider(service="cart", ratio=ratio, processor=SimpleSpanProcessor(self.spans))
        self.tracer: Tracer = self.provider.get_tracer("test")

    def kept(self, name: str = "CartService/GetCart", *, journey_id: str = "", parent: str = "") -> bool:
        before = len(self.spans.get_finished_spans())
        with journey_labels(journey_id=journey_id):
            self.tracer.start_span(name, context=remote_context(parent), kind=SpanKind.SERVER).end()
        return len(self.spans.get_finished_spans()) > before


@pytest.fixture(params=[0.0, 0.3, 1.0])
def tracing(request: pytest.FixtureRequest) -> Iterator[Tracing]:
    made = Tracing(request.param)
    yield made
    made.provider.shutdown()


def test_all_traces_of_a_journey_share_its_fate_in_every_service(tracing: Tracing) -> None:
    elsewhere = Tracing(tracing.provider.sampler._ratio)  # type: ignore[attr-defined]  # our own sampler's
    for number in range(50):
        journey_id = f"jrn_{number}"
        fates = {tracing.kept(journey_id=journey_id) for _ in range(3)} | {elsewhere.kept(journey_id=journey_id)}
        assert len(fates) == 1


@pytest.mark.parametrize(("ratio", "least", "most"), [(0.0, 0, 0), (0.3, 200, 400), (1.0, 1000, 1000)])
def test_the_ratio_is_of_journeys(ratio: float, least: int, most: int) -> None:
    tracing = Tracing(ratio)
    assert least <= sum(tracing.kept(journey_id=f"jrn_{number}") for number in range(1000)) <= most


def test_a_start_of_a_session_and_a_callers_flag_always_count(tracing: Tracing) -> None:
    assert tracing.kept("omnithread.context.v1.ContextService/StartSession", journey_id="jrn_1", parent=NOT_KEPT)
    assert tracing.kept(journey_id="jrn_1", parent=KEPT)


def test_a_callers_flag_that_is_off_takes_nothing_away() -> None:
    assert Tracing(1.0).kept(journey_id="jrn_1", parent=NOT_KEPT)


def test_what_happens_inside_goes_with_its_call() -> None:
    tracing = Tracing(0.0)
    for parent, kept in ((KEPT, 2), (NOT_KEPT, 0)):
        tracing.spans.clear()
        with (
            tracing.tracer.start_as_current_span("call", context=remote_context(parent), kind=SpanKind.SERVER),
            tracing.tracer.start_as_current_span("find", kind=SpanKind.CLIENT),
        ):
            pass
        assert len(tracing.spans.get_finished_spans()) == kept


def test_a_sweep_that_looks_for_work_is_nobodys_journey() -> None:
    tracing = Tracing(1.0)
    tracing.tracer.start_span("find", context=Context(), kind=SpanKind.CLIENT).end()
    assert tracing.spans.get_finished_spans() == ()
    with journey_labels(journey_id="jrn_1"):
        tracing.tracer.start_span("find", context=Context(), kind=SpanKind.CLIENT).end()
    assert len(tracing.spans.get_finished_spans()) == 1


def test_what_an_unlabelled_event_causes_shares_the_fate_of_its_command() -> None:
    tracing = Tracing(0.5)
    for parent, kept in ((KEPT, 20), (NOT_KEPT, 0)):
        tracing.spans.clear()
        for _ in range(10):
            tracing.tracer.start_span("process", context=remote_context(parent), kind=SpanKind.CONSUMER).end()
            cause = span_context_of(parent)
            assert cause is not None
            tracing.tracer.start_span("message due", context=Context(), links=[Link(cause)]).end()
        assert len(tracing.spans.get_finished_spans()) == kept


def test_without_a_collector_there_are_trace_ids_and_no_spans() -> None:
    tracing = Tracing(None)
    span = tracing.tracer.start_span("call", kind=SpanKind.SERVER)
    assert span.get_span_context().is_valid
    assert not span.is_recording()
