"""Growing pauses between tries of what keeps failing."""

from datetime import timedelta

WHILE_KAFKA_IS_AWAY = timedelta(seconds=2)
"""The longest pause between two tries to reach Kafka: who waits longer comes back long after it does."""


def growing_pause(attempts: int, *, first: timedelta, most: timedelta) -> timedelta:
    """Give the pause after so many failed tries: `first` after one, then twice as long each time, at most `most`."""
    doublings = min(max(attempts - 1, 0), 30)
    return min(first * (1 << doublings), most)
