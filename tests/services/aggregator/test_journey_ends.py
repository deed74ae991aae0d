"""A journey ends when its order is picked up, delivered or cancelled, in whatever order the news of it arrives."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.aggregator.journey_spans import due_time, journey_at, spans
from services.aggregator.journey_values import (
    CANCELLED,
    GAP,
    MAX_ENDS,
    MAX_GOALS,
    MAX_JOURNEYS,
    MAX_TICKS,
    REACHED,
    End,
    Reached,
    Span,
    Timeline,
)
from services.aggregator.journeys import note_act, note_end, note_goals, note_other, retire, unite

DAY_0 = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class News:
    """One touchpoint; `placed` is the day of the order that was done by it."""

    number: int
    day: float
    by_customer: bool = True
    placed: float | None = None

    @property
    def time(self) -> datetime:
        return day(self.day)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a company may configure, in days."""

    gap: int = GAP.days
    reentry: float = 0


BUILT_IN = Rules()
ALL_RULES = st.builds(Rules, gap=st.sampled_from([1, 7, 30, 45]), reentry=st.sampled_from([0, 1, 2.5]))


def day(number: float) -> datetime:
    return DAY_0 + timedelta(days=number)


def told(
    news: Iterable[News], timeline: Timeline | None = None, name: str = "jrn", rules: Rules = BUILT_IN
) -> Timeline:
    timeline = timeline or Timeline()
    for item in news:
        journey_id = f"{name}_{item.number:03}"
        if item.by_customer:
            channel_id = f"channel-{item.number}"
            timeline = note_act(
                timeline, time=item.time, channel_id=channel_id, journey_id=journey_id, gap_days=rules.gap
            )
        else:
            timeline = note_other(timeline, time=item.time, journey_id=journey_id, gap_days=rules.gap)
        if item.placed is not None:
            timeline = note_end(timeline, ended(item, rules))
            reached = Reached(item.time, f"tch_{item.number:03}", "received", day(item.placed))
            timeline = note_goals(timeline, [reached])
    return timeline


def ended(item: News, rules: Rules = BUILT_IN) -> End:
    assert item.placed is not None
    why = CANCELLED if item.number % 2 else REACHED
    return End(item.time, day(item.placed), timedelta(days=rules.reentry), why)


def shape(timeline: Timeline) -> list[tuple[object, ...]]:
    """What is the same whatever the names of the journeys."""
    return [
        (
            (s.start_time, s.last_act_time, s.end_time, s.until_time, s.touchpoint_count, s.channel_ids),
            (s.why_ended, s.goals),
        )
        for s in spans(timeline)
    ]


def by_hand(history: Iterable[News], rules: Rules) -> list[tuple[datetime, datetime | None]]:
    """When journeys began and ended, as somebody finds who goes through a diary from its first page."""
    found: list[list[float | None]] = []  # begin, last act, end
    for item in sorted(history, key=lambda item: (item.day, item.placed is not None)):
        if item.by_customer:
            now = found[-1] if found else None
            goes_on = now is not None and _goes_on(now, item.day, rules)
            if goes_on and now is not None:
                now[1] = item.day
            else:
                found.append([item.day, item.day, None])
        if item.placed is not None and found:
            begin, last, end = found[-1]
            assert begin is not None
            assert last is not None
            if end is None and begin <= item.placed and item.day - last <= rules.gap:
                found[-1][2] = item.day
    return [(day(begin or 0), None if end is None else day(end)) for begin, _, end in found]


def _goes_on(journey: list[float | None], at: float, rules: Rules) -> bool:
    _, last, end = journey
    return last is not None and at - last <= rules.gap and (end is None or at <= end + rules.reentry)


@st.composite
def histories(draw: st.DrawFn, days: int = 120, most: int = 12) -> tuple[News, ...]:
    plain = draw(st.lists(st.tuples(st.integers(0, days), st.booleans()), min_size=1, max_size=most))
    orders = draw(
        st.lists(
            st.tuples(st.integers(0, days), st.integers(0, 40), st.booleans()), max_size=5, unique_by=lambda o: o[0]
        )
    )
    news = [News(n, at, by) for n, (at, by) in enumerate(plain)]
    for n, (placed, later, by) in enumerate(orders):
        news.append(News(50 + n, placed))
        news.append(News(60 + n, placed + later, by, placed=placed))
    return tuple(news)


@settings(deadline=None)  # the machine may be busy with other things
@given(history=histories(), rules=ALL_RULES, data=st.data())
def test_news_of_orders_in_any_order_gives_the_same_journeys(
    history: tuple[News, ...], rules: Rules, data: st.DataObject
) -> None:
    in_order = told(sorted(history, key=lambda item: item.day), rules=rules)
    as_it_came = told(data.draw(st.permutations(history)), rules=rules)
    assert shape(as_it_came) == shape(in_order)
    for one in history:
        for other in history:
            together = journey_at(in_order, one.time) == journey_at(in_order, other.time)
            assert (journey_at(as_it_came, one.time) == journey_at(as_it_came, other.time)) == together


