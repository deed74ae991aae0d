"""The journey and session that calls belong to, carried along to every call made inside `carry`."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Labels:
    """What StartSession gave for one visit."""

    journey_id: str = ""
    session_id: str = ""

    def baggage(self) -> str:
        """The W3C `baggage` header; empty where nothing is known."""
        pairs = (("journey.id", self.journey_id), ("session.id", self.session_id))
        return ",".join(f"{key}={quote(value, safe='')}" for key, value in pairs if value)


NO_LABELS = Labels()
_current: ContextVar[Labels] = ContextVar("omnithread_labels", default=NO_LABELS)


def current_labels() -> Labels:
    """The labels of the code that is running now."""
    return _current.get()


@contextmanager
def carry(labels: Labels) -> Iterator[None]:
    """Send these labels with every call made inside, in this task and in those that it starts."""
    token = _current.set(labels)
    try:
        yield
    finally:
        _current.reset(token)
