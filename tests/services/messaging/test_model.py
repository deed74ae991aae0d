from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from libs.errors import OmnithreadError
from services.messaging import model
from services.messaging.campaigns.definition import ExitCondition
from services.messaging.campaigns.moves import ExitCause, leave
from services.messaging.events import MessageQueued, MessageStateChanged
from services.messaging.model import Change, Overtaken
from services.messaging.values import Content, Message, MessageState, Messaging, Reason, Sending
from tests.services.messaging.samples import CONTENT, EMAIL, NOON, message

SOON = NOON + timedelta(seconds=30)


def queued(*messages: Message) -> Messaging:
    state = Messaging()
    for one in messages:
        state = model.queue(state, one, CONTENT).state
    return state


def claimed(state: Messaging, seen: Message, claim_id: str = "clm_1") -> Change:
    return model.claim(
        state,
        seen,
        CONTENT,
        kind=EMAIL,
        subject="Hello",
        counted=state.sent,
        claim_id=claim_id,
        lease_until=SOON,
        now=NOON,
    )


def told(change: Change) -> list[tuple[str, MessageState, str]]:
    return [
        (event.message.message_id, event.message.state, event.message.state_reason)
        for event in change.events
        if isinstance(event, MessageStateChanged)
    ]


def test_a_queued_message_is_due_and_told_of() -> None:
    change = model.queue(Messaging(), message(), CONTENT)
    assert change.state.due_time == NOON
    assert [summary.message_id for summary in change.state.recent] == ["msg_1"]
    assert change.events == (MessageQueued(message(), CONTENT),)
    assert change.facts == {"message_id": "msg_1"}


def test_the_21st_message_has_to_wait_for_the_others() -> None:
    state = queued(*(message(str(number)) for number in range(20)))
    with pytest.raises(OmnithreadError, match="QUEUE_FULL"):
        model.queue(state, message("more"), CONTENT)


def test_a_newer_reminder_of_a_cart_takes_the_place_of_the_older_one() -> None:
    state = queued(message("old", cart_id="crt_1"), message("other", cart_id="crt_2"))
    change = model.queue(state, message("new", cart_id="crt_1"), CONTENT)
    assert told(change) == [("msg_old", MessageState.CANCELLED, "SUPERSEDED")]
    assert {waiting.message_id for waiting in change.state.waiting} == {"msg_other", "msg_new"}


def test_only_one_of_two_workers_claims_a_message() -> None:
    state = queued(message())
    after = claimed(state, message()).state
    with pytest.raises(Overtaken):
        claimed(after, message(), "clm_2")


def ordered(cart_id: str) -> ExitCause:
    return ExitCause(ExitCondition.ORDERED, NOON, cart_id=cart_id, order_id="ord_1")


def test_what_was_cancelled_meanwhile_is_not_claimed() -> None:
    state = queued(message(cart_id="crt_1"))
    change = leave(state, ordered("crt_1"), now=NOON)
    assert change is not None
    assert told(change) == [("msg_1", MessageState.CANCELLED, "ORDER_PLACED")]
    assert change.state.due_time is None
    with pytest.raises(Overtaken):
        claimed(change.state, message(cart_id="crt_1"))


def test_an_order_cancels_what_is_about_its_cart_and_not_what_is_on_its_way() -> None:
    state = queued(message("a", cart_id="crt_1"), message("b", cart_id="crt_2"), message("c"))
    assert leave(state, ordered("crt_3"), now=NOON) is None
    on_its_way = claimed(state, message("a", cart_id="crt_1")).state
    assert leave(on_its_way, ordered("crt_1"), now=NOON) is None


def test_a_mail_that_was_taken_is_sent_and_counted() -> None:
    state = claimed(queued(message()), message()).state
    change = model.confirm(state, state.waiting[0], CONTENT, now=SOON)
    assert told(change) == [("msg_1", MessageState.SENT, "")]
    assert change.state.waiting == ()
    assert change.state.sent == (Sending("cart_reminder", NOON, "EMAIL"),)
    [summary] = change.state.recent
    assert (summary.state, summary.subject, summary.send_time) == (MessageState.SENT, "Hello", SOON)


