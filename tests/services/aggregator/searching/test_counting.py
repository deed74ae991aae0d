"""Counting journeys: what is added up, in whatever order and in however many parts, comes to the same."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnithread.common.v1 import channel_pb2
from omnithread.context.v1 import context_pb2 as context
from services.aggregator.journey_values import Reached, Span
from services.aggregator.searching.behind import Freshness
from services.aggregator.searching.card_fields import card_from_document, card_to_document
from services.aggregator.searching.cards import Card, marks_of
from services.aggregator.searching.counts import OTHER_WAYS, Counts
from services.aggregator.searching.day_fields import MOST_ENDS, MOST_WAYS, parts_from_fields, parts_to_fields
from services.aggregator.searching.day_marks import bounds_of, day_of
from services.aggregator.searching.places import leads_over, place_of
from services.aggregator.searching.report_convert import report_to_proto
from services.aggregator.searching.reports import Asked, Report
from services.aggregator.searching.searches import Wanted
from services.aggregator.searching.searches import marks_of as wanted_marks
from services.aggregator.searching.sketches import HALF, bucket_of, quantile, seconds_of
from services.aggregator.searching.trails import Trail, nanos_of
from services.aggregator.values import Touchpoint

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
MESSAGE, VIEWED = context.TOUCHPOINT_KIND_MESSAGE, context.TOUCHPOINT_KIND_PRODUCT_VIEWED
KINDS = [channel_pb2.CHANNEL_KIND_WEB, channel_pb2.CHANNEL_KIND_STORE, channel_pb2.CHANNEL_KIND_EMAIL]
ways = st.text(alphabet="WASE", max_size=9).map(lambda way: "".join(letter for letter, _ in groupby(way)))


def happened(
    number: int,
    *,
    channel_kind: int = channel_pb2.CHANNEL_KIND_WEB,
    kind: int = VIEWED,
    by_customer: bool = True,
    subject: str = "",
    **attributes: str,
) -> Touchpoint:
    return Touchpoint(
        touchpoint_id=f"tch_{number:04}",
        kind=kind,
        channel_id="here",
        channel_kind=channel_kind,
        occur_time=BEGIN + timedelta(seconds=37 * number**2),
        by_customer=by_customer,
        area="cart",
        subject=subject,
        attributes=tuple(sorted(attributes.items())),
    )


def a_life(seed: int, length: int) -> list[Touchpoint]:
    dice = random.Random(seed)
    return [
        happened(
            number,
            channel_kind=dice.choice(KINDS),
            kind=dice.choice([VIEWED, MESSAGE, context.TOUCHPOINT_KIND_ORDER_PLACED, context.TOUCHPOINT_KIND_PROBLEM]),
            by_customer=dice.random() < 0.7,
            total="5.00 EUR",
            delivery=dice.choice(["email", "sms", "in app"]),
            state=dice.choice(["sent", "queued"]),
        )
        for number in range(length)
    ]


def card(trail: Trail, *, start_time: datetime = BEGIN, end_time: datetime | None = None, goal: str = "") -> Card:
    goals = (Reached(BEGIN, "tch_1", goal, BEGIN),) if goal else ()
    span = Span("jrn_1", (), "", start_time, start_time, end_time, None, trail.count, ("here",), "silent", goals)
    return Card("cus_1", span, trail, Trail())


@given(st.integers(0, 999), st.integers(0, 40), st.integers(0, 40))
def test_a_journey_followed_in_two_parts_and_kept_between_them_is_the_same(seed: int, length: int, stop: int) -> None:
    life = a_life(seed, length)
    whole = Trail().followed(life)
    first = card_to_document(card(Trail().followed(life[:stop])))
    kept = card_from_document(first).trail
    assert kept.followed(life[stop:]) == whole
    assert kept == Trail().followed(life[:stop])


@given(st.lists(st.integers(0, 999), max_size=6), st.integers(0, 6))
def test_days_that_were_kept_and_added_are_as_if_counted_together(seeds: list[int], stop: int) -> None:
    cards = [
        card(
            Trail().followed(a_life(seed, seed % 30)),
            end_time=BEGIN if seed % 2 else None,
            goal="purchase" if seed % 3 else "",
        )
        for seed in seeds
    ]
    whole, parts = Counts(), [Counts(), Counts()]
    for number, one in enumerate(cards):
        whole.add(one)
        parts[number < stop].add(one)
    added = Counts()
    for part in parts:
        added.take(parts_from_fields(parts_to_fields({"W": part}))["W"])
    assert +added.lasts == +whole.lasts
    added.lasts = whole.lasts
    assert added == whole


def test_of_a_day_with_too_many_ways_the_rest_is_one_sum() -> None:
    counts = Counts()
    for number in range(MOST_WAYS + 50):
        way = f"{number:08b}".replace("0", "W").replace("1", "S")
        counts.add(card(Trail(way=way, step_count=len(way), here="W")))
        if number < 5:
            counts.add(card(Trail(way=way, step_count=len(way), here="W")))
    kept = parts_from_fields(parts_to_fields({"W": counts}))["W"]
    assert len(kept.ways) == MOST_WAYS + 1
    assert kept.ways[OTHER_WAYS].count == 50
    assert sum(tally.count for tally in kept.ways.values()) == kept.journeys.count == MOST_WAYS + 55


def test_of_a_day_with_too_many_endings_all_are_in_the_total() -> None:
    counts = Counts()
    for number in range(MOST_ENDS + 50):
        counts.add(card(Trail(last_kind=VIEWED, last_problem=f"REASON_{number}"), end_time=BEGIN))
    kept = parts_from_fields(parts_to_fields({"": counts}))[""]
    asked = Asked(BEGIN.date(), BEGIN.date(), max_rows=1000)
    report = report_to_proto(Report(asked, kept, (), Freshness(BEGIN, 0), 0, ZoneInfo("UTC")))
    assert report.totals.broken_count == report.totals.journey_count == MOST_ENDS + 50
    assert {broken.journey_count for broken in report.breaks} == {1}
    assert len(report.breaks) == MOST_ENDS


@given(st.lists(st.integers(1, 60 * 60 * 24 * 400), min_size=1))
def test_the_median_is_told_within_a_tenth(seconds: list[int]) -> None:
    counts = Counter(bucket_of(one) for one in seconds)
    median = sorted(seconds)[(len(seconds) - 1) // 2]
    assert quantile(counts, HALF) == pytest.approx(median, rel=0.1, abs=1)


def test_less_than_a_second_is_none_and_a_lifetime_is_not_forgotten() -> None:
    assert quantile({}, HALF) == 0
    assert seconds_of(bucket_of(0.4)) == 0
    assert seconds_of(bucket_of(10**12)) > 10**9


@pytest.mark.parametrize(
    ("touchpoint", "place"),
    [
        (happened(1), "W"),
        (happened(1, by_customer=False), ""),
        (happened(1, channel_kind=channel_pb2.CHANNEL_KIND_SYSTEM), ""),
        (happened(1, channel_kind=99), ""),
        (happened(1, kind=MESSAGE, by_customer=False, delivery="email", state="sent"), "E"),
        (happened(1, kind=MESSAGE, by_customer=False, delivery="email", state="queued"), ""),
        (happened(1, kind=MESSAGE, by_customer=False, delivery="in app", state="sent"), ""),
        (happened(1, kind=MESSAGE, by_customer=True, delivery="sms", receipt="clicked"), "T"),
        (happened(1, kind=MESSAGE, by_customer=False, delivery="email", receipt="opened"), ""),
    ],
)
def test_a_mail_that_went_out_is_a_step_and_one_that_waits_is_none(touchpoint: Touchpoint, place: str) -> None:
    assert place_of(touchpoint) == place


@given(ways, ways)
def test_a_way_is_found_by_its_words_wherever_it_leads_over_what_is_wanted(way: str, wanted: str) -> None:
    marks = set(marks_of(card(Trail(way=way, step_count=len(way)))))
    if leads_over(way, wanted):
        assert set(wanted_marks(Wanted(way=wanted))) <= marks
    if way == wanted and way:
        assert set(wanted_marks(Wanted(way=wanted, exact_way=True))) <= marks


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # as it wants them
    st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Beirut", "Pacific/Apia", "America/St_Johns"]),
)
def test_a_moment_lies_within_its_day_by_whatever_clock(moment: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    begin, until = bounds_of(day_of(moment, zone), zone)
    assert begin <= moment < until


def test_the_day_that_samoa_left_out_is_empty() -> None:
    begin, until = bounds_of(date(2011, 12, 30), ZoneInfo("Pacific/Apia"))
    assert begin == until


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("59.90 EUR", ("EUR", 59_900_000_000)),
        ("500 JPY", ("JPY", 500_000_000_000)),
        ("-0.50 EUR", ("EUR", -500_000_000)),
        ("", None),
        ("much EUR", None),
        ("5", None),
        ("1.0000000001 EUR", None),
    ],
)
def test_what_was_spent_is_read_as_it_was_written(text: str, amount: tuple[str, int] | None) -> None:
    assert nanos_of(text) == amount
