"""Logging within the tests' own process, and as a service sets it up, for one test: others find it as it was."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from libs.telemetry.logs import set_up_logs

QUIETED = ("aiokafka", "httpx", "httpcore")


def log_plainly() -> None:
    """Write tracebacks as Python does: drawn with all their variables, each holds up every server here for long."""
    processors = structlog.get_config()["processors"]
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*processors[:-1], plain])


@contextmanager
def logging_of_its_own() -> Iterator[io.StringIO]:
    """Give what a service logs inside."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in QUIETED}
    configured = structlog.get_config()
    stream = io.StringIO()
    set_up_logs(service="cart", level="info", stream=stream)
    try:
        yield stream
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        for name, before in levels.items():
            logging.getLogger(name).setLevel(before)
        structlog.configure(**configured)
