"""Whatever a gate can find has words of its own."""

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from libs.purposes import CapRule, purpose_table
from services.messaging.campaigns.values import SendWindow
from services.messaging.deciding.facts import Bought, CartNow, Pause, Suppressed, Wishes
from services.messaging.deciding.gates import GATES, Judged, judge
from services.messaging.deciding.judgement import Finding, Judgement
from services.messaging.deciding.quiet_hours import QuietHours
from services.messaging.deciding.verdicts import Wait
from services.messaging.explaining.supposing import cart_finding
from services.messaging.explaining.words import SENTENCES, words_of_finding, words_of_judgement
from services.messaging.values import DeliveryKind, Sending
from tests.services.messaging.samples import EMAIL, IN_APP, NOON, SMS, facts, message, no, yes

REMINDER = message(cart_id="crt_1", idle_since_time=NOON - timedelta(hours=2))
CART = CartNow("crt_1", False, NOON - timedelta(hours=2), frozenset())
CAPPED = purpose_table(caps=(CapRule(0, "rolling"),), quiet_hours=(0, 60))
SENT = Sending("newsletter", NOON - timedelta(hours=3), "EMAIL")
TRANSACTIONAL = purpose_table()["identity_code"]
WISHES = Wishes(consents=(yes(), yes(IN_APP)))


def situations() -> list[Judged]:
    carts = [CART, None, replace(CART, is_empty=True), CartNow("crt_2", False, NOON, frozenset({"crt_1"}))]
    wishes = [
        WISHES,
        Wishes(consents=(no(),)),
        replace(WISHES, pauses=(Pause("", NOON + timedelta(hours=1)),)),
        replace(WISHES, quiet_hours=QuietHours(600, 900)),
        replace(WISHES, quiet_hours=QuietHours(600, 600)),
        replace(WISHES, preferred_kinds=(SMS, EMAIL)),
    ]
    worlds: list[dict[str, Any]] = [
        {},
        {"purposes": CAPPED},
        {"purpose": TRANSACTIONAL},
        {"contact_points": {}},
        {"provided_kinds": ()},
        {"suppressed": {EMAIL: Suppressed("BOUNCED", NOON, everything=True)}},
        {"bought": (Bought(frozenset({"shoe"}), NOON),)},
    ]
    messages = [REMINDER, message(sku="shoe", asked_kind=EMAIL), message(send_window=SendWindow(840, 900))]
    return [
        judge(one, facts(cart=cart, wishes=wish, **world))
        for one, cart, wish, world in itertools.product(messages, carts, wishes, worlds)
    ]


def test_every_finding_is_said_in_words_and_every_gate_was_heard() -> None:
    found = {finding for judged in situations() for finding in judged.findings}
    for finding in found:
        words = words_of_finding(finding)
        assert words.endswith(".")
        assert not {"{", "}", "?"} & set(words), (finding, words)
        assert (finding.gate, finding.reason) in SENTENCES or finding.gate == "way"
    assert len({finding.gate for finding in found}) == len(GATES)
    assert {"ORDER_PLACED", "NO_CONSENT", "SUPPRESSED", "PAUSED", "CAP_REACHED", "QUIET_HOURS", "SEND_TIME"} <= {
        finding.reason for finding in found
    }


def test_the_gates_are_asked_in_their_order_and_only_the_last_one_asked_ends_the_matter() -> None:
    order = [finding.gate for finding in judge(message(), facts()).findings]
    assert order == [
        "relevant",
        "not_bought",
        "consent",
        "suppression",
        "pauses",
        "caps",
        "way",
        "quiet_hours",
        "send_time",
    ]
    for judged in situations():
        asked = [finding.gate for finding in judged.findings]
        assert asked == order[: len(asked)]
        assert {finding.verdict for finding in judged.findings[:-1]} <= {"PASS"}
        assert judged.findings[-1].verdict != "WAIT" or isinstance(judged.outcome, Wait)


@pytest.mark.parametrize(
    ("finding", "words"),
    [
        (
            Finding("provider", "WAIT", "PROVIDER_BUSY", (("provider", "texts"),)),
            "It may go, and the provider texts has no room now: it keeps its place.",
        ),
        (
            Finding("content", "SKIP", "NOT_PREPARED"),
            "The text could not be made, as often as it was tried, because of a fault of ours.",
        ),
        (
            Finding("content", "SKIP", "NO_ARTICLE"),
            "The text tells of an article that is not sold, or of which the catalogue told nothing.",
        ),
    ],
)
def test_what_comes_after_the_gates_is_said_in_words_too(finding: Finding, words: str) -> None:
    assert words_of_finding(finding) == words


def test_a_finding_of_a_newer_version_is_still_told_of() -> None:
    assert words_of_finding(Finding("weather", "SKIP", "RAIN")) == "weather: RAIN."


@pytest.mark.parametrize(
    ("cart", "words"),
    [
        (CartNow("crt_1", True, None, frozenset()), "There is no cart with anything in it."),
        (
            CartNow("crt_1", False, NOON - timedelta(minutes=3), frozenset(), NOON + timedelta(minutes=57)),
            "The cart was left alone for 3 minutes of 60.",
        ),
        (
            CartNow("crt_1", False, NOON - timedelta(minutes=90), frozenset()),
            "The cart was left alone for long enough, and that was announced.",
        ),
    ],
)
def test_a_cart_is_told_of_by_how_long_it_was_left_alone(cart: CartNow, words: str) -> None:
    assert words_of_finding(cart_finding(cart, NOON)) == words


def test_a_judgement_says_until_when_a_message_waits_and_why() -> None:
    judged = judge(message(), facts(wishes=replace(WISHES, quiet_hours=QuietHours(600, 900))))
    waits = Judgement(NOON, "", "WAIT", "QUIET_HOURS", NOON + timedelta(hours=3), judged.findings)
    assert words_of_judgement(waits) == (
        "It waits until 2026-03-10 15:00 UTC (QUIET_HOURS). It is 12:00 for the customer (UTC, as the customer said), "
        "within the quiet hours 10:00-15:00."
    )


def test_ways_are_named_as_people_do() -> None:
    closed = judge(message(asked_kind=DeliveryKind.SMS), facts(wishes=Wishes(consents=(yes(SMS),))))
    assert words_of_finding(closed.findings[-1]) == "No way is open: SMS: the template has no form for it."


def test_a_message_that_went_tells_what_let_it_go() -> None:
    said = replace(yes(), channel_id="web-shop")
    rules = purpose_table(caps=(CapRule(3, "calendar_day"),), quiet_hours=(1260, 480))
    one = judge(REMINDER, facts(cart=CART, wishes=Wishes(consents=(said,)), purposes=rules, sent=(SENT,)))
    content = Finding("content", "PASS", "", (("language", "de"),))
    assert words_of_judgement(Judgement(NOON, "", "SEND", findings=(*one.findings, content))) == (
        "Nothing was against it: the cart is as it was; no address that it needs is closed; no pause is in force; "
        "no cap is reached (1 of 3 so far by the cap company all in 1 calendar days); "
        "the customer said yes to it on web-shop (2026-03-10 11:00 UTC); it goes by e-mail; "
        "it is 12:00 for the customer (UTC, as the customer said), outside of the quiet hours 21:00-08:00; "
        "its text is there in de."
    )


def test_a_message_that_belongs_to_something_done_tells_that_it_needs_no_consent() -> None:
    one = judge(message(), facts(purpose=TRANSACTIONAL))
    words = words_of_judgement(Judgement(NOON, "", "SEND", findings=one.findings))
    assert "it needs no consent" in words
    assert "it waits for no quiet hours" in words
