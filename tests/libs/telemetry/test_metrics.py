"""Counters are served to whoever asks over HTTP, from a registry of their own."""

import asyncio
import urllib.request

from libs.telemetry.metrics import CallMetrics, new_registry, serving_metrics


async def test_what_was_counted_is_read_over_http() -> None:
    registry = new_registry()
    metrics = CallMetrics(registry)
    metrics.calls.labels("/cart/GetCart", "STORE", "OK").inc()
    metrics.call_seconds.labels("/cart/GetCart", "STORE").observe(0.004)
    with serving_metrics("127.0.0.1:0", registry) as port:
        page = await asyncio.to_thread(read, f"http://127.0.0.1:{port}/metrics")
    assert 'omnithread_calls_total{channel_kind="STORE",code="OK",method="/cart/GetCart"} 1.0' in page
    assert 'omnithread_call_seconds_bucket{channel_kind="STORE",le="0.005",method="/cart/GetCart"} 1.0' in page
    assert "python_gc_objects_collected_total" in page


async def test_without_an_address_nothing_is_served() -> None:
    with serving_metrics("", new_registry()) as port:
        assert port == 0


def read(address: str) -> str:
    with urllib.request.urlopen(address, timeout=20) as answer:  # noqa: S310  an address of our own
        body: bytes = answer.read()
    return body.decode()
