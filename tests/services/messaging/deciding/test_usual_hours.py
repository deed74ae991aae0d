"""The hour at which a customer usually reacts is learned from what was reported of messages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.messaging.campaigns.values import SendWindow
from services.messaging.deciding.usual_hours import best_hour, newest_reactions, preferred_time, reaction_to
from services.messaging.values import Receipt, ReceiptKind
from tests.services.messaging.samples import NOON, message

BERLIN, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
ANY_TIME = SendWindow(0, 0)
ZONES = st.sampled_from([ZoneInfo("UTC"), BERLIN, KOLKATA, ZoneInfo("America/St_Johns"), ZoneInfo("Pacific/Apia")])
WINDOWS = st.builds(SendWindow, st.integers(0, 1439), st.integers(0, 1439))
TIMES = st.lists(st.integers(0, 400 * 24 * 60).map(lambda minutes: NOON - timedelta(minutes=minutes)), max_size=80)


def at(hour: int, *, days_ago: int = 1, zone: ZoneInfo = BERLIN) -> datetime:
    day = (NOON - timedelta(days=days_ago)).astimezone(zone)
    return day.replace(hour=hour, minute=10).astimezone(UTC)


def test_who_reacts_in_the_evening_is_written_to_in_the_evening_and_is_told_why() -> None:
    reactions = [*(at(19, days_ago=day) for day in range(1, 6)), at(8), at(9)]
    usual = best_hour(reactions, SendWindow(8 * 60, 21 * 60), zone=BERLIN, now=NOON)
    assert (usual.hour, usual.learned_from, usual.counts[19]) == (19, 7, 5)
    assert usual.why == "5 of 7 reactions were between 19 and 20"
    wanted = preferred_time(reactions, SendWindow(8 * 60, 21 * 60), zone=BERLIN, now=NOON)
    assert wanted is not None
    assert (wanted.minute, wanted.learned_from) == (19 * 60, 7)


def test_the_hour_is_the_customers_whatever_the_change_of_clocks_did_to_it() -> None:
    # Before and after the end of March: by UTC these are two different hours.
    reactions = [datetime(2026, 3, 26 + day, 19, 10, tzinfo=BERLIN).astimezone(UTC) for day in range(6)]
    usual = best_hour(reactions, ANY_TIME, zone=BERLIN, now=datetime(2026, 4, 2, tzinfo=UTC))
    assert (usual.hour, usual.counts[19]) == (19, 6)


def test_with_four_reactions_chance_would_choose_and_so_nothing_is_chosen() -> None:
    usual = best_hour([at(19)] * 4, ANY_TIME, zone=BERLIN, now=NOON)
    assert (usual.hour, usual.why) == (None, "4 reactions are known, 5 are needed")
    assert preferred_time([at(19)] * 4, ANY_TIME, zone=BERLIN, now=NOON) is None


def test_what_was_lately_counts_for_more() -> None:
    reactions = [*(at(8, days_ago=200) for _ in range(6)), *(at(19, days_ago=3) for _ in range(3))]
    assert best_hour(reactions, ANY_TIME, zone=BERLIN, now=NOON).hour == 19


def test_a_program_that_opens_a_mail_as_it_comes_is_no_customer() -> None:
    sent = message(send_time=NOON)
    soon, later = NOON + timedelta(seconds=20), NOON + timedelta(hours=1)
    assert reaction_to(sent, Receipt(ReceiptKind.OPENED, soon)) is None
    assert reaction_to(sent, Receipt(ReceiptKind.CLICKED, soon)) == soon
    assert reaction_to(sent, Receipt(ReceiptKind.OPENED, later)) == later
    assert reaction_to(sent, Receipt(ReceiptKind.DELIVERED, later)) is None
    opened = replace(sent, receipts=(Receipt(ReceiptKind.OPENED, later),))
    assert reaction_to(opened, Receipt(ReceiptKind.CLICKED, later)) is None


@given(TIMES, WINDOWS, ZONES)
def test_an_hour_that_is_chosen_begins_in_the_window_and_had_reactions(
    reactions: list[datetime], window: SendWindow, zone: ZoneInfo
) -> None:
    usual = best_hour(reactions, window, zone=zone, now=NOON)
    assert sum(usual.counts) == usual.learned_from <= len(reactions)
    if usual.hour is not None:
        length = (window.end_minute - window.start_minute) % 1440 or 1440
        assert (usual.hour * 60 - window.start_minute) % 1440 < length
        assert usual.counts[usual.hour] > 0
        assert usual == best_hour(reactions[::-1], window, zone=zone, now=NOON)


@given(TIMES, TIMES)
def test_two_who_become_one_lose_no_reaction_that_there_is_room_for(one: list[datetime], other: list[datetime]) -> None:
    joined = newest_reactions((*newest_reactions(one), *newest_reactions(other)))
    assert joined == newest_reactions((*one, *other))
    assert len(joined) <= 64
