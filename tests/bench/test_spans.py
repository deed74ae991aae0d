"""What the traces of a call look like is remembered, without what happens in the background."""

import json

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from tests.bench.rows.observability import shapes_of
from tests.bench.sink import Tally


def _export(*spans: Span) -> bytes:
    scopes = ScopeSpans(spans=spans)
    return ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=[scopes])]).SerializeToString()


def _span(name: str, *keys: str) -> Span:
    return Span(name=name, attributes=[KeyValue(key=key) for key in keys])


def test_names_and_attributes_of_all_spans_are_kept_until_they_are_told() -> None:
    tally = Tally()
    tally.note(_export(_span("read", "b", "a"), _span("read", "c"), _span("sweep")))
    told = json.loads(tally.tell())
    assert told == {"counts": {"read": 2, "sweep": 1}, "shapes": {"read": ["a", "b", "c"], "sweep": []}}
    assert json.loads(tally.tell()) == {"counts": {}, "shapes": {}}


def test_what_comes_seldom_belongs_to_no_call() -> None:
    told = {"counts": {"read": 100, "sweep": 3}, "shapes": {"read": ["a"], "sweep": ["b"]}}
    assert shapes_of(told, 100) == {"read": ["a"]}
