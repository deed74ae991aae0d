"""The streams that are open at this server: how many a caller may have, and how old one may become.

A stream costs memory for as long as its caller likes. One caller's programs must not take what all others need, and
no stream outlives what a deployment needs to move its callers elsewhere.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from libs.errors import OmnithreadError, resource_exhausted, unavailable
from libs.rpc.call import Caller

MOST_STREAMS_OF_A_CALLER = 3000
MOST_STREAM_SECONDS = 3600.0


class OpenStreams:
    """Counts the streams of each channel, or of each service of ours."""

    def __init__(
        self, *, most_of_a_caller: int = MOST_STREAMS_OF_A_CALLER, most_seconds: float = MOST_STREAM_SECONDS
    ) -> None:
        self._most_of_a_caller = most_of_a_caller
        self._most_seconds = most_seconds
        self._open: Counter[str] = Counter()

    @contextmanager
    def one_more(self, caller: Caller) -> "Iterator[Age]":
        """Count a stream while inside. Raises STREAM_LIMIT where the caller has as many as it may have."""
        name = caller.service or caller.channel_id
        if self._open[name] >= self._most_of_a_caller:
            raise resource_exhausted(
                "STREAM_LIMIT",
                "The caller has as many streams open here as it may have.",
                metadata={"most_streams": str(self._most_of_a_caller)},
            )
        self._open[name] += 1
        try:
            yield Age(self._most_seconds)
        finally:
            self._open[name] -= 1
            if not self._open[name]:
                del self._open[name]

    def count(self, name: str) -> int:
        """Give how many streams a channel or service has open."""
        return self._open[name]


class Age:
    """When one stream is old enough."""

    def __init__(self, most_seconds: float) -> None:
        self._end = asyncio.get_running_loop().time() + most_seconds

    def check(self) -> None:
        """Raise STREAM_TOO_OLD where it is: the caller opens another, and goes on where this one ends."""
        if asyncio.get_running_loop().time() >= self._end:
            raise too_old()


def too_old() -> OmnithreadError:
    """End a stream; what the caller does about it is what it does when a replica stops."""
    return unavailable("STREAM_TOO_OLD", "The stream has been open for as long as one may be; open another.")
