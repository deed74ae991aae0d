"""A value in a histogram names its trace, where somebody will find that trace."""

from opentelemetry.trace import SpanContext, TraceFlags
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import generate_latest

from libs.telemetry.exemplars import Exemplars
from libs.telemetry.metrics import OTHER, CallMetrics, kind_label
from omnithread.common.v1 import channel_pb2

KEPT = SpanContext(0xABC, 0x12, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
NOT_KEPT = SpanContext(0xABC, 0x12, is_remote=False, trace_flags=TraceFlags(TraceFlags.DEFAULT))
NAMED = {"trace_id": f"{0xABC:032x}", "span_id": f"{0x12:016x}"}


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_trace_that_is_not_kept_is_never_named() -> None:
    assert Exemplars().of(9.0, NOT_KEPT) is None


def test_one_value_a_second_names_its_trace_and_a_slow_one_always_does() -> None:
    clock = Clock()
    exemplars = Exemplars(clock)
    assert exemplars.of(0.01, KEPT) == NAMED
    assert exemplars.of(0.01, KEPT) is None
    assert exemplars.of(1.5, KEPT) == NAMED
    clock.now += 0.5
    assert exemplars.of(0.01, KEPT) is None
    clock.now += 0.5
    assert exemplars.of(0.01, KEPT) == NAMED


def test_whoever_asks_for_openmetrics_is_told_the_trace_of_a_value() -> None:
    registry = CollectorRegistry()
    timer = CallMetrics(registry).call_seconds.labels("/cart/GetCart", "STORE")
    timer.observe(0.004, Exemplars().of(0.004, KEPT))
    page = str(generate_latest(registry).decode())  # type: ignore[no-untyped-call]  # the package left them out
    (line,) = [line for line in page.splitlines() if "#" in line and 'le="0.005"' in line]
    assert line.startswith("omnithread_call_seconds_bucket")
    assert f'trace_id="{NAMED["trace_id"]}"' in line


def test_a_kind_that_this_process_does_not_know_is_no_label_of_its_own() -> None:
    assert kind_label(channel_pb2.CHANNEL_KIND_CALL_CENTRE) == "CALL_CENTRE"
    assert {kind_label(0), kind_label(4711)} == {"UNKNOWN"}


def test_reasons_are_as_many_as_the_contract_has_and_not_as_many_as_somebody_sends() -> None:
    registry = CollectorRegistry()
    metrics = CallMetrics(registry)
    for number in range(600):
        metrics.error("INTERNAL", f"REASON_{number}")
    (family,) = [one for one in registry.collect() if one.name == "omnithread_call_errors"]
    counted = {sample.labels["reason"]: sample.value for sample in family.samples if sample.name.endswith("_total")}
    assert len(counted) == 501
    assert counted[OTHER] == 100
