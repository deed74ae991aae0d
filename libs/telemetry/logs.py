"""Logs as one JSON object a line, each with the trace, the journey and no personal data.

Our own code logs with `structlog.get_logger(...)`: an event name and ids, never a name, address or free text.
Lines of libraries pass the same way; of exceptions only what `scrub` lets through.
"""

import logging
import sys
from typing import TextIO

import structlog
from opentelemetry import trace
from structlog.typing import EventDict, Processor, WrappedLogger

from libs.telemetry.journey import current_labels
from libs.telemetry.scrub import described


def set_up_logs(*, service: str, level: str, stream: TextIO | None = None) -> None:
    """Send everything that is logged to `stream` (standard output), from `level` on. Once per process."""
    shared: list[Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_exception,
        _add_trace,
        _Constant(service),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(allow=[]), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(sort_keys=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # It writes several lines a second while a broker is away; libs.events tells each outage by itself.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    # They write the address of every request, and addresses may have a secret or a person in them.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


class _Constant:
    """Names the service on every line."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, logger: WrappedLogger, method_name: str, event: EventDict) -> EventDict:  # noqa: ARG002
        event["service"] = self._service
        return event


def _add_trace(logger: WrappedLogger, method_name: str, event: EventDict) -> EventDict:  # noqa: ARG001
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
        event["span_id"] = f"{context.span_id:016x}"
    event.update(current_labels().attributes())
    return event


def _add_exception(logger: WrappedLogger, method_name: str, event: EventDict) -> EventDict:  # noqa: ARG001
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event.update(described(error))
    return event
