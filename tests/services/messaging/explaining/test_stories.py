from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from services.messaging.campaigns.values import (
    CONTROL,
    CampaignStep,
    Conversion,
    Enrolment,
    Heard,
    HeardOutcome,
    Trigger,
    TriggerKind,
)
from services.messaging.deciding.judgement import Finding, Judgement
from services.messaging.deciding.metrics import JudgementMetrics
from services.messaging.explaining.matters import Matter, Missed
from services.messaging.explaining.stories import (
    MessageStory,
    SilenceStory,
    WayStory,
    reason_of_silence,
    trigger_stories,
    words_of_message,
    words_of_silence,
)
from services.messaging.values import MessageState
from tests.services.messaging.samples import EMAIL, IN_APP, NOON, WEB, message

DAY = timedelta(days=1)
SKIP = Judgement(NOON, "", "SKIP", "NO_CONSENT", findings=(Finding("consent", "SKIP", "NO_CONSENT"),))
SEND = Judgement(NOON, "", "SEND")
CART = Finding("cart", "WAIT", "NOT_ABANDONED", (("left_minutes", "3"), ("of_minutes", "60")))
ENROLLED = Enrolment(
    enrolment_id="enr_1",
    campaign_id="abandoned_cart",
    campaign_version=3,
    trigger=Trigger(TriggerKind.CART_ABANDONED, "evt_1", NOON, WEB, cart_id="crt_1"),
    enter_time=NOON,
    attribute_until=NOON + 7 * DAY,
    due_time=NOON + DAY,
    purpose="cart_reminder",
)
ABANDONED = Matter("abandoned_cart", "cart_reminder", ("cart_reminder", "second"), TriggerKind.CART_ABANDONED)
LETTER = Matter("letter", "newsletter", ("news",), TriggerKind.DATE)


def heard(outcome: HeardOutcome, campaign_id: str = "abandoned_cart", *, detail: str = "", days_ago: int = 0) -> Heard:
    return Heard(TriggerKind.CART_ABANDONED, campaign_id, outcome, detail, NOON - days_ago * DAY, 2, f"evt_{days_ago}")


@pytest.mark.parametrize(
    ("enrolment", "outcome", "words"),
    [
        (replace(ENROLLED, arm=CONTROL), "CONTROL_GROUP", "in its control group"),
        (
            replace(ENROLLED, end_time=NOON, end_reason="ORDERED"),
            "ORDERED",
            "left it on 2026-03-10 12:00 UTC",
        ),
        (ENROLLED, "ENTERED", "next step is due on 2026-03-11 12:00 UTC"),
    ],
)
def test_what_came_of_a_trigger_is_told(enrolment: Enrolment, outcome: str, words: str) -> None:
    [story] = trigger_stories((), (enrolment,), matters=(), missed=Missed("cart_reminder"), since=NOON - DAY)
    assert (story.outcome, story.result_id) == (outcome, "enr_1")
    assert words in story.words


def test_only_triggers_of_the_campaign_and_of_the_time_are_told_the_newest_first() -> None:
    told = trigger_stories(
        (
            heard(HeardOutcome.CONDITION_FAILED, detail="1", days_ago=2),
            heard(HeardOutcome.REENTRY, days_ago=1),
            heard(HeardOutcome.TOO_OLD, "another"),
            heard(HeardOutcome.REENTRY, days_ago=40),
        ),
        (replace(ENROLLED, campaign_id="another"),),
        matters=(ABANDONED,),
        missed=Missed(campaign_id="abandoned_cart"),
        since=NOON - 30 * DAY,
    )
    assert [story.outcome for story in told] == ["REENTRY", "CONDITION_FAILED"]
    assert told[1].words == (
        "2026-03-08 12:00 UTC: CART_ABANDONED, campaign abandoned_cart, 2 times: "
        "a condition of the campaign was not met (number 1)."
    )


