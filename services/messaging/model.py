"""Decides what becomes of messages: pure and synchronous.

A worker decides on a message as it read it; every step here refuses (`Overtaken`) where the record has it otherwise
by now. So a step is taken once, by whichever worker came first, and a message that was cancelled is not sent.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias

from libs.mongo.values import Decision
from services.messaging import errors
from services.messaging.campaigns.reporting.reaching import with_reached
from services.messaging.deciding.judgement import MOST_KEPT, Judgement, newest_judgements, with_judgement
from services.messaging.deciding.usual_hours import newest_reactions, reaction_to
from services.messaging.delivery.suppressed import suppress
from services.messaging.events import Event, MessageQueued, MessageReceiptNoted, MessageStateChanged
from services.messaging.values import (
    WAITING_STATES,
    Content,
    DeadLetter,
    DeliveryKind,
    Message,
    MessageState,
    MessageSummary,
    Messaging,
    Reason,
    Receipt,
    ReceiptKind,
    Sending,
    SuppressionReason,
    summary_of,
)

MAX_WAITING = 20
MAX_RECENT = 10
MAX_SENT = 1000
SENT_KEPT = timedelta(days=365)
ROOM_FOR_JUDGEMENTS = ((MAX_WAITING, MOST_KEPT), (2 * MAX_WAITING, 2))
"""How many judgements each message keeps while so many wait; beyond that, and a merge leads there, the newest one."""
SUPPRESSING = {
    ReceiptKind.BOUNCED_HARD: SuppressionReason.BOUNCED,
    ReceiptKind.COMPLAINED: SuppressionReason.COMPLAINED,
}
LEFT = {
    "ORDERED": Reason.ORDER_PLACED,
    "CONSENT_REVOKED": Reason.NO_CONSENT,
    "CART_CHANGED": Reason.NOT_RELEVANT,
    "SEGMENT_LEFT": Reason.NOT_RELEVANT,
    "ORDER_CANCELLED": Reason.NOT_RELEVANT,
    "SUPERSEDED": Reason.SUPERSEDED,
    "MERGED": Reason.SUPERSEDED,
    "CAMPAIGN_ENDED": Reason.CAMPAIGN_ENDED,
    "TAKEN_OUT": Reason.CAMPAIGN_ENDED,
}
"""Why a customer left a campaign, and what its messages are then: who came to its end may still get them."""

Change: TypeAlias = Decision[Messaging, Event]


class Overtaken(Exception):
    """The message is not any more as it was when this was decided: somebody else was faster. Nothing is changed."""


def queue(
    state: Messaging,
    message: Message,
    content: Content,
    *,
    occur_time: datetime | None = None,
    replayed: DeadLetter | None = None,
) -> Change:
    """Let a message wait to be sent; a newer one about the same cart takes the place of an older one. QUEUE_FULL.

    `replayed` is the dead letter that is tried again by it, as it is afterwards.
    """
    older = [waiting for waiting in state.waiting if is_same_matter(waiting, message)]
    superseded = _end_all(state, older, MessageState.CANCELLED, Reason.SUPERSEDED, message.create_time)
    if len(superseded.state.waiting) >= MAX_WAITING:
        raise errors.queue_full(MAX_WAITING)
    after = replace(
        superseded.state,
        waiting=(*superseded.state.waiting, message),
        recent=newest_messages((summary_of(message), *superseded.state.recent)),
    )
    return Decision(
        after,
        (*superseded.events, MessageQueued(message, content, occur_time, replayed)),
        {"message_id": message.message_id},
    )


def record_failure(
    state: Messaging, message: Message, reason: Reason, variables: tuple[tuple[str, str], ...] = ()
) -> Change:
    """Note a message that could not even be queued, so that it is known why nothing came, and can be tried again."""
    failed = replace(message, state=MessageState.FAILED, state_reason=reason)
    after = replace(state, recent=newest_messages((summary_of(failed), *state.recent)))
    return Decision(after, (MessageStateChanged(failed, Content(), variables),), {"message_id": message.message_id})


def noting(state: Messaging, seen: Message, judgement: Judgement) -> tuple[Messaging, Message]:
    """Give state and message with what was decided about it, for the step that follows from it."""
    _check_unchanged(state, seen)
    judged = replace(seen, judgements=with_judgement(seen.judgements, judgement, _room(len(state.waiting))))
    return replace(state, waiting=_replaced(state.waiting, judged)), judged


def within_room(waiting: tuple[Message, ...]) -> tuple[Message, ...]:
    """Give messages with as many judgements each as there is room for where so many wait."""
    room = _room(len(waiting))
    return tuple(replace(message, judgements=newest_judgements(message.judgements, room)) for message in waiting)


def put_into_inbox(
    state: Messaging,
    seen: Message,
    content: Content,
    *,
    subject: str,
    counted: tuple[Sending, ...],
    now: datetime,
    kind: DeliveryKind = DeliveryKind.IN_APP,
) -> Change:
    """Send within the suite: the message and its being sent are one write, so it is done exactly once.

    `counted` is what was known of earlier messages when it was decided that this one may go.
    """
    sent = replace(
        seen,
        state=MessageState.SENT,
        delivery_kind=kind,
        subject=subject,
        send_time=now,
        update_time=now,
    )
    return _counting(_moved(state, seen, sent, content), counted, Sending(seen.purpose, now, kind.value), now)


def claim(
    state: Messaging,
    seen: Message,
    content: Content,
    *,
    kind: DeliveryKind,
    subject: str,
    counted: tuple[Sending, ...],
    claim_id: str,
    lease_until: datetime,
    now: datetime,
    provider_id: str = "",
    address_digest: str = "",
) -> Change:
    """Let one worker send a message, until its lease ends; it counts as sent from now on."""
    claimed = replace(
        seen,
        state=MessageState.SENDING,
        delivery_kind=kind,
        subject=subject,
        claim_id=claim_id,
        provider_id=provider_id,
        address_digest=address_digest,
        due_time=lease_until,
        update_time=now,
    )
    return _counting(_moved(state, seen, claimed, content), counted, Sending(seen.purpose, now, kind.value), now)


def confirm(state: Messaging, seen: Message, content: Content, *, now: datetime, provider_ref: str = "") -> Change:
    """Note that the provider took it."""
    sent = replace(
        seen,
        state=MessageState.SENT,
        send_time=now,
        update_time=now,
        provider_ref=provider_ref or seen.provider_ref,
        is_unsure=False,
    )
    return _moved(state, seen, sent, content)


def refuse(state: Messaging, seen: Message, content: Content, *, is_hard_bounce: bool, now: datetime) -> Change:
    """Note that the provider will never take it; where that is for the address, nothing is sent there any more."""
    change = end(state, seen, as_state=MessageState.FAILED, reason=Reason.REFUSED, now=now, content=content)
    if not is_hard_bounce or seen.delivery_kind is None:
        return change
    bounced = suppress(change.state, seen.delivery_kind, seen.address_digest, SuppressionReason.BOUNCED, now)
    return replace(change, state=bounced)


def give_up(state: Messaging, seen: Message, content: Content, *, reason: Reason, now: datetime) -> Change:
    """Note that nobody knows whether it went out. It counts as sent, and is not sent again."""
    return _moved(state, seen, replace(seen, state=MessageState.UNKNOWN, state_reason=reason, update_time=now), content)


def put_back(
    state: Messaging,
    seen: Message,
    content: Content,
    *,
    due_time: datetime,
    now: datetime,
    is_unsure: bool = False,
    counts: bool = True,
) -> Change:
    """Let a message wait again that the provider did not take, as far as that is known (else `is_unsure`).

    `counts` is false where it was no try, since the provider was not asked.

    One that may have gone keeps its way and its provider: by another one it would go a second time.
    One whose campaign the customer left while it was being sent does not wait again.
    """
    pointless = _why_pointless(state, seen)
    if pointless is not None and is_unsure:
        return give_up(state, seen, content, reason=Reason.OUTCOME_UNKNOWN, now=now)
    if pointless is not None:
        return end(state, seen, as_state=MessageState.CANCELLED, reason=pointless, now=now, is_certain=True)
    waiting = replace(
        seen if is_unsure else replace(seen, delivery_kind=None, provider_id="", address_digest=""),
        state=MessageState.QUEUED,
        claim_id="",
        provider_ref="",
        attempts=seen.attempts + 1,
        tries=seen.tries + counts,
        is_unsure=is_unsure,
        due_time=due_time,
        update_time=now,
    )
    return _uncounted(_moved(state, seen, waiting, content), seen)


def _why_pointless(state: Messaging, message: Message) -> Reason | None:
    step = message.campaign
    if step is None:
        return None
    return next((LEFT.get(one.end_reason) for one in state.enrolments if one.enrolment_id == step.enrolment_id), None)


def put_off(
    state: Messaging,
    seen: Message,
    *,
    due_time: datetime,
    tried: bool = False,
    failed: bool = False,
    is_unsure: bool | None = None,
) -> Change:
    """Look at it again later. Nothing that anybody sees has changed, so nothing is announced.

    `failed` counts a try that is worth only so many; `is_unsure` says that it may have reached the customer.
    """
    _check_unchanged(state, seen)
    later = replace(
        seen,
        due_time=due_time,
        attempts=seen.attempts + tried,
        tries=seen.tries + failed,
        is_unsure=seen.is_unsure if is_unsure is None else is_unsure,
    )
    return Decision(replace(state, waiting=_replaced(state.waiting, later)))


def end(
    state: Messaging,
    seen: Message,
    *,
    as_state: MessageState,
    reason: Reason,
    now: datetime,
    content: Content | None = None,
    is_certain: bool = False,
) -> Change:
    """Skip, cancel or fail a message that did not go out; one that may have becomes `UNKNOWN`, and counts as sent.

    `is_certain` says that it is known by now that it did not.

    `content` is what a failed one can be tried with again.
    """
    unsure = seen.is_unsure and not is_certain
    ended = _ended(replace(seen, is_unsure=unsure), as_state, reason, now)
    change = _moved(state, seen, ended, content or Content())
    if unsure:
        if seen.state is MessageState.SENDING:
            return change
        return replace(change, state=_counted(change.state, Sending(seen.purpose, now, seen.delivery_kind or ""), now))
    return _uncounted(change, seen) if seen.state is MessageState.SENDING else change


def note_receipt(state: Messaging, message: Message, content: Content, receipt: Receipt) -> Change | None:
    """Note what was reported of a message, the first of its kind; None where nothing is new.

    `message` and `content` are as they are kept. A report proves that it went out: one that was being sent, or of
    which nobody knew, was sent, and one that was to go again does not. A hard bounce and a complaint keep what is to
    come from its address.
    """
    if any(noted.kind is receipt.kind for noted in message.receipts):
        return None
    after = replace(
        message,
        receipts=tuple(sorted((*message.receipts, receipt), key=lambda noted: noted.time)),
        revision=message.revision + 1,
    )
    is_again = message.state is MessageState.QUEUED and message.is_unsure
    is_proof = is_again or message.state in (MessageState.SENDING, MessageState.UNKNOWN)
    if is_again:
        counted = Sending(message.purpose, receipt.time, message.delivery_kind or "")
        state = _counted(state, counted, receipt.time)
    if is_proof:
        after = replace(
            after,
            state=MessageState.SENT,
            state_reason="",
            send_time=receipt.time,
            update_time=receipt.time,
            claim_id="",
            is_unsure=False,
        )
        content = replace(content, variables=())
    reason = SUPPRESSING.get(receipt.kind)
    if reason is not None and message.delivery_kind is not None:
        state = suppress(state, message.delivery_kind, message.address_digest, reason, receipt.time)
    reacted = reaction_to(message, receipt)
    if reacted is not None:
        state = replace(state, reactions=newest_reactions((*state.reactions, reacted)))
    state = replace(
        with_reached(state, after),
        waiting=_without(state.waiting, message),
        recent=tuple(summary_of(after) if one.message_id == after.message_id else one for one in state.recent),
    )
    events: tuple[Event, ...] = (MessageStateChanged(after, content),) if is_proof else ()
    after = replace(after, revision=after.revision + 1) if is_proof else after
    return Decision(state, (*events, MessageReceiptNoted(after, content, receipt)))


def newest_messages(summaries: tuple[MessageSummary, ...]) -> tuple[MessageSummary, ...]:
    """Give the few newest, newest first."""
    by_age = sorted(summaries, key=lambda summary: (summary.create_time, summary.message_id), reverse=True)
    return tuple(by_age[:MAX_RECENT])


def newest_sendings(sent: tuple[Sending, ...], now: datetime) -> tuple[Sending, ...]:
    """Give what caps can look back to, oldest first."""
    kept = sorted((sending for sending in sent if sending.time > now - SENT_KEPT), key=lambda sending: sending.time)
    return tuple(kept[-MAX_SENT:])


def _room(waiting: int) -> int:
    return next((kept for most, kept in ROOM_FOR_JUDGEMENTS if waiting <= most), 1)


def _moved(state: Messaging, seen: Message, after: Message, content: Content) -> Change:
    """Write one step of a message into record, summaries and list."""
    _check_unchanged(state, seen)
    after = replace(after, revision=seen.revision + 1)
    still_waits = after.state in WAITING_STATES
    variables: tuple[tuple[str, str], ...] = ()
    if not still_waits:
        variables = content.variables if after.state is MessageState.FAILED else ()
        after = replace(after, claim_id="")
        content = replace(content, variables=())
    return Decision(
        replace(
            with_reached(state, after),
            waiting=_replaced(state.waiting, after) if still_waits else _without(state.waiting, after),
            recent=tuple(
                summary_of(after) if summary.message_id == after.message_id else summary for summary in state.recent
            ),
        ),
        (MessageStateChanged(after, content, variables),),
    )


def _check_unchanged(state: Messaging, seen: Message) -> None:
    if seen not in state.waiting:
        raise Overtaken


def _counting(change: Change, counted: tuple[Sending, ...], sending: Sending, now: datetime) -> Change:
    if change.state.sent != counted:
        raise Overtaken  # another message went out meanwhile: the caps have to be looked at again
    return replace(change, state=replace(change.state, sent=newest_sendings((*counted, sending), now)))


def _counted(state: Messaging, sending: Sending, now: datetime) -> Messaging:
    return replace(state, sent=newest_sendings((*state.sent, sending), now))


def _uncounted(change: Change, claimed: Message) -> Change:
    """Forget that a message counted as sent, since it was not: the claim's time names its entry."""
    sent = list(change.state.sent)
    entry = Sending(claimed.purpose, claimed.update_time, claimed.delivery_kind or "")
    for noted in (entry, replace(entry, kind="")):  # the way was not always noted
        if noted in sent:
            sent.remove(noted)
            break
    return replace(change, state=replace(change.state, sent=tuple(sent)))


