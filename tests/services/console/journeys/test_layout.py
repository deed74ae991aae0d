"""The picture of a journey: in order, in its lane, told apart, and readable over weeks."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from omnithread.context.v1.context_pb2 import TouchpointKind
from services.console.journeys.axis import FOLD_WIDTH, MAX_STRETCHES, axis_of
from services.console.journeys.layout import LANE_HEIGHT, MAX_LANES, OTHERS, TOP, TOUCHING, layout_of
from services.console.journeys.marks import COMPANY, Group, Mark
from tests.services.console.journeys.samples import BEGIN, mark

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
channels = st.sampled_from(["web-shop", "mobile-app", "store-042", "", *(f"social-{n}" for n in range(20))])
times = st.lists(st.integers(0, 40 * 24 * 3600), min_size=1, max_size=120).map(sorted)


@st.composite
def journeys(draw: st.DrawFn) -> list[Mark]:
    return [
        mark(timedelta(seconds=second), draw(channels), number=number, by_customer=draw(st.booleans()))
        for number, second in enumerate(draw(times))
    ]


@given(times, st.integers(0, 40 * 24 * 3600), st.integers(0, 40 * 24 * 3600), st.integers(1, 10 * 24 * 3600))
def test_later_is_never_left_of_earlier(seconds: list[int], one: int, other: int, fold: int) -> None:
    axis = axis_of([BEGIN + timedelta(seconds=second) for second in seconds], fold_after=timedelta(seconds=fold))
    early, late = sorted([one, other])
    assert axis.place(BEGIN + timedelta(seconds=early)) <= axis.place(BEGIN + timedelta(seconds=late))
    assert 0 < axis.place(BEGIN + timedelta(seconds=early)) < axis.width
    assert len(axis.stretches) <= MAX_STRETCHES
    assert len(axis.folds) == len(axis.stretches) - 1


def test_three_weeks_of_silence_take_a_fingers_width_and_minutes_are_told_apart() -> None:
    axis = axis_of([BEGIN, BEGIN + MINUTE, BEGIN + 2 * MINUTE, BEGIN + 21 * DAY])
    (fold,) = axis.folds
    assert fold.silence == 21 * DAY - 2 * MINUTE
    assert fold.right - fold.left == FOLD_WIDTH
    places = [axis.place(BEGIN + minutes * MINUTE) for minutes in range(3)]
    assert all(right - left > TOUCHING for left, right in pairwise(places))


@given(journeys())
def test_every_touchpoint_stands_once_in_its_own_lane(marks: list[Mark]) -> None:
    layout = layout_of(marks)
    assert layout is not None
    middles = {lane.middle: lane.name for lane in layout.lanes}
    drawn = [one for heap in layout.heaps for one in heap.marks]
    assert sorted(one.touchpoint_id for one in drawn) == sorted(one.touchpoint_id for one in marks)
    for heap in layout.heaps:
        assert {one.lane for one in heap.marks} == {middles[heap.y]} or middles[heap.y] == OTHERS
        assert TOP < heap.y - LANE_HEIGHT / 4 < heap.y + LANE_HEIGHT / 4 < layout.height
    assert len(layout.lanes) <= MAX_LANES + 1


@given(journeys())
def test_marks_of_a_lane_are_in_order_and_never_cover_one_another(marks: list[Mark]) -> None:
    layout = layout_of(marks)
    assert layout is not None
    for lane in layout.lanes:
        heaps = [heap for heap in layout.heaps if heap.y == lane.middle]
        for before, after in pairwise(heaps):
            assert after.x - before.x >= TOUCHING
            assert before.marks[-1].time <= after.marks[0].time


@given(journeys())
def test_hand_overs_lead_between_lanes_and_never_back_in_time(marks: list[Mark]) -> None:
    layout = layout_of(marks)
    assert layout is not None
    for handover in layout.handovers:
        assert handover.from_y != handover.to_y
        assert handover.from_x <= handover.to_x + TOUCHING  # the heap in which it arrives may have begun before
        assert COMPANY not in (handover.from_lane, handover.to_lane)


def test_our_own_reminder_is_no_hand_over() -> None:
    layout = layout_of([mark(0 * DAY), mark(1 * DAY, "", by_customer=False), mark(2 * DAY)])
    assert layout is not None
    assert layout.handovers == ()
    assert [lane.name for lane in layout.lanes] == ["web-shop", COMPANY]


def test_a_problem_is_seen_in_whatever_heap_it_is() -> None:
    seconds = [mark(timedelta(seconds=n), number=n) for n in range(5)]
    failed = mark(timedelta(seconds=5), kind=TouchpointKind.TOUCHPOINT_KIND_PROBLEM)
    layout = layout_of([*seconds, failed, *(mark(n * MINUTE, number=n) for n in range(1, 60))])
    assert layout is not None
    (heap,) = [heap for heap in layout.heaps if failed in heap.marks]
    assert heap.group is Group.PROBLEM


def test_a_thousand_touchpoints_are_some_dozens_of_marks() -> None:
    marks = [mark(n * 41 * MINUTE, ["web-shop", "mobile-app"][n % 2], number=n) for n in range(1000)]
    layout = layout_of(marks)
    assert layout is not None
    assert layout.width < 8000
    assert len(layout.heaps) < 300


def test_a_journey_without_touchpoints_has_no_picture() -> None:
    assert layout_of([]) is None
