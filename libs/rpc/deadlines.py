"""How long a call to another service may take: what the own caller leaves, less a reserve to answer in."""

from libs.errors import deadline_exceeded
from libs.rpc.call import remaining_seconds

RESERVE_SHARE = 0.1
MOST_RESERVE_SECONDS = 0.1
LEAST_TIMEOUT_SECONDS = 0.002


def call_timeout(default_seconds: float) -> float:
    """Give the timeout for a call that begins now: `default_seconds`, or less where the own caller waits less.

    A tenth of the remaining time, a tenth of a second at most, is kept for answering the own caller.
    Raises DEADLINE_EXCEEDED where nothing is left.
    """
    timeout_seconds, remaining = default_seconds, remaining_seconds()
    if remaining is not None:
        timeout_seconds = min(default_seconds, remaining - min(MOST_RESERVE_SECONDS, remaining * RESERVE_SHARE))
    if timeout_seconds < LEAST_TIMEOUT_SECONDS:
        raise deadline_exceeded()
    return timeout_seconds
