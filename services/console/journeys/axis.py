"""Time across a picture. What happens within minutes is told apart, and weeks of silence take a finger's width. Pure.

The axis is made of stretches, in which time runs evenly, and of folds between them, each of the same width however
long the silence. So later is never left of earlier, but a finger's width may be a minute here and an hour there: each
stretch says when it begins, and each fold how long it is.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

FOLD_AFTER = timedelta(hours=6)
"""A longer silence is folded, where nothing else is asked for."""
FOLD_WIDTH = 44.0
MARGIN = 28.0
MAX_STRETCHES = 60
"""Of more silences only the longest are folded."""
LEAST_STRETCH_WIDTH = 28.0
MARK_WIDTH = 30.0
"""What a stretch is given for each moment in it, so that most marks find room."""
MOST_STRETCH_WIDTH = 900.0
LEAST_WIDTH = 900.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time that runs evenly."""

    begin: datetime
    end: datetime
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Fold:
    """A silence between two stretches."""

    left: float
    right: float
    silence: timedelta


@dataclass(frozen=True, slots=True)
class Axis:
    """Places times."""

    stretches: tuple[Stretch, ...]
    """In order; at least one."""
    folds: tuple[Fold, ...]
    width: float

    def place(self, time: datetime) -> float:
        """Give where a time stands; what is before the first or after the last stands at its edge."""
        later = bisect_right(self._begins, time)
        if later == 0:
            return self.stretches[0].left
        stretch = self.stretches[later - 1]
        if time <= stretch.end:
            if stretch.begin == stretch.end:
                return (stretch.left + stretch.right) / 2
            return _between(time, stretch.begin, stretch.end, stretch.left, stretch.right)
        if later == len(self.stretches):
            return stretch.right
        return _between(time, stretch.end, self.stretches[later].begin, stretch.right, self.stretches[later].left)

    @property
    def _begins(self) -> list[datetime]:
        return [stretch.begin for stretch in self.stretches]


def axis_of(times: Sequence[datetime], *, fold_after: timedelta = FOLD_AFTER) -> Axis:
    """Make the axis on which these sorted times, at least one, are told apart as well as there is room."""
    groups = _groups(times, fold_after)
    widths = [min(max(LEAST_STRETCH_WIDTH, MARK_WIDTH * len(set(group))), MOST_STRETCH_WIDTH) for group in groups]
    wanted = sum(widths) + FOLD_WIDTH * (len(groups) - 1) + 2 * MARGIN
    if wanted < LEAST_WIDTH:
        wider = (LEAST_WIDTH - wanted) / len(groups)
        widths = [width + wider for width in widths]
    stretches: list[Stretch] = []
    folds: list[Fold] = []
    left = MARGIN
    for group, width in zip(groups, widths, strict=True):
        if stretches:
            folds.append(Fold(left=left, right=left + FOLD_WIDTH, silence=group[0] - stretches[-1].end))
            left += FOLD_WIDTH
        stretches.append(Stretch(begin=group[0], end=group[-1], left=left, right=left + width))
        left += width
    return Axis(stretches=tuple(stretches), folds=tuple(folds), width=left + MARGIN)


def _groups(times: Sequence[datetime], fold_after: timedelta) -> list[list[datetime]]:
    silences = sorted((later - earlier for earlier, later in pairwise(times)), reverse=True)
    if len(silences) >= MAX_STRETCHES:
        fold_after = max(fold_after, silences[MAX_STRETCHES - 1])
    groups = [[times[0]]]
    for time in times[1:]:
        if time - groups[-1][-1] > fold_after:
            groups.append([])
        groups[-1].append(time)
    return groups


def _between(time: datetime, begin: datetime, end: datetime, left: float, right: float) -> float:
    return left + (right - left) * ((time - begin) / (end - begin))