@settings(deadline=None)  # the machine may be busy with other things
@given(history=histories(), rules=ALL_RULES, data=st.data())
def test_journeys_are_what_a_diary_says(history: tuple[News, ...], rules: Rules, data: st.DataObject) -> None:
    timeline = told(data.draw(st.permutations(history)), rules=rules)
    assert sum(span.touchpoint_count for span in spans(timeline)) == len(history)
    if not any(item.by_customer for item in history):
        return
    diary = by_hand(history, rules)
    found = spans(timeline)
    assert [span.start_time for span in found][1:] == [begin for begin, _ in diary][1:]
    for span, (_, end) in zip(found, diary, strict=True):
        if end is not None:
            assert span.end_time == end


@settings(deadline=None)  # the machine may be busy with other things
@given(one=histories(days=90, most=8), other=histories(days=90, most=8), rules=ALL_RULES, data=st.data())
def test_two_customers_who_are_one_have_the_journeys_of_somebody_who_always_was_one(
    one: tuple[News, ...], other: tuple[News, ...], rules: Rules, data: st.DataObject
) -> None:
    renumbered = tuple(News(item.number + 100, item.day, item.by_customer, item.placed) for item in other)
    merged = unite(told(one, rules=rules), told(renumbered, name="guest", rules=rules))
    always = told(data.draw(st.permutations([*one, *renumbered])), rules=rules)
    assert shape(merged) == shape(always)


def test_of_two_orders_that_were_done_at_once_the_one_that_was_reached_counts_whichever_is_told_first() -> None:
    cancelled, received = News(61, 1, by_customer=False, placed=1), News(62, 1, by_customer=False, placed=1)
    begun = told([News(0, 0), News(1, 1)])
    both = [told(news, begun) for news in ([cancelled, received], [received, cancelled])]
    both += [
        unite(told([one], begun), told([News(2, 1), other], name="guest"))
        for one, other in ((cancelled, received), (received, cancelled))
    ]
    assert [spans(timeline)[0].why_ended for timeline in both] == [REACHED] * 4


def test_what_i_do_after_i_picked_my_order_up_begins_the_next_journey() -> None:
    timeline = told([News(0, 0), News(1, 1), News(2, 3, placed=1), News(3, 4)])
    first, second = spans(timeline)
    assert (first.end_time, first.until_time, first.touchpoint_count) == (day(3), day(4), 3)
    assert (second.previous_journey_id, second.start_time, second.end_time) == (first.journey_id, day(4), None)
    assert due_time(timeline) == day(34)


def test_a_journey_that_ended_with_its_order_is_not_looked_for_any_more() -> None:
    timeline = told([News(0, 0), News(1, 2, by_customer=False, placed=0)])
    assert [span.end_time for span in spans(timeline)] == [day(2)]
    assert due_time(timeline) is None


def test_an_order_of_an_earlier_journey_ends_none_of_the_later_ones() -> None:
    (first, second) = spans(told([News(0, 0), News(1, 40), News(2, 41, by_customer=False, placed=0), News(3, 42)]))
    assert (first.end_time, second.start_time, second.end_time) == (day(30), day(40), None)
    assert second.touchpoint_count == 3


def test_our_mails_after_an_order_belong_to_the_journey_of_the_order() -> None:
    thanks = News(2, 3, by_customer=False)
    timeline = told([News(0, 0), News(1, 2, placed=0), thanks, News(3, 5)])
    assert [span.touchpoint_count for span in spans(timeline)] == [3, 1]
    assert journey_at(timeline, thanks.time) == "jrn_000"


def test_a_sale_that_the_till_tells_hours_later_parts_what_has_come_since() -> None:
    history = [News(0, 0), News(1, 0.5, by_customer=False), News(2, 0.75), News(3, 1)]
    late = told([News(4, 0.4, placed=0.4)], told(history))
    assert shape(late) == shape(told([history[0], News(4, 0.4, placed=0.4), *history[1:]]))
    first, second = spans(late)
    assert (first.journey_id, first.end_time, first.touchpoint_count) == ("jrn_000", day(0.4), 3)
    assert (second.start_time, second.previous_journey_id) == (day(0.75), "jrn_000")
    assert second.journey_id.startswith("jrn_")


@pytest.mark.parametrize("later", [MAX_TICKS - 1, MAX_TICKS + 5])
def test_an_end_that_is_told_after_very_many_later_touchpoints_is_left_out(later: int) -> None:
    since = [News(10 + n, 1 + n / 1000) for n in range(later)]
    timeline = told([News(0, 0), *since])
    ended = told([News(1, 0.5, placed=0)], timeline)
    assert len(spans(ended)) == (2 if later < MAX_TICKS else 1)
    assert sum(span.touchpoint_count for span in spans(ended)) == later + 2


