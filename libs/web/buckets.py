"""Token buckets, one for each key, in memory that does not grow; time is an argument."""

import math
from collections import OrderedDict
from dataclasses import dataclass


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Buckets:
    """Lets each key do something `per_second` times on average, and `burst` times at once.

    Holds at most `most_keys`; beyond, the one that was asked about the longest ago is forgotten, and starts full again.
    """

    def __init__(self, *, per_second: float, burst: float, most_keys: int) -> None:
        self._per_second = per_second
        self._burst = burst
        self._most_keys = most_keys
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key: str, now: float) -> float:
        """Take one, and give 0; where there is none, take nothing, and give the seconds until there is.

        `now` is in seconds on any clock; where it turns back, no time has passed.
        """
        bucket = self._filled(key, now)
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0.0
        return self._wait(bucket)

    def left(self, key: str, now: float) -> float:
        """Give the seconds until one could be taken, 0 where it could be now; takes nothing."""
        bucket = self._filled(key, now)
        return 0.0 if bucket.tokens >= 1 else self._wait(bucket)

    def __len__(self) -> int:
        return len(self._buckets)

    def _wait(self, bucket: _Bucket) -> float:
        # A little more, so that who waits that long is not refused for what was lost in rounding.
        return (1 - bucket.tokens) / self._per_second + 1e-6

    def _filled(self, key: str, now: float) -> _Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(self._burst, now)
            if len(self._buckets) > self._most_keys:
                self._buckets.popitem(last=False)
            return bucket
        self._buckets.move_to_end(key)
        passed = max(0.0, now - bucket.at)
        bucket.tokens = min(self._burst, bucket.tokens + passed * self._per_second)
        bucket.at = max(bucket.at, now)
        return bucket


def retry_after(seconds: float) -> str:
    """Give the header `Retry-After`: whole seconds, at least one."""
    return str(max(1, math.ceil(seconds)))
