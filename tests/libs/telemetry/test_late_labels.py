"""What is found out within a call labels what was done in it before, and nobody else's."""

from collections.abc import Iterator

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer, set_span_in_context

from libs.telemetry import late_labels
from libs.telemetry.journey import add_journey_labels, journey_labels
from libs.telemetry.late_labels import LONGEST_HOLD_SECONDS, MOST_HELD_TOGETHER, LateLabels
from libs.telemetry.tracing import tracer_provider


class Kept:
    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = tracer_provider(service="cart", ratio=1.0, processor=SimpleSpanProcessor(self.exporter))
        self.tracer: Tracer = self.provider.get_tracer("test")

    def labels(self) -> dict[str, dict[str, object]]:
        return {span.name: dict(span.attributes or {}) for span in self.exporter.get_finished_spans()}


@pytest.fixture
def kept() -> Iterator[Kept]:
    made = Kept()
    yield made
    made.provider.shutdown()


def test_the_question_that_found_the_customer_bears_their_id(kept: Kept) -> None:
    with journey_labels(), kept.tracer.start_as_current_span("call", context=Context()):
        with kept.tracer.start_as_current_span("find"):
            pass
        assert kept.labels() == {}
        add_journey_labels(customer_id="cus_1", journey_id="jrn_1")
    expected = {"customer.id": "cus_1", "journey.id": "jrn_1"}
    assert kept.labels() == {"find": expected, "call": expected}


def test_what_was_done_for_another_customer_stays_theirs(kept: Kept) -> None:
    with journey_labels(), kept.tracer.start_as_current_span("merge", context=Context()):
        with journey_labels(customer_id="cus_2"), kept.tracer.start_as_current_span("seal"):
            pass
        add_journey_labels(customer_id="cus_1", journey_id="jrn_1")
    assert kept.labels()["seal"] == {"customer.id": "cus_2"}


def test_one_call_does_not_label_the_other(kept: Kept) -> None:
    one = kept.tracer.start_span("one", context=Context())
    other = kept.tracer.start_span("other", context=Context())
    one.set_attribute("customer.id", "cus_1")
    one.end()
    other.end()
    assert kept.labels() == {"one": {"customer.id": "cus_1"}, "other": {}}


def test_a_call_with_very_many_steps_holds_only_so_many_back(kept: Kept) -> None:
    with kept.tracer.start_as_current_span("import", context=Context()):
        for _ in range(MOST_HELD_TOGETHER):
            kept.tracer.start_span("row").end()
        assert len(kept.exporter.get_finished_spans()) == MOST_HELD_TOGETHER


def test_what_still_waits_is_handed_over_when_asked_for(kept: Kept) -> None:
    with kept.tracer.start_as_current_span("watch", context=Context()):
        kept.tracer.start_span("find").end()
        kept.provider.force_flush()
        assert list(kept.labels()) == ["find"]


def test_what_goes_on_after_its_call_is_labelled_as_the_call_was(kept: Kept) -> None:
    with kept.tracer.start_as_current_span("call", context=Context()) as call:
        later = kept.tracer.start_span("later")
        call.set_attribute("journey.id", "jrn_1")
    later.end()
    assert kept.labels()["later"] == {"journey.id": "jrn_1"}


def test_what_begins_only_after_its_call_is_labelled_as_the_call_was(kept: Kept) -> None:
    with kept.tracer.start_as_current_span("call", context=Context()) as call:
        left_behind = set_span_in_context(call)
        call.set_attribute("journey.id", "jrn_1")
    later = kept.tracer.start_span("later", context=left_behind)
    kept.tracer.start_span("within it", context=set_span_in_context(later)).end()
    later.end()
    assert kept.labels()["later"] == kept.labels()["within it"] == {"journey.id": "jrn_1"}


def test_only_so_many_that_have_ended_are_remembered(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_labels, "MOST_REMEMBERED", 1)
    first = kept.tracer.start_span("call", context=Context(), attributes={"journey.id": "jrn_1"})
    first.end()
    kept.tracer.start_span("another", context=Context()).end()
    kept.tracer.start_span("later", context=set_span_in_context(first)).end()
    assert kept.labels()["later"] == {}


def test_what_a_silent_stream_did_first_goes_on_with_the_next_call() -> None:
    now, exporter, provider = [1000.0], InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(LateLabels(SimpleSpanProcessor(exporter), now=lambda: now[0]))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("watch", context=Context()) as watch:
        tracer.start_span("find").end()
        watch.set_attribute("journey.id", "jrn_1")
        now[0] += LONGEST_HOLD_SECONDS - 1
        tracer.start_span("a call", context=Context()).end()
        assert [span.name for span in exporter.get_finished_spans()] == ["a call"]
        now[0] += 2
        tracer.start_span("a later call", context=Context()).end()
        found = {span.name: dict(span.attributes or {}) for span in exporter.get_finished_spans()}
        assert found["find"] == {"journey.id": "jrn_1"}
    provider.shutdown()


def test_spans_that_never_end_are_forgotten_and_take_no_room_from_later_ones(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_labels, "MOST_OPEN", 10)
    never = [kept.tracer.start_span("never ends", context=Context()) for _ in range(50)]
    with journey_labels(), kept.tracer.start_as_current_span("call", context=Context()):
        kept.tracer.start_span("find").end()
        add_journey_labels(customer_id="cus_1")
    assert kept.labels()["find"] == {"customer.id": "cus_1"}
    never[0].end()
    assert "never ends" in kept.labels()
