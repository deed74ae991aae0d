"""How long things took, in so few numbers that a day's are added to another's: counts by size. Pure.

A bucket is a fourth of an octave wide (each ends at 1.19 times the one before), so that what is told of it is within
10 % of what was measured, whether that was a minute or a month.
"""

import math
from collections import Counter
from collections.abc import Mapping

PER_OCTAVE = 4
MOST_BUCKET = 128
"""The last one: beyond a hundred years."""
HALF = 0.5
NINE_OF_TEN = 0.9


def bucket_of(seconds: float) -> int:
    """Give the bucket of a time; 0 for less than a second."""
    if seconds < 1:
        return 0
    return min(MOST_BUCKET, 1 + math.floor(math.log2(seconds) * PER_OCTAVE))


def seconds_of(bucket: int) -> int:
    """Give the time that a bucket stands for: the middle of it."""
    return 0 if bucket <= 0 else round(2 ** ((bucket - 0.5) / PER_OCTAVE))


def quantile(counts: Mapping[int, int], share: float) -> int:
    """Give how many seconds this share of the times did not exceed; 0 where there are none."""
    left = math.ceil(sum(counts.values()) * share)
    for bucket, count in sorted(counts.items()):
        left -= count
        if left <= 0:
            return seconds_of(bucket)
    return 0


def with_time(counts: Counter[int], seconds: float) -> None:
    """Count one more."""
    counts[bucket_of(seconds)] += 1
