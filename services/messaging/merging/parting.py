"""Decides who gets which messages and conversations where a merge is undone. Pure; nothing is lost.

- Messages go back to whom they were for; one that was caused since goes with the way through a campaign that led to it,
  else to the customer in whose visit that was, and to the survivor where nothing tells.
  One that is just being sent is waited for.
- What was sent since counts for the caps of both: caps may only hold back. So do addresses that bounced since.
- Conversations: see `merging/parting_conversations`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from libs.errors import conflict
from services.messaging.campaigns import joining
from services.messaging.campaigns.values import Enrolment
from services.messaging.deciding.usual_hours import newest_reactions
from services.messaging.merging.parting_conversations import PartedConversations, split_conversations
from services.messaging.merging.taking_over import campaigns_of
from services.messaging.model import newest_messages, newest_sendings
from services.messaging.values import WAITING_STATES, Message, MessageState, MessageSummary, Messaging, Sending


@dataclass(frozen=True, slots=True)
class Parted:
    """What each of the two has afterwards."""

    survivor: Messaging
    source: Messaging
    conversations: PartedConversations
    """With those whose place in the lists of conversations changes."""
    enrolments: tuple[Enrolment, ...] = ()
    """The ways through campaigns of both that go on by it."""


def split(
    now: Messaging,
    *,
    before: Messaging,
    source: Messaging,
    merge_id: str,
    source_session_ids: frozenset[str],
    said: Mapping[str, int],
    time: datetime,
    gone: frozenset[str] = frozenset(),
) -> Parted:
    """Give both their own again: `before` is the survivor's from before the merge, `source` as it was sealed.

    `said` counts, by conversation, the entries that came since from visits of the source. `gone` are messages of a
    third one, who had been merged into the survivor before and was parted since.
    Raises CONFLICT while a message of the source is being sent.
    """
    theirs = [message for message in now.waiting if _is_sources(message, before, source, source_session_ids)]
    if any(message.state is MessageState.SENDING for message in theirs):
        raise conflict()
    conversations = split_conversations(
        now.conversations,
        before=before.conversations,
        source=source.conversations,
        merge_id=merge_id,
        source_session_ids=source_session_ids,
        said=said,
    )
    known = {summary.message_id for summary in (*before.recent, *source.recent)}
    new = [summary for summary in now.recent if summary.message_id not in known]
    ways = {one.enrolment_id for one in source.enrolments}
    led_to = {step.message_id for one in now.enrolments if one.enrolment_id in ways for step in one.path}
    new_theirs = [
        summary for summary in new if summary.session_id in source_session_ids or summary.message_id in led_to
    ]
    kept = tuple(summary for summary in before.recent if summary.message_id not in gone)
    sent_since = _since(now.sent, (*before.sent, *source.sent))
    mine, yours = joining.part(
        campaigns_of(now),
        before=campaigns_of(before),
        source=campaigns_of(source),
        source_session_ids=source_session_ids,
    )
    reacted = tuple((Counter(now.reactions) - Counter((*before.reactions, *source.reactions))).elements())
    return Parted(
        survivor=Messaging(
            waiting=tuple(message for message in now.waiting if message not in theirs),
            recent=_recent(kept, [summary for summary in new if summary not in new_theirs], now),
            conversations=conversations.survivor,
            sent=_sent(before.sent, sent_since, time),
            suppressions=now.suppressions,
            enrolments=mine.enrolments,
            heard=mine.heard,
            past_entries=mine.past_entries,
            reactions=newest_reactions((*before.reactions, *reacted)),
        ),
        source=Messaging(
            waiting=tuple(theirs),
            recent=_recent(source.recent, new_theirs, now),
            conversations=conversations.source,
            sent=_sent(source.sent, sent_since, time),
            suppressions=now.suppressions,
            enrolments=yours.enrolments,
            heard=yours.heard,
            past_entries=yours.past_entries,
            reactions=newest_reactions((*source.reactions, *reacted)),
        ),
        conversations=conversations,
        enrolments=tuple(one for one in (*mine.enrolments, *yours.enrolments) if one not in now.enrolments),
    )


def _is_sources(message: Message, before: Messaging, source: Messaging, session_ids: frozenset[str]) -> bool:
    if any(message.message_id == theirs.message_id for theirs in source.waiting):
        return True
    mine = any(message.message_id == mine.message_id for mine in before.waiting)
    if mine or message.campaign is None:
        return not mine and message.origin.session_id in session_ids
    way = message.campaign.enrolment_id
    if way in {one.enrolment_id for one in source.enrolments}:
        return True
    return way not in {one.enrolment_id for one in before.enrolments} and message.origin.session_id in session_ids


def _recent(own: tuple[MessageSummary, ...], new: list[MessageSummary], now: Messaging) -> tuple[MessageSummary, ...]:
    """Give one side's newest messages as they are now; one of which nobody here knows how it ended is left out."""
    today = {summary.message_id: summary for summary in now.recent}
    waiting = {message.message_id for message in now.waiting}
    known = [
        today.get(summary.message_id, summary)
        for summary in own
        if summary.message_id in today or summary.state not in WAITING_STATES or summary.message_id in waiting
    ]
    return newest_messages((*known, *new))


def _since(sent: tuple[Sending, ...], earlier: tuple[Sending, ...]) -> tuple[Sending, ...]:
    return tuple((Counter(sent) - Counter(earlier)).elements())


def _sent(own: tuple[Sending, ...], since: tuple[Sending, ...], time: datetime) -> tuple[Sending, ...]:
    return newest_sendings((*own, *since), time) if since else own
