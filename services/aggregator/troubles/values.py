"""What failed on the way: a frozen value, and its limits."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.channel import Channel

MOST_PER_HOUR = 10
"""So many of one customer become touchpoints in any hour; more of them tell an engineer nothing new."""
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that failed while a customer was on their way."""

    key: str
    """What is told twice has the same one."""
    area: str
    """Whose service refused, or did not answer."""
    method: str
    """Which call, for example `Checkout`."""
    reason: str
    """A value of an `ErrorReason`, or of `SectionProblemReason` without its prefix."""
    channel: Channel
    time: datetime
    session_id: str = ""
    """As the caller named it."""
    traceparent: str = ""
    section: str = ""
    """Of an answer that lacked one: which."""
