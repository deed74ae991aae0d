from datetime import UTC, datetime, timedelta

import pytest

from libs.purposes import CapRule, Purpose, PurposeTable, purpose_table
from services.messaging.deciding.facts import Cap, Facts, Wishes
from services.messaging.deciding.gates import judge
from services.messaging.deciding.verdicts import Send, Skip
from services.messaging.values import Reason, Sending
from tests.services.messaging.samples import EMAIL, IN_APP, NOON, facts, message, yes, zone

DAY = timedelta(days=1)
REMINDER = "cart_reminder"
CALENDAR = CapRule(1, "calendar_day")
WISHES = Wishes(consents=(yes(), yes(IN_APP)))


def rules(*caps: CapRule, of_all: tuple[CapRule, ...] = ()) -> PurposeTable:
    return purpose_table(
        Purpose(REMINDER, is_transactional=False, caps=caps),
        Purpose("news", is_transactional=False),
        Purpose("order", is_transactional=True),
        Purpose("delivery", is_transactional=True, is_counted=True),
        caps=of_all,
    )


def known(
    table: PurposeTable, *sent: Sending, purpose: str = REMINDER, wishes: Wishes = WISHES, **more: object
) -> Facts:
    return facts(purposes=table, purpose=table[purpose], sent=sent, wishes=wishes, **more)


def sent(purpose: str, time: datetime = NOON - timedelta(hours=1), kind: str = "EMAIL") -> Sending:
    return Sending(purpose, time, kind)


@pytest.mark.parametrize(
    ("purpose", "is_full"),
    [("news", True), (REMINDER, True), ("order", False), ("delivery", True), ("gone", True)],
    ids=["marketing", "its own", "transactional", "transactional, counted", "not configured any more"],
)
def test_in_the_cap_over_all_counts_what_is_marketing_or_asked_to_count(purpose: str, is_full: bool) -> None:
    verdict = judge(message(), known(rules(of_all=(CALENDAR,)), sent(purpose))).outcome
    assert verdict == (Skip(Reason.CAP_REACHED) if is_full else Send(EMAIL))


def test_a_cap_of_a_purpose_counts_that_purpose_alone() -> None:
    table = rules(CapRule(1, "rolling", days=7))
    assert judge(message(), known(table, sent("news"))).outcome == Send(EMAIL)
    assert judge(message(), known(table, sent(REMINDER))).outcome == Skip(Reason.CAP_REACHED)


@pytest.mark.parametrize(
    ("time", "zone_name", "is_full"),
    [
        (datetime(2026, 3, 9, 23, 30, tzinfo=UTC), "UTC", False),
        (datetime(2026, 3, 9, 23, 30, tzinfo=UTC), "Europe/Berlin", True),
        (datetime(2026, 3, 10, 0, 30, tzinfo=UTC), "America/New_York", False),
        (datetime(2026, 3, 10, 5, 30, tzinfo=UTC), "America/New_York", True),
    ],
    ids=["yesterday", "today where the customer is", "yesterday where the customer is", "today"],
)
def test_a_calendar_day_is_that_of_the_customer(time: datetime, zone_name: str, is_full: bool) -> None:
    verdict = judge(message(), known(rules(CALENDAR), sent(REMINDER, time), zone=zone(zone_name))).outcome
    assert verdict == (Skip(Reason.CAP_REACHED) if is_full else Send(EMAIL))


def test_a_rolling_day_is_24_hours_and_two_calendar_days_are_yesterday_and_today() -> None:
    lately, before = sent(REMINDER, NOON - timedelta(hours=23)), sent(REMINDER, NOON - timedelta(hours=24))
    assert judge(message(), known(rules(CapRule(1, "rolling")), lately)).outcome == Skip(Reason.CAP_REACHED)
    assert judge(message(), known(rules(CapRule(1, "rolling")), before)).outcome == Send(EMAIL)
    assert judge(message(), known(rules(CapRule(1, "calendar_day", 2)), before)).outcome == Skip(Reason.CAP_REACHED)


def test_a_cap_of_one_way_leaves_the_others_open_unless_that_way_was_asked_for() -> None:
    table = rules(CapRule(1, "rolling", kind="EMAIL"))
    assert judge(message(), known(table, sent(REMINDER))).outcome == Send(IN_APP)
    assert judge(message(), known(table, sent(REMINDER, kind="IN_APP"))).outcome == Send(EMAIL)
    assert judge(message(asked_kind=EMAIL), known(table, sent(REMINDER))).outcome == Skip(Reason.CAP_REACHED)
    only_mail = Wishes(consents=(yes(),))
    assert judge(message(), known(table, sent(REMINDER), wishes=only_mail)).outcome == Skip(Reason.CAP_REACHED)


def test_no_cap_of_the_company_holds_back_what_is_transactional_but_the_customers_own_does() -> None:
    table = rules(of_all=(CapRule(0, "rolling"),))
    assert judge(message(purpose="order"), known(table, purpose="order")).outcome == Send(EMAIL)
    own = Wishes(caps=(Cap("order", 0, DAY),))
    assert judge(message(), known(table, purpose="order", wishes=own)).outcome == Skip(Reason.CAP_REACHED)


def test_what_was_sent_by_a_clock_that_was_ahead_counts() -> None:
    for rule in (CapRule(1, "rolling"), CALENDAR):
        assert judge(message(), known(rules(rule), sent(REMINDER, NOON + 400 * DAY))).outcome == Skip(
            Reason.CAP_REACHED
        )


def test_the_finding_tells_which_cap_and_how_full_it_is() -> None:
    judged = judge(message(), known(rules(of_all=(CapRule(2, "calendar_day"),)), sent("news"), sent("news")))
    assert judged.findings[-1].gate == "caps"
    assert judged.findings[-1].facts == (("company all in 1 calendar days", "2 of 2"),)
