"""Who enters a campaign, what ends a way at once, and that it is all in one write."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import bson
import pytest

from services.messaging import model
from services.messaging.campaigns import moves
from services.messaging.campaigns.definition import Arm, Condition, ExitCondition, InSegment, Reentry
from services.messaging.campaigns.engine import Facts, ended
from services.messaging.campaigns.moves import ExitCause
from services.messaging.campaigns.values import (
    CONTROL,
    HeardOutcome,
    PastEntry,
    StepTaken,
    TriggerKind,
    kept_enrolments,
)
from services.messaging.events import EnrolmentChanged, MessageQueued
from services.messaging.model import Overtaken
from services.messaging.store import messaging_to_fields
from services.messaging.values import Content, DeliveryKind, MessageState, Messaging
from tests.services.messaging.campaigns.samples import ANNA, abandoned, campaign, entered, send, stepped, wait
from tests.services.messaging.samples import NOON, message

LATER = NOON + timedelta(hours=1)


def outcomes(state: Messaging) -> list[tuple[str, int]]:
    return [(heard.outcome.value, heard.count) for heard in state.heard]


def ordered(**fields: Any) -> ExitCause:
    return replace(ExitCause(ExitCondition.ORDERED, LATER, order_id="ord_1"), **fields)


def test_the_step_and_its_message_are_one_write() -> None:
    one = campaign()
    change = stepped(entered(one), one)
    assert [type(event) for event in change.events] == [MessageQueued, EnrolmentChanged]
    [queued] = change.state.waiting
    assert queued.campaign is not None
    assert (queued.cart_id, queued.campaign.step_id, queued.campaign.arm) == ("crt_1", "reminder", "a")
    assert [enrolment.end_reason for enrolment in change.state.enrolments] == ["COMPLETED"]


def test_whoever_comes_second_finds_the_step_taken() -> None:
    one = campaign()
    state = entered(one)
    after = stepped(state, one).state
    with pytest.raises(Overtaken):
        stepped(after, one, enrolment=state.enrolments[-1])


def test_an_announcement_that_comes_twice_lets_nobody_enter_twice() -> None:
    one = campaign()
    assert moves.enter(entered(one), abandoned(), [one], customer_id=ANNA, now=LATER) is None


def test_a_newer_trigger_about_the_same_cart_takes_the_place_of_the_older_one() -> None:
    one = campaign(wait("an_hour", hours=1), send("reminder"))
    state = stepped(entered(one), one).state
    state = entered(one, abandoned("evt_2", time=LATER), state)
    assert sorted((enrolment.trigger.event_id, enrolment.end_reason) for enrolment in state.enrolments) == [
        ("evt_1", "SUPERSEDED"),
        ("evt_2", ""),
    ]


def test_of_two_falls_of_a_price_in_one_night_the_newer_one_is_told() -> None:
    one = campaign(trigger_kind=TriggerKind.PRICE_FELL)
    fell = abandoned(kind=TriggerKind.PRICE_FELL, cart_id="", idle_since_time=None, sku="boots")
    state = stepped(entered(one, fell), one).state
    state = entered(one, replace(fell, event_id="evt_2"), state)
    [newer] = [enrolment for enrolment in state.enrolments if enrolment.is_active]
    state = stepped(state, one, enrolment=newer).state
    assert [waiting.cause for waiting in state.waiting] == ["evt_2"]


def test_a_date_is_for_those_who_were_there_when_it_came() -> None:
    one = campaign(trigger_kind=TriggerKind.DATE, segment_id="vip", date_time=NOON)
    early = abandoned(kind=TriggerKind.DATE, cart_id="", segment_id="vip", time=NOON - timedelta(days=3))
    [enrolment] = entered(one, early).enrolments
    assert enrolment.due_time == NOON
    state = entered(one, replace(early, time=NOON + timedelta(minutes=1)))
    assert state.enrolments == ()
    assert outcomes(state) == [("TOO_OLD", 1)]


def test_who_got_something_is_not_in_the_control_group_later() -> None:
    one = campaign(control_percent=90)
    for number in range(20):
        state = Messaging(past_entries=(PastEntry(f"c{number}", "evt_0", NOON, "a"),))
        state = stepped(entered(replace(one, campaign_id=f"c{number}"), state=state), one).state
        assert state.enrolments[0].arm == "a"


def test_a_second_message_of_one_way_does_not_take_the_place_of_the_first() -> None:
    one = campaign(send("mail"), send("ad"))
    after = stepped(entered(one), one).state
    assert [waiting.campaign.step_id for waiting in after.waiting if waiting.campaign] == ["mail", "ad"]


def test_an_order_in_the_store_stops_what_waits_and_what_is_still_to_come() -> None:
    one = campaign(send("mail"), wait("a_day", days=1), send("push"), exit_on=frozenset({ExitCondition.ORDERED}))
    state = stepped(entered(one), one).state
    change = moves.leave(state, ordered(cart_id="crt_1"), now=LATER)
    assert change is not None
    assert change.state.waiting == ()
    assert [(summary.state, summary.state_reason) for summary in change.state.recent] == [
        (MessageState.CANCELLED, "ORDER_PLACED")
    ]
    assert [enrolment.end_reason for enrolment in change.state.enrolments] == ["ORDERED"]
    assert change.state.due_time is None


@pytest.mark.parametrize(
    "cause",
    [ordered(cart_id="crt_2"), ordered(cart_id="crt_1", time=NOON - timedelta(hours=1))],
    ids=["another cart", "an order from before, heard again"],
)
def test_other_orders_end_nothing(cause: ExitCause) -> None:
    one = campaign(wait("a_day", days=1), send("push"), exit_on=frozenset({ExitCondition.ORDERED}))
    assert moves.leave(stepped(entered(one), one).state, cause, now=LATER) is None


def test_bought_in_the_store_ends_what_is_about_the_article() -> None:
    trigger = abandoned(kind=TriggerKind.PRODUCT_VIEWED, cart_id="", sku="boots")
    one = campaign(
        wait("a_day", days=1),
        send("viewed"),
        trigger_kind=TriggerKind.PRODUCT_VIEWED,
        exit_on=frozenset({ExitCondition.ORDERED}),
    )
    state = stepped(entered(one, trigger), one).state
    assert moves.leave(state, ordered(skus=frozenset({"shoe"})), now=LATER) is None
    change = moves.leave(state, ordered(skus=frozenset({"boots", "shoe"})), now=LATER)
    assert change is not None
    assert change.state.enrolments[0].end_reason == "ORDERED"


def test_who_may_enter_only_once_does_not_enter_for_another_cart() -> None:
    one = campaign(reentry=Reentry.NEVER)
    state = stepped(entered(one), one).state
    state = entered(one, abandoned("evt_2", cart_id="crt_2"), state)
    assert len(state.enrolments) == 1
    assert outcomes(state) == [("ENTERED", 1), ("REENTRY", 1)]


def test_a_condition_that_was_not_fulfilled_does_not_keep_from_entering_later() -> None:
    one = campaign(reentry=Reentry.NEVER, conditions=(Condition(InSegment("vip")),))
    state = stepped(entered(one), one).state
    assert outcomes(state) == [("ENTERED", 1), ("CONDITION_FAILED", 1)]
    assert state.heard[-1].detail == "0"
    state = entered(one, abandoned("evt_2", cart_id="crt_2"), state)
    assert outcomes(state) == [("CONDITION_FAILED", 1), ("ENTERED", 2)]


@pytest.mark.parametrize("reentry", [Reentry.NEVER, Reentry.AFTER_DAYS])
def test_who_left_before_the_first_step_was_due_has_not_been_in_it(reentry: Reentry) -> None:
    exit_on = frozenset({ExitCondition.CART_CHANGED})
    one = campaign(reentry=reentry, reentry_days=3, delay=timedelta(hours=1), exit_on=exit_on)
    changed = ExitCause(ExitCondition.CART_CHANGED, NOON + timedelta(minutes=5), cart_id="crt_1")
    left = moves.leave(entered(one), changed, now=NOON)
    assert left is not None
    again = moves.enter(left.state, abandoned("evt_2", time=LATER), [one], customer_id=ANNA, now=LATER)
    assert again is not None
    assert [enrolment.is_active for enrolment in again.state.enrolments].count(True) == 1


def test_who_waits_for_the_first_step_of_one_cart_does_not_enter_for_another_one() -> None:
    one = campaign(reentry=Reentry.NEVER, delay=timedelta(hours=1))
    state = entered(one, abandoned("evt_2", cart_id="crt_2"), entered(one))
    assert outcomes(state) == [("ENTERED", 1), ("REENTRY", 1)]


def test_what_is_heard_a_day_late_lets_nobody_enter() -> None:
    state = entered(campaign(), abandoned(time=NOON - timedelta(hours=25)))
    assert state.enrolments == ()
    assert outcomes(state) == [("TOO_OLD", 1)]


def test_that_no_campaign_was_there_is_noted_for_who_asks_why_nothing_came() -> None:
    change = moves.enter(Messaging(), abandoned(), [], customer_id=ANNA, now=NOON)
    assert change is not None
    assert outcomes(change.state) == [("NO_CAMPAIGN", 1)]


def test_nobody_is_in_more_than_20_campaigns() -> None:
    one = campaign(wait("a_day", days=1), send("push"))
    state = Messaging()
    for number in range(21):
        state = entered(one, abandoned(f"evt_{number}", cart_id=f"crt_{number}"), state)
    assert len(state.enrolments) == 20
    assert state.heard[-1].outcome is HeardOutcome.QUEUE_FULL


def test_the_control_group_gets_nothing_and_is_known() -> None:
    one = campaign(control_percent=90, arms=(Arm("b", 1),))
    found = set()
    for number in range(20):
        state = stepped(entered(campaign(campaign_id=f"c{number}"), abandoned()), one).state
        arm = state.enrolments[0].arm
        found.add(arm)
        assert bool(state.waiting) is (arm != CONTROL)
        assert state.past_entries[-1].arm == arm
    assert CONTROL in found


def test_a_step_whose_template_is_gone_says_so_and_the_way_goes_on() -> None:
    one = campaign(send("reminder"), wait("a_day", days=1), send("again"))
    state = entered(one)
    change = moves.step(
        state,
        state.enrolments[0],
        one.definition,
        Facts(),
        customer_id=ANNA,
        templates=frozenset(),
        lifetime=timedelta(days=1),
        now=NOON,
    )
    [enrolment] = change.state.enrolments
    assert [(taken.outcome, taken.message_id) for taken in enrolment.path] == [
        ("TEMPLATE_NOT_FOUND", ""),
        ("WAITED", ""),
    ]
    assert [summary.state for summary in change.state.recent] == [MessageState.FAILED]
    assert enrolment.is_active


def test_a_customer_taken_out_gets_nothing_more_of_it() -> None:
    one = campaign(send("mail"), wait("a_day", days=1), send("push"))
    state = replace(stepped(entered(one), one).state)
    other = message("other")
    change = moves.take_out(replace(state, waiting=(*state.waiting, other)), "cart", moves.TAKEN_OUT, now=LATER)
    assert change is not None
    assert change.state.waiting == (other,)
    assert [enrolment.end_reason for enrolment in change.state.enrolments] == ["TAKEN_OUT"]


@pytest.mark.parametrize(
    ("is_unsure", "came_to"), [(False, ("CANCELLED", "ORDER_PLACED")), (True, ("UNKNOWN", "OUTCOME_UNKNOWN"))]
)
def test_what_no_provider_took_does_not_wait_again_once_the_customer_has_left(
    is_unsure: bool, came_to: tuple[str, str]
) -> None:
    one = campaign(send("mail"), wait("a_day", days=1), send("push"), exit_on=frozenset({ExitCondition.ORDERED}))
    state = stepped(entered(one), one).state
    state = model.claim(
        state,
        state.waiting[0],
        Content(),
        kind=DeliveryKind.EMAIL,
        subject="",
        counted=(),
        claim_id="clm_1",
        lease_until=LATER,
        now=NOON,
    ).state
    change = moves.leave(state, ordered(cart_id="crt_1"), now=LATER)
    assert change is not None
    [sending] = change.state.waiting
    after = model.put_back(change.state, sending, Content(), due_time=LATER, now=LATER, is_unsure=is_unsure).state
    assert after.waiting == ()
    assert [(summary.state.value, summary.state_reason) for summary in after.recent] == [came_to]
    assert len(after.sent) == is_unsure


def test_an_order_that_is_heard_while_a_step_is_taken_wins() -> None:
    one = campaign(wait("an_hour", hours=1), send("push"), exit_on=frozenset({ExitCondition.ORDERED}))
    state = stepped(entered(one), one).state
    as_read = state.enrolments[-1]
    change = moves.leave(state, ordered(cart_id="crt_1"), now=LATER)
    assert change is not None
    with pytest.raises(Overtaken):
        stepped(change.state, one, minutes=60, enrolment=as_read)


def test_a_record_with_every_bound_reached_has_room_to_spare() -> None:
    name = "s" * 31
    steps = tuple(send(f"{name}{chr(97 + number)}") for number in range(10))
    steps = (*steps, *(wait(f"{name}{chr(107 + number)}", days=90) for number in range(15)))
    definition = campaign(*steps, campaign_id="c" * 64)
    lengths = {"link": 1000, "name": 200, "new_price": 40, "old_price": 40, "sku": 128}
    texts = tuple((key, "x" * length) for key, length in lengths.items())
    state = Messaging()
    for number in range(20):
        trigger = abandoned(f"evt_{number:026}", cart_id=f"crt_{number:026}", variables=texts)
        state = entered(definition, trigger, state)
    path = tuple(StepTaken(step.step_id, NOON, "QUEUED", "msg_" + "0" * 26) for step in steps)
    full = tuple(replace(enrolment, path=path) for enrolment in state.enrolments)
    over = tuple(
        replace(ended(enrolment, "COMPLETED", NOON), enrolment_id=f"enr_{number:026}", enter_time=NOON)
        for number, enrolment in enumerate(full * 2)
    )
    heard = tuple(replace(state.heard[0], detail=str(number), subject="x" * 128) for number in range(50))
    entries = tuple(PastEntry("c" * 64, f"evt_{number:026}", NOON, "b" * 16) for number in range(100))
    kept = kept_enrolments((*full, *over), NOON, waiting=frozenset())
    assert len([enrolment for enrolment in kept if enrolment.is_active]) == 20
    state = replace(state, enrolments=kept, heard=heard, past_entries=entries)
    assert len(bson.encode(messaging_to_fields(state))) < 160_000
