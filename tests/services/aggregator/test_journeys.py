from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from services.aggregator.journey_spans import due_time, journey_at, spans
from services.aggregator.journey_values import GAP, MAX_JOURNEYS, MAX_LOOSE_TIMES, Timeline
from services.aggregator.journeys import note_act, note_other, retire, unite

DAY_0 = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class News:
    """One touchpoint, as the timeline hears of it."""

    number: int
    day: float
    by_customer: bool

    @property
    def time(self) -> datetime:
        return DAY_0 + timedelta(days=self.day)


def day(number: float) -> datetime:
    return DAY_0 + timedelta(days=number)


def told(
    news: Iterable[News], timeline: Timeline | None = None, name: str = "jrn", gap_days: int = GAP.days
) -> Timeline:
    timeline = timeline or Timeline()
    for item in news:
        journey_id = f"{name}_{item.number:03}"
        if item.by_customer:
            timeline = note_act(
                timeline,
                time=item.time,
                channel_id=f"channel-{item.number}",
                journey_id=journey_id,
                gap_days=gap_days,
            )
        else:
            timeline = note_other(timeline, time=item.time, journey_id=journey_id, gap_days=gap_days)
    return timeline


def acts(*days: float) -> tuple[News, ...]:
    return tuple(News(number=number, day=at, by_customer=True) for number, at in enumerate(days))


def shape(timeline: Timeline) -> list[tuple[object, ...]]:
    """What is the same whatever the names of the journeys."""
    return [
        (s.start_time, s.last_act_time, s.end_time, s.until_time, s.touchpoint_count, s.channel_ids)
        for s in spans(timeline)
    ]


def companions(timeline: Timeline, news: Iterable[News]) -> set[frozenset[int]]:
    together: dict[str, set[int]] = {}
    for item in news:
        together.setdefault(journey_at(timeline, item.time), set()).add(item.number)
    return {frozenset(numbers) for numbers in together.values()}


GAPS = st.sampled_from([1, 7, 30, 90])
"""What a company may configure."""


@st.composite
def histories(draw: st.DrawFn, days: int = 250, most: int = 25) -> tuple[News, ...]:
    found = draw(st.lists(st.tuples(st.integers(0, days), st.booleans()), min_size=1, max_size=most))
    return tuple(News(number=n, day=at, by_customer=by) for n, (at, by) in enumerate(found))


@settings(deadline=None)  # the machine may be busy with other things
@given(history=histories(), gap_days=GAPS, data=st.data())
def test_news_in_any_order_gives_the_same_journeys(
    history: tuple[News, ...], gap_days: int, data: st.DataObject
) -> None:
    in_order = told(sorted(history, key=lambda item: item.day), gap_days=gap_days)
    as_it_came = told(data.draw(st.permutations(history)), gap_days=gap_days)
    assert shape(as_it_came) == shape(in_order)
    assert companions(as_it_came, history) == companions(in_order, history)


@settings(deadline=None)  # the machine may be busy with other things
@given(history=histories(), gap_days=GAPS, data=st.data())
def test_nothing_is_lost_and_every_id_once_told_still_leads_to_its_touchpoint(
    history: tuple[News, ...], gap_days: int, data: st.DataObject
) -> None:
    timeline, told_ids = Timeline(), dict[int, str]()
    for item in data.draw(st.permutations(history)):
        timeline = told([item], timeline, gap_days=gap_days)
        told_ids[item.number] = journey_at(timeline, item.time)
    known = spans(timeline)
    assert sum(span.touchpoint_count for span in known) == len(history)
    for item in history:
        assert any(span.is_named(told_ids[item.number]) for span in known)
        if item.by_customer:
            now_in = next(span for span in known if span.journey_id == journey_at(timeline, item.time))
            assert now_in.is_named(told_ids[item.number])


@settings(deadline=None)  # the machine may be busy with other things
@given(history=histories(), gap_days=GAPS)
def test_each_journey_names_the_one_before_and_has_no_silence_of_more_days_than_configured(
    history: tuple[News, ...], gap_days: int
) -> None:
    timeline = told(history, gap_days=gap_days)
    previous = ""
    for span in spans(timeline):
        assert span.previous_journey_id == previous
        previous = span.journey_id
        times = sorted(
            item.time for item in history if item.by_customer and journey_at(timeline, item.time) == previous
        )
        assert all(later - earlier <= timedelta(days=gap_days) for earlier, later in pairwise(times))


@settings(deadline=None)  # the machine may be busy with other things
@given(one=histories(days=200, most=12), other=histories(days=200, most=12), data=st.data())
def test_two_customers_who_are_one_have_the_journeys_of_somebody_who_always_was_one(
    one: tuple[News, ...], other: tuple[News, ...], data: st.DataObject
) -> None:
    renumbered = tuple(News(number=item.number + 100, day=item.day, by_customer=item.by_customer) for item in other)
    merged = unite(told(one), told(renumbered, name="guest"))
    always = told(data.draw(st.permutations([*one, *renumbered])))
    assert shape(merged) == shape(always)
    for item in (*one, *renumbered):
        timeline = told(one) if item in one else told(renumbered, name="guest")
        assert any(span.is_named(journey_at(timeline, item.time)) for span in spans(merged))


