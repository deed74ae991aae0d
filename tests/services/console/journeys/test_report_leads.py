"""Every number of the report leads to the search that shows those journeys."""

from datetime import date
from urllib.parse import parse_qs, urlsplit

from omnithread.common.v1.channel_pb2 import ChannelKind
from omnithread.context.v1.journey_service_pb2 import (
    JourneyGoalCount,
    JourneyHandover,
    JourneyPathReport,
    JourneyReport,
    JourneyTotals,
)
from services.console.journeys.asking import Search, search_of
from services.console.journeys.report import Leads, goal_of_all

WEB, STORE = ChannelKind.CHANNEL_KIND_WEB, ChannelKind.CHANNEL_KIND_STORE
WINDOW = Search(time="start", from_day=date(2026, 11, 1), to_day=date(2026, 11, 30), zone="Europe/Berlin")
LEADS = Leads(WINDOW, goal="purchase", first="")


def meant(address: str) -> Search:
    """Give the search to which an address leads."""
    search, faults = search_of(parse_qs(urlsplit(address).query))
    assert faults == []
    return search


def test_a_way_leads_to_exactly_that_way() -> None:
    path = JourneyPathReport(path=[WEB, STORE])
    search = meant(LEADS.path(path))
    assert (search.path, search.exact_path, search.goal) == (("web", "store"), True, "")
    assert (search.from_day, search.to_day, search.time, search.zone) == (
        date(2026, 11, 1),
        date(2026, 11, 30),
        "start",
        "Europe/Berlin",
    )
    assert meant(LEADS.path(path, reached=True)).goal == "purchase"


def test_what_no_search_can_ask_for_leads_nowhere() -> None:
    assert LEADS.path(JourneyPathReport(path=[WEB] * 9)) == ""
    assert LEADS.path(JourneyPathReport(path=[WEB], truncated=True)) == ""
    assert LEADS.path(JourneyPathReport()) == ""
    assert Leads(WINDOW, goal="", first="").reached() == ""
    assert Leads(WINDOW, goal="", first="web").all() == ""


def test_a_hand_over_leads_to_both_channels_in_this_order_and_a_day_to_that_day() -> None:
    search = meant(LEADS.handover(JourneyHandover(from_kind=STORE, to_kind=WEB)))
    assert (search.path, search.exact_path) == (("store", "web"), False)
    assert meant(LEADS.day("2026-11-07")).from_day == date(2026, 11, 7)


def test_the_goal_that_all_reached_stands_for_any() -> None:
    goals = [
        JourneyGoalCount(goal_id="picked_up", journey_count=2),
        JourneyGoalCount(goal_id="bought", journey_count=5),
    ]
    assert goal_of_all(JourneyReport(totals=JourneyTotals(reached_count=5, goals=goals))) == "bought"
    assert goal_of_all(JourneyReport(totals=JourneyTotals(reached_count=6, goals=goals))) == ""
