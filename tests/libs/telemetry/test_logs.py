"""A log line says where it belongs, and nothing about a person."""

import json
import logging
from collections.abc import Callable, Iterator

import pytest
import structlog

from libs.telemetry.journey import journey_labels
from libs.telemetry.tracing import tracer_provider
from tests.own_logging import logging_of_its_own

Lines = Callable[[], list[dict[str, object]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    with logging_of_its_own() as stream:
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_names_service_trace_and_journey(lines: Lines) -> None:
    tracer = tracer_provider(service="cart", ratio=None, processor=None).get_tracer("test")
    with tracer.start_as_current_span("call") as span, journey_labels(journey_id="jrn_1", customer_id="cus_1"):
        structlog.get_logger("services.cart").info("cart_abandoned", cart_id="crt_1")
    [line] = lines()
    context = span.get_span_context()
    assert (
        line.items()
        >= {
            "event": "cart_abandoned",
            "cart_id": "crt_1",
            "level": "info",
            "logger": "services.cart",
            "service": "cart",
            "journey.id": "jrn_1",
            "customer.id": "cus_1",
            "trace_id": f"{context.trace_id:032x}",
            "span_id": f"{context.span_id:016x}",
        }.items()
    )
    assert str(line["timestamp"]).endswith("Z")


def test_what_is_below_the_level_is_not_written(lines: Lines) -> None:
    structlog.get_logger("services.cart").debug("detail")
    logging.getLogger("aiokafka").debug("detail")
    assert lines() == []


def test_lines_of_libraries_look_the_same(lines: Lines) -> None:
    with journey_labels(journey_id="jrn_1"):
        logging.getLogger("asyncio").warning("Topic %s not found", "omnithread.cart.v1.events")
    [line] = lines()
    assert (
        line.items()
        >= {
            "event": "Topic omnithread.cart.v1.events not found",
            "logger": "asyncio",
            "journey.id": "jrn_1",
        }.items()
    )


@pytest.mark.parametrize("ours", [True, False])
def test_an_exception_is_told_without_what_the_customer_typed(lines: Lines, ours: bool) -> None:
    try:
        try:
            int("0170 1234567 of Anna")
        except ValueError as cause:
            raise RuntimeError('dup key: { value: "anna@example.com" }') from cause
    except RuntimeError:
        if ours:
            structlog.get_logger("services.profile").exception("call_failed")
        else:
            logging.getLogger("grpc").exception("call_failed")
    [line] = lines()
    assert line["exception_type"] == "RuntimeError"
    assert "test_logs.py" in str(line["exception_frames"])
    assert "ValueError" in str(line["exception_cause"])
    for personal in ("anna", "1234567"):
        assert personal not in json.dumps(line).lower()


def test_addresses_that_are_asked_over_http_are_in_no_line(lines: Lines) -> None:
    logging.getLogger("httpx").info("HTTP Request: GET https://sms.example.com/?key=secret")
    assert lines() == []
