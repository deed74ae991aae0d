"""How long sending waits for what, and how often it tries."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.events.pauses import growing_pause
from services.messaging.values import Message


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what."""

    lease: timedelta
    """How long a worker may take for one message; half of it is for the provider."""
    retry_first: timedelta
    retry_longest: timedelta
    most_tries: int
    """So often a message is tried that a provider does not take, or that cannot be prepared."""
    random: random.Random

    def retry_time(self, message: Message, now: datetime, *, at_least_seconds: float = 0.0) -> datetime:
        """Give when to try again what could not be done now.

        The pause grows with each try, and any part of it may be waited: so those that failed together do not come
        back together.
        """
        pause = growing_pause(message.attempts + 1, first=self.retry_first, most=self.retry_longest)
        return now + max(pause * self.random.random(), timedelta(seconds=at_least_seconds))

    def is_over(self, message: Message) -> bool:
        """Say whether a message that fails once more has been tried often enough."""
        return message.tries + 1 >= self.most_tries