def test_who_comes_back_within_a_week_is_on_the_same_journey_where_the_company_says_a_week() -> None:
    assert [span.touchpoint_count for span in spans(told(acts(0, 7, 15), gap_days=7))] == [2, 1]
    assert due_time(told(acts(0), gap_days=7)) == day(7)


def test_a_new_silence_counts_from_the_next_act_on_and_changes_nothing_that_has_happened() -> None:
    before = told(acts(0))
    assert due_time(before) == day(30)
    shorter = told([News(number=5, day=20, by_customer=True)], before, gap_days=7)
    assert ([span.touchpoint_count for span in spans(shorter)], due_time(shorter)) == ([2], day(27))
    longer = told([News(number=5, day=20, by_customer=True)], before, gap_days=90)
    assert ([span.touchpoint_count for span in spans(longer)], due_time(longer)) == ([2], day(110))
    (ended, _) = spans(told([News(number=5, day=31, by_customer=True)], before, gap_days=90))
    assert ended.end_time == day(30)


def test_a_customer_who_comes_back_within_thirty_days_is_on_the_same_journey() -> None:
    (span,) = spans(told(acts(0, 30, 60)))
    assert (span.journey_id, span.touchpoint_count) == ("jrn_000", 3)
    assert span.channel_ids == ("channel-0", "channel-1", "channel-2")


def test_after_thirty_days_of_silence_the_next_journey_begins_and_names_the_last() -> None:
    first, second = spans(told(acts(0, 31)))
    assert (first.end_time, first.until_time) == (day(30), day(31))
    assert (second.previous_journey_id, second.end_time) == (first.journey_id, None)


def test_our_own_mails_do_not_prolong_a_journey() -> None:
    mails = tuple(News(number=n, day=n, by_customer=False) for n in range(10, 41, 10))
    first, second = spans(told([*acts(0), *mails, News(number=50, day=41, by_customer=True)]))
    assert (first.last_act_time, first.touchpoint_count) == (day(0), 5)
    assert second.start_time == day(41)


def test_a_late_act_between_two_journeys_makes_them_one_and_both_names_lead_there() -> None:
    (span,) = spans(told(acts(0, 50, 25)))
    assert (span.journey_id, span.joined_ids, span.touchpoint_count) == ("jrn_000", ("jrn_001",), 3)


def test_a_late_act_after_a_long_silence_takes_over_the_mails_that_followed_it() -> None:
    mail = News(number=40, day=40, by_customer=False)
    before = told([*acts(0), mail])
    assert journey_at(before, mail.time) == "jrn_000"
    after = told([News(number=35, day=35, by_customer=True)], before)
    assert journey_at(after, mail.time) == "jrn_035"
    assert [span.touchpoint_count for span in spans(after)] == [1, 2]


def test_a_journey_is_over_when_somebody_looked_after_thirty_days_and_goes_on_when_a_late_act_turns_up() -> None:
    timeline = told(acts(0))
    assert due_time(timeline) == day(30)
    looked = Timeline(journeys=timeline.journeys, first_time=timeline.first_time, looked_time=day(30.1))
    assert (spans(looked)[0].end_time, due_time(looked)) == (day(30), None)
    late = told([News(number=20, day=20, by_customer=True)], looked)
    assert (spans(late)[0].end_time, due_time(late)) == (None, day(50))


def test_somebody_who_only_got_mails_has_a_journey_and_keeps_it_when_they_act() -> None:
    mails = told(News(number=n, day=n, by_customer=False) for n in (3, 1))
    (span,) = spans(mails)
    assert (span.start_time, span.last_act_time, span.touchpoint_count) == (day(1), None, 2)
    assert due_time(mails) == day(31)
    (span,) = spans(told([News(number=9, day=200, by_customer=True)], mails))
    assert (span.journey_id, span.start_time, span.last_act_time) == ("jrn_003", day(1), day(200))


def test_a_record_holds_ten_journeys_and_lets_older_ones_go_as_they_are() -> None:
    timeline, gone = retire(told(acts(*range(0, 40 * 12, 40))))
    assert [span.journey_id for span in gone] == ["jrn_000", "jrn_001"]
    assert [span.until_time for span in gone] == [day(40), day(80)]
    kept = spans(timeline)
    assert len(kept) == MAX_JOURNEYS
    assert kept[0].previous_journey_id == "jrn_001"


def test_what_happened_before_all_that_the_record_holds_belongs_to_the_journeys_that_have_left() -> None:
    timeline, _ = retire(told(acts(*range(0, 40 * 12, 40))))
    for by_customer in (True, False):
        late = News(number=99, day=41, by_customer=by_customer)
        assert told([late], timeline) == timeline
        assert journey_at(timeline, late.time) == "jrn_001"


def test_many_mails_to_a_silent_customer_stay_counted() -> None:
    mails = tuple(News(number=n, day=50 + n, by_customer=False) for n in range(1, MAX_LOOSE_TIMES + 21))
    timeline = told([*acts(0), *mails])
    assert len(timeline.loose_times) == MAX_LOOSE_TIMES
    assert spans(timeline)[0].touchpoint_count == 1 + len(mails)


def test_a_clock_that_stands_in_the_year_one_breaks_nothing() -> None:
    timeline = note_act(told(acts(0)), time=datetime(1, 1, 1, tzinfo=UTC), channel_id="till", journey_id="jrn_long_ago")
    assert [span.journey_id for span in spans(timeline)] == ["jrn_long_ago", "jrn_000"]
