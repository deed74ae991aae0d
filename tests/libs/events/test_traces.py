"""One trace shows a command, its announcement and what it caused elsewhere; the journey's labels are on all of it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from libs.clock import system_clock
from libs.events.polling import MOST_RECORDS
from libs.events.spans import handling, taking
from libs.origin import Origin
from libs.telemetry.journey import JourneyLabels
from libs.telemetry.tracing import tracer_provider
from libs.timestamps import to_timestamp
from omnithread.common.v1 import channel_pb2, event_pb2
from tests.libs.events.reader import reader_of
from tests.libs.events.shop import OpenShop, running, until

TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE_ID}-{SPAN_ID}-01"
LABELS = {"journey.id": "jrn_1", "session.id": "ses_1", "channel.id": "web-shop", "customer.id": "anna"}


class Kept:
    """The spans of one process."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider: TracerProvider = tracer_provider(
            service="test", ratio=1.0, processor=SimpleSpanProcessor(self._exporter)
        )
        self.tracer = self.provider.get_tracer("test")

    def of(self, kind: SpanKind) -> ReadableSpan:
        (found,) = [span for span in self._exporter.get_finished_spans() if span.kind is kind]
        return found


@pytest.fixture
def kept() -> Iterator[Kept]:
    kept = Kept()
    yield kept
    kept.provider.shutdown()


async def test_handling_an_event_continues_the_trace_of_its_command(
    opened: OpenShop, kept: Kept, unique_prefix: str
) -> None:
    shop = opened.shop
    shop.relay = shop.new_relay(tracer=kept.tracer)
    origin = Origin(
        channel_id="web-shop",
        channel_kind=channel_pb2.CHANNEL_KIND_WEB,
        session_id="ses_1",
        traceparent=TRACEPARENT,
        journey_id="jrn_1",
    )
    async with (
        reader_of(opened, prefix=unique_prefix, hears_heads=False, tracer=kept.tracer) as reader,
        running(shop.relay.run, reader.consumer.run),
    ):
        await shop.add_bag("anna", origin=origin)
        await until(lambda: reader.has_read("anna", 1), what="the event is handled")
        assert reader.labels["anna"] == JourneyLabels("jrn_1", "ses_1", "web-shop", "anna")
    sent, handled = kept.of(SpanKind.PRODUCER), kept.of(SpanKind.CONSUMER)
    assert {f"{sent.context.trace_id:032x}", f"{handled.context.trace_id:032x}"} == {TRACE_ID}
    assert sent.parent is not None
    assert f"{sent.parent.span_id:016x}" == SPAN_ID
    assert handled.parent is not None
    assert handled.parent.span_id == sent.context.span_id
    assert dict(sent.attributes or {}).items() >= LABELS.items()
    assert dict(handled.attributes or {}).items() >= LABELS.items()
    assert (
        reader.registry.get_sample_value(
            "omnithread_event_handle_delay_seconds_count", {"reader": "reader", "area": "cart"}
        )
        == 1
    )


def test_what_is_handled_after_five_minutes_has_a_trace_of_its_own_linked_to_the_cause(kept: Kept) -> None:
    now = system_clock()
    header = event_pb2.EventHeader(
        event_id="evt_1",
        customer_id="anna",
        session_id="ses_1",
        channel=channel_pb2.Channel(id="web-shop"),
        record_time=to_timestamp(now - timedelta(minutes=5, seconds=1)),
        traceparent=TRACEPARENT,
    )
    with handling(topic="cart", group="test", header=header, headers=[], now=now, tracer=kept.tracer):
        pass
    handled = kept.of(SpanKind.CONSUMER)
    assert handled.parent is None
    assert f"{handled.context.trace_id:032x}" != TRACE_ID
    assert [f"{link.context.trace_id:032x}" for link in handled.links] == [TRACE_ID]
    assert dict(handled.attributes or {})["session.id"] == "ses_1"


def test_a_failure_is_told_without_what_the_customer_typed(kept: Kept) -> None:
    header = event_pb2.EventHeader(event_id="evt_1", record_time=to_timestamp(system_clock()))
    with (
        pytest.raises(ValueError, match="anna"),
        handling(topic="cart", group="test", header=header, headers=[], now=system_clock(), tracer=kept.tracer),
    ):
        raise ValueError("duplicate key 'anna@example.com'")
    handled = kept.of(SpanKind.CONSUMER)
    assert not handled.status.is_ok
    assert "anna" not in handled.to_json()


def test_a_batch_links_to_every_cause_and_is_kept_where_one_of_them_is(kept: Kept) -> None:
    causes = [f"00-{TRACE_ID}-{number:016x}-{flag}" for number, flag in ((1, "00"), (2, "01"), (2, "01"))]
    records = [("cart", [("traceparent", cause.encode())]) for cause in causes] + [("profile", [])]
    with taking(group="test", records=records, tracer=kept.tracer):
        pass
    batch = kept.of(SpanKind.CLIENT)
    assert [link.context.span_id for link in batch.links] == [1, 2]
    assert dict(batch.attributes or {})["messaging.batch.message_count"] == 4
    with taking(group="test", records=records[:1], tracer=kept.tracer):
        pass
    assert kept.of(SpanKind.CLIENT) is batch  # nothing of the second one's causes is kept


def test_a_batch_from_kafka_links_to_as_many_causes_as_it_has_records(kept: Kept) -> None:
    causes = [f"00-{TRACE_ID}-{number:016x}-01" for number in range(1, MOST_RECORDS + 1)]
    with taking(
        group="test", records=[("cart", [("traceparent", one.encode())]) for one in causes], tracer=kept.tracer
    ):
        pass
    assert len(kept.of(SpanKind.CLIENT).links) == MOST_RECORDS
