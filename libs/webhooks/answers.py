"""What may come of posting: taken, refused for good, surely not taken, or nobody knows. By status only.

| what happened | outcome |
|---|---|
| 2xx | taken, however its body looks |
| 3xx, 4xx except those below, an address that is not allowed | refused: the same again is refused again |
| no connection, no time to send; 408, 425, 429, 503 | not taken: it may be sent again |
| 409, other 5xx, anything else; an end, a timeout or garbage after sending began | unsure: it may have been taken |
"""

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

LONGEST_RETRY_AFTER_SECONDS = 86400.0
NOT_TAKEN = frozenset({408, 425, 429, 503})
CONFLICT = 409  # another try with the same key is at work: it may end well


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """The receiver took it: it said so with a 2xx."""

    status: int
    body: bytes
    """At most 64 KB of what it said, as it came; empty where it is packed, though we asked for it unpacked."""
    is_complete: bool
    """Whether that is all, and came whole; what is not should not be read for facts."""


class WebhookError(Exception):
    """It was not taken, as far as we know. `why` is one of a few fixed words, without anything from the receiver."""

    def __init__(self, why: str, *, status: int = 0) -> None:
        super().__init__(why)
        self.why = why
        self.status = status
        """The answer's HTTP status; 0 where there was no answer."""


class WebhookRefused(WebhookError):
    """Certainly not taken, and the same again would not be either."""


class WebhookNotTaken(WebhookError):
    """Certainly not taken; to send it again, with the same key, harms nobody."""

    def __init__(self, why: str, *, status: int = 0, retry_after_seconds: float | None = None) -> None:
        super().__init__(why, status=status)
        self.retry_after_seconds = retry_after_seconds
        """How long the receiver asked to be left alone, 0 to 86400 s; None where it said nothing."""


class WebhookUnsure(WebhookError):
    """It was sent, at least in part, and nobody told what became of it. To send it again may give it twice."""


def error_of_status(status: int, retry_after: str, now: datetime) -> WebhookError:
    """Give what a status that is not 2xx means."""
    why = f"http_{status}"
    if status in NOT_TAKEN:
        return WebhookNotTaken(why, status=status, retry_after_seconds=_seconds(retry_after, now))
    if 300 <= status < 500 and status != CONFLICT:
        return WebhookRefused(why, status=status)
    return WebhookUnsure(why, status=status)


def _seconds(retry_after: str, now: datetime) -> float | None:
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), LONGEST_RETRY_AFTER_SECONDS)
    try:
        then = parsedate_to_datetime(text)
        seconds = then.timestamp() - now.timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_SECONDS)