def test_who_buys_every_day_keeps_a_small_record_and_loses_no_journey() -> None:
    timeline, left = Timeline(), list[Span]()
    for number in range(200):
        timeline, gone = retire(told([News(number, number, placed=number)], timeline))
        left += gone
    assert len(spans(timeline)) == len(timeline.journeys) == MAX_JOURNEYS
    assert len(timeline.ends) <= MAX_ENDS
    assert [span.end_time for span in left] == [day(number) for number in range(190)]
    assert told([News(300, 12.5)], timeline).journeys == timeline.journeys


def test_many_orders_of_long_ago_that_are_done_now_are_not_all_remembered() -> None:
    old = [News(100 + n, 40 + n / 100, by_customer=False, placed=0) for n in range(90)]
    timeline = told([News(0, 0), News(1, 40), *old, News(2, 41)])
    assert len(timeline.ends) == MAX_ENDS
    assert [span.touchpoint_count for span in spans(timeline)] == [1, 92]


def test_an_end_within_what_an_older_version_noted_changes_nothing() -> None:
    older = replace(told([News(0, 0), News(1, 2)]), ticks=())
    assert shape(note_end(older, End(day(1), day(0)))) == shape(older)
    assert [span.end_time for span in spans(note_end(older, End(day(3), day(0))))] == [day(3)]


def test_what_i_do_soon_after_an_end_still_belongs_to_the_journey_where_the_company_says_so() -> None:
    rules = Rules(reentry=2)
    timeline = told([News(0, 0), News(2, 1, placed=0), News(3, 3), News(4, 3.5)], rules=rules)
    first, second = spans(timeline)
    assert (first.end_time, first.last_act_time, first.until_time) == (day(1), day(3), day(3.5))
    assert (first.why_ended, second.previous_journey_id) == (REACHED, first.journey_id)


def test_a_journey_says_why_it_ended_and_which_goals_were_reached_first() -> None:
    timeline = told([News(0, 0), News(1, 1, placed=0), News(3, 2), News(4, 3, by_customer=False, placed=2)])
    cancelled, received = spans(timeline)
    assert [span.why_ended for span in (cancelled, received)] == [CANCELLED, REACHED]
    assert [(one.time, one.touchpoint_id) for one in received.goals] == [(day(3), "tch_004")]


def test_an_order_that_comes_after_its_journey_was_over_counts_for_that_journey() -> None:
    silent = told([News(0, 0), News(1, 40)])
    assert [span.why_ended for span in spans(silent)] == ["silent", ""]
    first, second = spans(told([News(2, 41, by_customer=False, placed=0)], silent))
    assert (first.why_ended, [one.goal_id for one in first.goals]) == (REACHED, ["received"])
    assert (second.why_ended, second.goals) == ("", ())


def test_goals_go_with_their_journeys_when_those_leave_the_record() -> None:
    timeline, left = Timeline(), list[Span]()
    for number in range(30):
        timeline, gone = retire(told([News(number, number, placed=number)], timeline))
        left += gone
    assert all(len(span.goals) == 1 for span in left)
    assert len(timeline.goals) == MAX_JOURNEYS


def test_a_goal_that_is_reached_every_hour_is_shown_once_and_does_not_fill_the_record() -> None:
    timeline = told([News(0, 0)])
    hours = [Reached(day(number / 24), f"tch_{number:04}", "visit", day(number / 24)) for number in range(300)]
    timeline = note_goals(timeline, hours[1:])
    timeline = note_goals(timeline, hours[:1])
    assert len(timeline.goals) == MAX_GOALS
    assert [one.touchpoint_id for one in spans(timeline)[0].goals] == ["tch_0000"]


@settings(deadline=None, max_examples=40)  # the machine may be busy with other things
@given(
    rules=ALL_RULES,
    steps=st.lists(st.tuples(st.sampled_from([1, 2, 3, 9]), st.booleans()), min_size=20, max_size=50),
)
def test_journeys_that_have_left_the_record_are_what_they_would_be_within_it(
    rules: Rules, steps: list[tuple[int, bool]]
) -> None:
    timeline, left, told_so_far, at = Timeline(), list[Span](), list[News](), 0
    for number, (days, is_order) in enumerate(steps):
        at += days
        told_so_far.append(News(number, at, placed=at if is_order else None))
        timeline, gone = retire(told(told_so_far[-1:], timeline, rules=rules))
        left += gone
    whole = spans(told(told_so_far, rules=rules))
    assert [
        (s.start_time, s.end_time, s.touchpoint_count, s.why_ended, s.goals) for s in (*left, *spans(timeline))
    ] == [(s.start_time, s.end_time, s.touchpoint_count, s.why_ended, s.goals) for s in whole]
