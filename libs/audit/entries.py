"""What the audit log says of a call: ids and reasons, never anything personal."""

import enum
from dataclasses import dataclass
from datetime import datetime

MOST_CUSTOMERS = 100
"""As many as one call may ask about."""


class Verdict(enum.StrEnum):
    """Whether a call was let in."""

    ALLOWED = "ALLOWED"
    DENIED = "DENIED"


@dataclass(frozen=True, slots=True)
class Who:
    """Who called, as far as it is known."""

    channel_id: str = ""
    actor_id: str = ""
    service: str = ""
    """Which of the suite's services, where it called in its own name."""


@dataclass(frozen=True, slots=True)
class What:
    """What was called, and what became of it."""

    method: str
    """`/omnithread.profile.v1.ProfileService/GetProfile`."""
    verdict: Verdict
    customer_ids: tuple[str, ...] = ()
    reason: str = ""
    """Why it was denied or answered with an error."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One call, or several alike."""

    who: Who
    what: What
    time: datetime
    last_time: datetime
    count: int = 1
    trace_id: str = ""
    """In hexadecimal; of several, the first."""