def _end_all(
    state: Messaging, messages: list[Message], as_state: MessageState, reason: Reason, now: datetime
) -> Change:
    change: Change = Decision(state)
    for message in messages:
        one = end(change.state, message, as_state=as_state, reason=reason, now=now)
        change = Decision(one.state, (*change.events, *one.events))
    return change


def _ended(message: Message, as_state: MessageState, reason: Reason, now: datetime) -> Message:
    if message.is_unsure:
        as_state, reason = MessageState.UNKNOWN, Reason.OUTCOME_UNKNOWN
    return replace(message, state=as_state, state_reason=reason, update_time=now)


def is_same_matter(waiting: Message, message: Message) -> bool:
    """Say whether a message takes the place of one that waits: about the same cart, and not a further step."""
    is_about_same = bool(message.cart_id) and _is_queued(waiting) and _matter(waiting) == _matter(message)
    earlier, later = waiting.campaign, message.campaign
    if earlier is None or later is None:
        return is_about_same
    return is_about_same and earlier.campaign_id == later.campaign_id and earlier.enrolment_id != later.enrolment_id


def _matter(message: Message) -> tuple[str, str]:
    return message.cart_id, message.purpose


def _is_queued(message: Message) -> bool:
    return message.state is MessageState.QUEUED


def _replaced(waiting: tuple[Message, ...], after: Message) -> tuple[Message, ...]:
    return tuple(after if message.message_id == after.message_id else message for message in waiting)


def _without(waiting: tuple[Message, ...], gone: Message) -> tuple[Message, ...]:
    return tuple(message for message in waiting if message.message_id != gone.message_id)
