"""What the form says is what the suite is asked, and nonsense is said to be."""

from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnithread.common.v1.channel_pb2 import ChannelKind
from omnithread.context.v1.context_pb2 import JourneyOutcome
from services.console.journeys.asking import KINDS, OUTCOME_WORDS, Search, search_of


def test_web_then_mail_then_store_stuck_for_a_day() -> None:
    search, faults = search_of(
        {"path": ["web", "", "email", "store"], "stuck": ["24"], "problem": ["1"], "exact": ["1"]}
    )
    assert faults == []
    asked = search.request()
    assert list(asked.path) == [
        ChannelKind.CHANNEL_KIND_WEB,
        ChannelKind.CHANNEL_KIND_EMAIL,
        ChannelKind.CHANNEL_KIND_STORE,
    ]
    assert (asked.exact_path, asked.has_problem, asked.stuck_for.seconds) == (True, True, 24 * 3600)


def test_days_are_those_of_the_zone_and_the_last_one_counts() -> None:
    search, _ = search_of({"from": ["2026-11-01"], "to": ["2026-11-02"], "zone": ["Europe/Berlin"]})
    asked = search.request()
    assert asked.from_time.ToDatetime(UTC) == datetime(2026, 10, 31, 23, tzinfo=UTC)
    assert asked.to_time.ToDatetime(UTC) == datetime(2026, 11, 2, 23, tzinfo=UTC)


def test_what_goes_on_has_no_outcome() -> None:
    going_on = search_of({"outcome": ["going_on"]})[0].request()
    assert (going_on.going_on, going_on.outcome) == (True, JourneyOutcome.JOURNEY_OUTCOME_UNSPECIFIED)
    silent = search_of({"outcome": ["inactive"]})[0].request()
    assert (silent.going_on, silent.outcome) == (False, JourneyOutcome.JOURNEY_OUTCOME_INACTIVE)


@pytest.mark.parametrize(
    "asked",
    [
        {"path": ["fax"]},
        {"path": ["web"] * 9},
        {"stuck": ["soon"]},
        {"stuck": ["-1"]},
        {"stuck": ["99999999999999"]},
        {"stuck": ["5"], "outcome": ["cancelled"]},
        {"from": ["2026-13-01"]},
        {"from": ["0001-01-01"]},
        {"from": ["2026-11-02"], "to": ["2026-11-01"]},
        {"goal": ["a b"]},
        {"channel": ["x" * 65]},
    ],
)
def test_what_cannot_be_meant_is_said_and_left_out(asked: dict[str, list[str]]) -> None:
    search, faults = search_of(asked)
    assert len(faults) == 1
    search.request()


@given(
    st.builds(
        Search,
        path=st.lists(st.sampled_from(sorted(KINDS)), max_size=8).map(tuple),
        outcome=st.sampled_from(sorted(OUTCOME_WORDS)),
        goal=st.text("ab-_9", max_size=8),
        time=st.sampled_from(["start", "last_act"]),
        from_day=st.dates(datetime(2020, 1, 1).date(), datetime(2030, 1, 1).date()),  # noqa: DTZ001  a day
        zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Tokyo"]),
        problem=st.booleans(),
    )
)
def test_an_address_leads_to_the_search_it_was_made_of(search: Search) -> None:
    assert search_of(parse_qs(search.query)) == (search, [])


@given(st.dictionaries(st.sampled_from(["path", "from", "to", "zone", "stuck", "goal", "time"]), st.lists(st.text())))
def test_no_address_does_more_than_being_corrected(asked: dict[str, list[str]]) -> None:
    search_of(asked)[0].request()
