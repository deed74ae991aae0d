"""How long MongoDB may take: a share of what the caller has left, so that there is time to look again and answer."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pymongo
from pymongo.errors import PyMongoError

from libs.errors import OmnithreadError, deadline_exceeded, dependency_unavailable
from libs.mongo.connection import LONGEST_CALL_SECONDS
from libs.rpc.call import remaining_seconds

SHARE_OF_ONE_COMMAND = 0.75
MIN_COMMAND_SECONDS = 0.005


class Deadline:
    """When an operation must have ended: with the call that asked for it, and after `at_most_seconds` in any case."""

    def __init__(self, *, at_most_seconds: float = LONGEST_CALL_SECONDS) -> None:
        remaining = remaining_seconds()
        self._now = asyncio.get_running_loop().time
        self._end = self._now() + (at_most_seconds if remaining is None else min(remaining, at_most_seconds))

    @property
    def left_seconds(self) -> float:
        """What is left, 0 when it is over."""
        return max(0.0, self._end - self._now())

    @property
    def over(self) -> bool:
        """Whether too little is left for another command."""
        return self.left_seconds < MIN_COMMAND_SECONDS

    def error(self) -> OmnithreadError:
        """Give the error for what surely was not done: the caller's own time is over, or MongoDB did not answer."""
        remaining = remaining_seconds()
        is_callers = remaining is not None and remaining < MIN_COMMAND_SECONDS
        return deadline_exceeded() if is_callers else dependency_unavailable("mongodb")

    @contextmanager
    def command(self) -> Iterator[None]:
        """Run one command inside, within its share of what is left; the driver's errors come out as they are."""
        with pymongo.timeout(max(MIN_COMMAND_SECONDS, self.left_seconds * SHARE_OF_ONE_COMMAND)):
            yield


@contextmanager
def reading(deadline: Deadline | None = None) -> Iterator[None]:
    """Read inside, or write what may safely be written again.

    Raises DEADLINE_EXCEEDED where the time is over, and DEPENDENCY_UNAVAILABLE where MongoDB did not do it.
    """
    limit = deadline or Deadline()
    if limit.over:
        raise limit.error()
    try:
        with limit.command():
            yield
    except PyMongoError as error:
        raise limit.error() from error