@pytest.mark.parametrize(
    ("missed", "count"),
    [
        (Missed(purpose="cart_reminder"), 3),
        (Missed(template_id="second"), 3),
        (Missed(campaign_id="abandoned_cart"), 3),
        (Missed(purpose="newsletter"), 0),
        (Missed(template_id="news"), 0),
        (Missed(campaign_id="letter"), 0),
    ],
)
def test_a_silence_names_only_occasions_of_campaigns_that_would_have_said_it(missed: Missed, count: int) -> None:
    told = trigger_stories(
        (heard(HeardOutcome.REENTRY, days_ago=2), heard(HeardOutcome.NO_CAMPAIGN, "", days_ago=3)),
        (ENROLLED,),
        matters=[matter for matter in (ABANDONED, LETTER) if missed.is_about(matter)],
        missed=missed,
        since=NOON - 30 * DAY,
    )
    assert len(told) == count


def test_the_main_reason_is_what_became_of_it_else_of_its_trigger_else_what_is_missing() -> None:
    in_control = (replace(ENROLLED, arm=CONTROL),)
    control = trigger_stories((), in_control, matters=(ABANDONED,), missed=Missed("cart_reminder"), since=NOON)
    ways = (WayStory(EMAIL, SKIP), WayStory(IN_APP, SKIP))
    skipped = MessageStory(message(state=MessageState.SKIPPED, state_reason="PAUSED"))
    sent = MessageStory(message(state=MessageState.SENT))
    assert reason_of_silence((skipped, sent), control, (), ()) == "SENT"
    assert reason_of_silence((skipped,), control, (), ()) == "PAUSED"
    assert reason_of_silence((), control, ways, (CART,)) == "CONTROL_GROUP"
    assert reason_of_silence((), (), ways, (CART,)) == "NOT_ABANDONED"
    assert reason_of_silence((), (), ways, ()) == "NO_CONSENT"
    assert reason_of_silence((), (), (*ways, WayStory(IN_APP, SEND)), ()) == "NOTHING_HEARD"


def test_who_is_in_a_campaign_whose_next_step_is_to_come_gets_nothing_yet_because_it_waits() -> None:
    stories = trigger_stories(
        (heard(HeardOutcome.CONDITION_FAILED, "another", days_ago=-1),),
        (ENROLLED,),
        matters=(ABANDONED, replace(ABANDONED, campaign_id="another")),
        missed=Missed("cart_reminder"),
        since=NOON,
    )
    assert [story.outcome for story in stories] == ["CONDITION_FAILED", "ENTERED"]
    assert reason_of_silence((), stories, (WayStory(EMAIL, SEND),), ()) == "WAITS"


def test_a_silence_is_told_with_all_that_is_missing() -> None:
    story = SilenceStory("NOT_ABANDONED", ways=(WayStory(EMAIL, SKIP),), facts=(CART,), away=("profile",))
    assert words_of_silence(story, missed="cart_reminder") == (
        "Nothing for cart_reminder was ever made in this time: NOT_ABANDONED.",
        "Nothing was heard that would have led to one.",
        "The cart was left alone for 3 minutes of 60.",
        "By e-mail, now: It does not go (NO_CONSENT). No consent for ? by any way: no way was looked at.",
        "profile could not be asked.",
    )


def test_a_message_is_told_from_its_cause_to_the_order_that_followed() -> None:
    sent = message(
        state=MessageState.SENT,
        delivery_kind=EMAIL,
        send_time=NOON,
        provider_id="smtp",
        campaign=CampaignStep("abandoned_cart", 3, "enr_1", "reminder", "a"),
        judgements=(SEND,),
    )
    bought = Conversion("ord_1", "EUR", 12, 0, "store-042", 3, NOON + DAY)
    assert words_of_message(MessageStory(sent, conversion=bought)) == (
        (
            "Made on 2026-03-10 12:00 UTC for cart_reminder from the template cart_reminder, because of evt_1, "
            "caused on web-shop."
        ),
        "It is step reminder of the campaign abandoned_cart, version 3, arm a.",
        "Judged on 2026-03-10 12:00 UTC: Nothing was against it.",
        "It was sent by e-mail on 2026-03-10 12:00 UTC.",
        "It was given to the provider smtp.",
        "The order ord_1 followed on 2026-03-11 12:00 UTC, on store-042.",
    )


def test_judgements_are_counted_by_gate_and_verdict() -> None:
    registry = CollectorRegistry()
    metrics = JudgementMetrics(registry)
    metrics.count(SKIP)
    metrics.count(SKIP)
    labels = {"gate": "consent", "verdict": "SKIP", "reason": "NO_CONSENT"}
    assert registry.get_sample_value("omnithread_judgements_total", labels) == 2
