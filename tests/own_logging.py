"""Logging as a process sets it up, for one test: others find it as it was."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from libs.telemetry.logs import set_up_logs

QUIETED = ("aiokafka", "httpx", "httpcore")


@contextmanager
def logging_of_its_own() -> Iterator[io.StringIO]:
    """Give what a service logs inside."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in QUIETED}
    stream = io.StringIO()
    set_up_logs(service="cart", level="info", stream=stream)
    try:
        yield stream
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        for name, before in levels.items():
            logging.getLogger(name).setLevel(before)
        structlog.reset_defaults()