def test_the_values_of_a_message_are_kept_no_longer_than_it_waits() -> None:
    state = claimed(queued(message()), message()).state
    change = model.confirm(state, state.waiting[0], Content((("code", "A"),), body_text="Dear A"), now=SOON)
    [event] = change.events
    assert isinstance(event, MessageStateChanged)
    assert event.content == Content(body_text="Dear A")


@pytest.mark.parametrize("counts_still", [True, False], ids=["not known", "certainly not taken"])
def test_only_what_certainly_did_not_go_out_counts_no_more(counts_still: bool) -> None:
    state = claimed(queued(message()), message()).state
    seen = state.waiting[0]
    if counts_still:
        change = model.give_up(state, seen, CONTENT, reason=Reason.WORKER_LOST, now=SOON)
    else:
        change = model.put_back(state, seen, CONTENT, due_time=SOON, now=NOON)
    assert (len(change.state.sent) == 1) is counts_still


def test_a_mail_that_was_not_taken_waits_again_under_the_same_id() -> None:
    state = claimed(queued(message()), message()).state
    change = model.put_back(state, state.waiting[0], CONTENT, due_time=SOON, now=NOON)
    [waiting] = change.state.waiting
    assert (waiting.state, waiting.attempts, waiting.due_time, waiting.claim_id) == (MessageState.QUEUED, 1, SOON, "")
    assert told(change) == [("msg_1", MessageState.QUEUED, "")]


def test_every_step_that_is_told_has_a_higher_revision() -> None:
    state = queued(message())
    first = claimed(state, message())
    second = model.confirm(first.state, first.state.waiting[0], CONTENT, now=SOON)
    events = [*first.events, *second.events]
    assert [event.message.revision for event in events if isinstance(event, MessageStateChanged)] == [2, 3]


def test_putting_off_is_told_to_nobody() -> None:
    change = model.put_off(queued(message()), message(), due_time=SOON, tried=True)
    assert change.events == ()
    assert (change.state.due_time, change.state.waiting[0].attempts) == (SOON, 1)


def test_two_messages_at_once_do_not_both_pass_one_cap() -> None:
    state = queued(message("a"), message("b"))
    counted = state.sent
    after = claimed(state, message("a")).state
    with pytest.raises(Overtaken):
        model.put_into_inbox(after, message("b"), CONTENT, subject="", counted=counted, now=NOON)


def test_caps_look_back_a_year_and_a_thousand_messages() -> None:
    long_ago = Sending("newsletter", NOON - timedelta(days=366))
    many = tuple(Sending("newsletter", NOON - timedelta(hours=number)) for number in range(1200))
    kept = model.newest_sendings((long_ago, *many), NOON)
    assert len(kept) == 1000
    assert kept[-1] == Sending("newsletter", NOON)


def test_the_overview_names_the_ten_newest() -> None:
    state = Messaging()
    for number in range(15):
        one = message(f"{number:02}", create_time=NOON + timedelta(minutes=number))
        state = model.end(
            model.queue(state, one, CONTENT).state, one, as_state=MessageState.SKIPPED, reason=Reason.PAUSED, now=NOON
        ).state
    assert [summary.message_id for summary in state.recent] == [f"msg_{number:02}" for number in range(14, 4, -1)]


def test_what_could_not_be_queued_is_told_with_its_reason() -> None:
    change = model.record_failure(Messaging(), message(), Reason.TEMPLATE_NOT_FOUND)
    assert told(change) == [("msg_1", MessageState.FAILED, "TEMPLATE_NOT_FOUND")]
    assert change.state.waiting == ()
    assert change.state.recent[0].state_reason == "TEMPLATE_NOT_FOUND"


def test_a_message_seen_as_it_was_before_is_not_touched() -> None:
    state = queued(message())
    stale = replace(message(), due_time=NOON - timedelta(hours=1))
    steps: list[Callable[[], Change]] = [
        lambda: model.put_off(state, stale, due_time=SOON),
        lambda: model.end(state, stale, as_state=MessageState.SKIPPED, reason=Reason.PAUSED, now=NOON),
        lambda: model.confirm(state, stale, CONTENT, now=NOON),
    ]
    for step in steps:
        with pytest.raises(Overtaken):
            step()
