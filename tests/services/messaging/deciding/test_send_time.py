from datetime import UTC, datetime, timedelta

import pytest

from libs.purposes import purpose_table
from services.messaging.campaigns.values import SendWindow
from services.messaging.deciding.facts import PreferredTime, Wishes
from services.messaging.deciding.gates import judge
from services.messaging.deciding.quiet_hours import QuietHours
from services.messaging.deciding.verdicts import Send, Wait
from tests.services.messaging.samples import EMAIL, NOON, facts, message, yes, zone

AT_ONCE = purpose_table(spread_seconds=0)
AFTERNOON, NIGHT = SendWindow(13 * 60, 20 * 60), SendWindow(22 * 60, 2 * 60)


def hour(hours: int, *, day: int = 10) -> datetime:
    return datetime(2026, 3, day, hours, tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "usual", "until"),
    [
        (AFTERNOON, None, hour(13)),
        (AFTERNOON, 18, hour(18)),
        (AFTERNOON, 3, hour(13)),
        (SendWindow(8 * 60, 20 * 60), None, None),
        (SendWindow(8 * 60, 20 * 60), 12, None),
        (SendWindow(8 * 60, 20 * 60), 18, hour(18)),
        (SendWindow(8 * 60, 20 * 60), 9, hour(9, day=11)),
        (SendWindow(0, 0), 18, hour(18)),
        (NIGHT, None, hour(22)),
        (NIGHT, 1, hour(1, day=11)),
    ],
)
def test_it_waits_for_the_customers_usual_hour_in_the_window_else_for_the_window(
    window: SendWindow, usual: int | None, until: datetime | None
) -> None:
    preferred = None if usual is None else PreferredTime(usual * 60, 12)
    verdict = judge(message(send_window=window), facts(preferred_time=preferred, purposes=AT_ONCE)).outcome
    assert verdict == (Send(EMAIL) if until is None else Wait(until))


def test_what_would_be_too_late_by_the_usual_hour_goes_as_soon_as_the_window_is_open() -> None:
    dying = message(send_window=SendWindow(8 * 60, 20 * 60), expire_time=NOON + timedelta(hours=2))
    assert judge(dying, facts(preferred_time=PreferredTime(18 * 60), purposes=AT_ONCE)).outcome == Send(EMAIL)


def test_a_usual_hour_in_quiet_hours_is_not_waited_for() -> None:
    quiet = Wishes(consents=(yes(),), quiet_hours=QuietHours(17 * 60, 19 * 60))
    known = facts(preferred_time=PreferredTime(18 * 60), wishes=quiet, purposes=AT_ONCE)
    assert judge(message(send_window=SendWindow(8 * 60, 20 * 60)), known).outcome == Send(EMAIL)


def test_the_window_is_by_the_customers_clock_and_spread() -> None:
    known = facts(zone=zone("Asia/Kathmandu"), purposes=purpose_table(spread_seconds=600))
    verdict = judge(message(send_window=SendWindow(9 * 60, 10 * 60)), known).outcome
    assert isinstance(verdict, Wait)
    assert timedelta(0) <= verdict.until - datetime(2026, 3, 11, 3, 15, tzinfo=UTC) <= timedelta(minutes=10)
