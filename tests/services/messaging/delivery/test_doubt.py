"""What is written of messages of which nobody knows, of receipts, and of addresses that are no good. Pure."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.messaging import model
from services.messaging.deciding.facts import Wishes
from services.messaging.deciding.gates import judge
from services.messaging.deciding.verdicts import Send, Skip
from services.messaging.delivery.suppressed import MAX_SUPPRESSIONS, digest_of, joined, suppression_of
from services.messaging.events import MessageReceiptNoted, MessageStateChanged
from services.messaging.model import Change
from services.messaging.values import (
    Content,
    Message,
    MessageState,
    Messaging,
    Reason,
    Receipt,
    ReceiptKind,
    Suppression,
    SuppressionReason,
)
from tests.services.messaging.samples import ADDRESS, CONTENT, EMAIL, IN_APP, NOON, facts, message, yes

LATER = NOON + timedelta(minutes=5)


def being_sent(**changes: Any) -> tuple[Messaging, Message]:
    """A message that a worker has claimed, and the record with it."""
    queued = message(**changes)
    state = model.queue(Messaging(), queued, CONTENT).state
    claimed = model.claim(
        state,
        queued,
        CONTENT,
        kind=EMAIL,
        subject="Hello",
        counted=(),
        claim_id="clm_1",
        lease_until=LATER,
        now=NOON,
        provider_id="mail",
        address_digest=digest_of(EMAIL, ADDRESS),
    ).state
    return claimed, claimed.waiting[0]


def ended(change: Change) -> Message:
    (event,) = [event for event in change.events if isinstance(event, MessageStateChanged)]
    return event.message


def test_a_message_that_may_have_arrived_is_not_called_skipped_and_counts_for_the_caps() -> None:
    state, claimed = being_sent()
    back = model.put_back(state, claimed, CONTENT, due_time=LATER, now=NOON, is_unsure=True).state
    change = model.end(back, back.waiting[0], as_state=MessageState.SKIPPED, reason=Reason.NO_CONSENT, now=LATER)
    assert (ended(change).state, ended(change).state_reason) == (MessageState.UNKNOWN, "OUTCOME_UNKNOWN")
    assert len(change.state.sent) == 1


def test_a_message_that_may_have_arrived_goes_again_by_the_same_way_or_not_at_all() -> None:
    state, claimed = being_sent()
    again = model.put_back(state, claimed, CONTENT, due_time=LATER, now=NOON, is_unsure=True).state.waiting[0]
    assert (again.delivery_kind, again.provider_id) == (EMAIL, "mail")
    consents = (yes(EMAIL), yes(IN_APP))
    prefers_another = facts(wishes=Wishes(consents=consents, preferred_kinds=(IN_APP, EMAIL)), cart=None)
    assert judge(again, prefers_another).outcome == Send(EMAIL)
    by_another_only = replace(prefers_another, provided_kinds=(IN_APP,))
    assert judge(again, by_another_only).outcome == Skip(Reason.NO_PROVIDER)
    certain = model.put_back(state, claimed, CONTENT, due_time=LATER, now=NOON).state.waiting[0]
    assert judge(certain, prefers_another).outcome == Send(IN_APP)


def test_a_receipt_keeps_a_message_from_going_again() -> None:
    state, claimed = being_sent()
    back = model.put_back(state, claimed, CONTENT, due_time=LATER, now=NOON, is_unsure=True).state
    noted = model.note_receipt(back, back.waiting[0], CONTENT, Receipt(ReceiptKind.DELIVERED, LATER))
    assert noted is not None
    assert (ended(noted).state, noted.state.waiting, len(noted.state.sent)) == (MessageState.SENT, (), 1)


def test_a_newer_message_about_the_cart_does_not_make_one_forgotten_that_may_have_arrived() -> None:
    state, claimed = being_sent(cart_id="crt_1")
    back = model.put_back(state, claimed, CONTENT, due_time=LATER, now=NOON, is_unsure=True).state
    after = model.queue(back, message("2", cart_id="crt_1"), CONTENT).state
    assert [one.message_id for one in after.waiting] == ["msg_2"]
    assert len(after.sent) == 1


def test_a_message_that_certainly_did_not_arrive_counts_no_more() -> None:
    state, claimed = being_sent()
    back = model.put_back(state, claimed, CONTENT, due_time=LATER, now=NOON).state
    assert back.sent == ()
    change = model.end(back, back.waiting[0], as_state=MessageState.SKIPPED, reason=Reason.NO_CONSENT, now=LATER)
    assert (ended(change).state, change.state.sent) == (MessageState.SKIPPED, ())


def test_what_failed_keeps_what_it_can_be_tried_with_again_and_nothing_else_does() -> None:
    state, claimed = being_sent()
    [event] = model.refuse(state, claimed, CONTENT, is_hard_bounce=False, now=LATER).events
    assert isinstance(event, MessageStateChanged)
    assert (event.variables, event.content.variables) == (CONTENT.variables, ())
    [event] = model.confirm(state, claimed, CONTENT, now=LATER).events
    assert isinstance(event, MessageStateChanged)
    assert event.variables == ()


def test_an_address_that_does_not_exist_gets_nothing_more() -> None:
    state, claimed = being_sent()
    after = model.refuse(state, claimed, CONTENT, is_hard_bounce=True, now=LATER).state
    found = suppression_of(after, EMAIL, ADDRESS.upper())
    assert found is not None
    assert found.reason is SuppressionReason.BOUNCED
    assert suppression_of(after, EMAIL, "other@example.com") is None


@pytest.mark.parametrize("state_then", [MessageState.SENDING, MessageState.UNKNOWN])
def test_a_receipt_proves_that_it_went_out(state_then: MessageState) -> None:
    state, claimed = being_sent()
    if state_then is MessageState.UNKNOWN:
        change = model.give_up(state, claimed, CONTENT, reason=Reason.WORKER_LOST, now=LATER)
        state, claimed = change.state, ended(change)
    noted = model.note_receipt(state, claimed, Content(), Receipt(ReceiptKind.DELIVERED, LATER))
    assert noted is not None
    assert (ended(noted).state, noted.state.waiting, len(noted.state.sent)) == (MessageState.SENT, (), 1)
    assert noted.state.recent[0].state is MessageState.SENT


@given(st.lists(st.sampled_from(list(ReceiptKind)), max_size=20))
def test_receipts_count_once_each_whatever_their_order_and_move_no_state(kinds: list[ReceiptKind]) -> None:
    state, claimed = being_sent()
    change = model.confirm(state, claimed, CONTENT, now=NOON)
    state, current = change.state, ended(change)
    revisions = [current.revision]
    for number, kind in enumerate(kinds):
        noted = model.note_receipt(state, current, Content(), Receipt(kind, NOON - timedelta(seconds=number)))
        assert (noted is None) == (kind in {receipt.kind for receipt in current.receipts})
        if noted is not None:
            (event,) = noted.events
            assert isinstance(event, MessageReceiptNoted)
            state, current = noted.state, event.message
            revisions.append(current.revision)
    assert {receipt.kind for receipt in current.receipts} == set(kinds)
    assert [receipt.time for receipt in current.receipts] == sorted(receipt.time for receipt in current.receipts)
    assert current.state is MessageState.SENT
    assert revisions == sorted(set(revisions))


@given(st.lists(st.tuples(st.integers(0, 90), st.sampled_from(list(SuppressionReason))), max_size=120))
def test_two_who_are_one_keep_the_newest_addresses_each_once(found: list[tuple[int, SuppressionReason]]) -> None:
    all_of_them = tuple(
        Suppression(EMAIL, str(number), reason, NOON + timedelta(minutes=number)) for number, reason in found
    )
    kept = joined(all_of_them)
    assert len(kept) == min(MAX_SUPPRESSIONS, len(set(all_of_them)))
    assert len(set(kept)) == len(kept)
    assert joined((*kept, *kept)) == kept
    assert list(kept) == sorted(kept, key=lambda one: one.time)


def test_a_bounce_says_more_than_a_complaint() -> None:
    digest = digest_of(EMAIL, ADDRESS)
    complained = Suppression(EMAIL, digest, SuppressionReason.COMPLAINED, NOON)
    both = Messaging(suppressions=(complained, replace(complained, reason=SuppressionReason.BOUNCED, time=LATER)))
    found = suppression_of(both, EMAIL, ADDRESS)
    assert found is not None
    assert found.reason is SuppressionReason.BOUNCED
