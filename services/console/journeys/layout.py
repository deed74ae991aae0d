"""Where everything stands in the picture of a journey: a lane for each channel, marks in them, hand-overs. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from services.console.journeys.axis import FOLD_AFTER, Axis, axis_of
from services.console.journeys.marks import COMPANY, Group, Mark

LANE_HEIGHT = 46.0
TOP = 34.0
BOTTOM = 18.0
TOUCHING = 24.0
"""Marks of a lane that stand closer are one heap."""
MAX_LANES = 12
OTHERS = "other channels"


@dataclass(frozen=True, slots=True)
class Lane:
    """One channel."""

    name: str
    channel_kind: int
    middle: float


@dataclass(frozen=True, slots=True)
class Heap:
    """One mark, or several of a lane that stand too close to be told apart."""

    x: float
    y: float
    marks: tuple[Mark, ...]
    """In order; at least one."""

    @property
    def group(self) -> Group:
        """The shape: a problem is never hidden; else what the heap has most of."""
        groups = [mark.group for mark in self.marks]
        return Group.PROBLEM if Group.PROBLEM in groups else max(groups, key=groups.count)

    @property
    def by_customer(self) -> bool:
        """Whether the customer did any of it."""
        return any(mark.by_customer for mark in self.marks)


@dataclass(frozen=True, slots=True)
class HandOver:
    """The customer went on, on another channel."""

    from_x: float
    from_y: float
    to_x: float
    to_y: float
    silence: timedelta
    from_lane: str
    to_lane: str


@dataclass(frozen=True, slots=True)
class Layout:
    """A picture."""

    axis: Axis
    lanes: tuple[Lane, ...]
    heaps: tuple[Heap, ...]
    """Lane by lane, in order of time within each."""
    handovers: tuple[HandOver, ...]
    height: float

    @property
    def width(self) -> float:
        """From the first mark to the last, with margins."""
        return self.axis.width


def layout_of(marks: Sequence[Mark], *, fold_after: timedelta = FOLD_AFTER) -> Layout | None:
    """Lay the marks out, which are in order of time; None where there are none."""
    if not marks:
        return None
    axis = axis_of([mark.time for mark in marks], fold_after=fold_after)
    lanes = _lanes(marks)
    at = {lane.name: lane for lane in lanes}
    standing: dict[str, list[Mark]] = {lane.name: [] for lane in lanes}

    def lane_of(mark: Mark) -> Lane:
        return at.get(mark.lane) or at[OTHERS]

    for mark in marks:
        standing[lane_of(mark).name].append(mark)
    heaps: list[Heap] = []
    place: dict[str, Heap] = {}
    for lane in lanes:
        for heap in _heaps(axis, standing[lane.name], lane.middle):
            heaps.append(heap)
            place.update((mark.touchpoint_id, heap) for mark in heap.marks)
    steps = [mark for mark in marks if mark.is_step]
    handovers = [
        HandOver(
            from_x=place[before.touchpoint_id].x,
            from_y=lane_of(before).middle,
            to_x=place[after.touchpoint_id].x,
            to_y=lane_of(after).middle,
            silence=after.time - before.time,
            from_lane=lane_of(before).name,
            to_lane=lane_of(after).name,
        )
        for before, after in pairwise(steps)
        if lane_of(before) is not lane_of(after)
    ]
    height = TOP + LANE_HEIGHT * len(lanes) + BOTTOM
    return Layout(axis=axis, lanes=lanes, heaps=tuple(heaps), handovers=tuple(handovers), height=height)


def _lanes(marks: Sequence[Mark]) -> tuple[Lane, ...]:
    """Give the lanes in the order in which the channels appear; the company's own at the bottom, like all too many."""
    kinds: dict[str, int] = {}
    for mark in marks:
        kinds.setdefault(mark.lane, mark.way)
    names = [name for name in kinds if name != COMPANY]
    if len(names) > MAX_LANES:
        names = [*names[: MAX_LANES - 1], OTHERS]
    if COMPANY in kinds:
        names.append(COMPANY)
    return tuple(
        Lane(name=name, channel_kind=kinds.get(name, 0), middle=TOP + LANE_HEIGHT * (place + 0.5))
        for place, name in enumerate(names)
    )


def _heaps(axis: Axis, marks: Sequence[Mark], middle: float) -> list[Heap]:
    heaps: list[tuple[float, list[Mark]]] = []
    for mark in marks:
        x = axis.place(mark.time)
        # Measured from the first of the heap: else a row of marks, each close to the next, would be one heap.
        if heaps and x - heaps[-1][0] < TOUCHING:
            heaps[-1][1].append(mark)
        else:
            heaps.append((x, [mark]))
    return [Heap(x=x, y=middle, marks=tuple(members)) for x, members in heaps]
