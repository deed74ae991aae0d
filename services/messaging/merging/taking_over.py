"""Decides how what was said to and by a merged customer is taken over. Nothing is lost.

- Messages that wait go on waiting, beyond the usual 20 if need be; beyond 100 the oldest are skipped with a reason.
- Open conversations on the same topic become one, known by both ids. A conversation that has taken up 50 others
  takes no more: the source's is closed, and stays readable.
- Of more than 10 open conversations those silent for longest are closed, and stay readable.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from libs.mongo.values import Decision
from services.messaging.campaigns import joining
from services.messaging.conversations.talking import (
    MAX_OPEN_CONVERSATIONS,
    newest_entries,
    newest_mail_ids,
    within_bounds,
)
from services.messaging.conversations.values import Conversation
from services.messaging.deciding.usual_hours import newest_reactions
from services.messaging.delivery import suppressed
from services.messaging.events import Event, MessagingAbsorbed
from services.messaging.merging.outcome import explain
from services.messaging.model import Change, end, newest_messages, newest_sendings, within_room
from services.messaging.values import MessageState, Messaging, Reason

MAX_WAITING_AFTER_MERGE = 100
MAX_JOINED = 50


@dataclass(frozen=True, slots=True)
class Joined:
    """Conversations after a merge: those that go on, and those that changed by not going on."""

    open: tuple[Conversation, ...]
    ended: tuple[Conversation, ...] = ()
    grown: tuple[Conversation, ...] = ()
    """Of those that go on, the ones that took up another: they stand elsewhere in queues."""


def absorb(survivor: Messaging, source: Messaging, *, merge_id: str, source_customer_id: str, now: datetime) -> Change:
    """Give the survivor all that the source has."""
    joined = join(survivor.conversations, source.conversations)
    waiting = frozenset(
        message.campaign.enrolment_id for message in (*survivor.waiting, *source.waiting) if message.campaign
    )
    campaigns, superseded = joining.join(campaigns_of(survivor), campaigns_of(source), now, waiting=waiting)
    after = Messaging(
        waiting=within_room(
            tuple(
                sorted(
                    (*survivor.waiting, *source.waiting), key=lambda message: (message.create_time, message.message_id)
                )
            )
        ),
        recent=newest_messages((*survivor.recent, *source.recent)),
        conversations=within_bounds(joined.open),
        sent=newest_sendings((*survivor.sent, *source.sent), now),
        suppressions=suppressed.joined((*survivor.suppressions, *source.suppressions)),
        enrolments=campaigns.enrolments,
        heard=campaigns.heard,
        past_entries=campaigns.past_entries,
        reactions=newest_reactions((*survivor.reactions, *source.reactions), now),
    )
    once = _without_messages_of(after, superseded, now)
    kept = _with_few_waiting(once.state, now)
    before = {*survivor.enrolments, *source.enrolments}
    changed = tuple(one for one in campaigns.enrolments if one not in before)
    absorbed = MessagingAbsorbed(merge_id, source_customer_id, joined.ended, joined.grown, changed)
    things = explain(source, kept.state, joined.ended)
    return Decision(kept.state, (absorbed, *once.events, *kept.events), merged=things)


def campaigns_of(state: Messaging) -> joining.CampaignsState:
    """Give what a record holds of campaigns."""
    return joining.CampaignsState(state.enrolments, state.heard, state.past_entries)


def join(survivors: tuple[Conversation, ...], sources: tuple[Conversation, ...]) -> Joined:
    """Make those on the same topic one, and close those for which there is no room."""
    on_topic = {conversation.topic: conversation for conversation in survivors}
    ended: list[Conversation] = []
    grown: set[str] = set()
    for source in sources:
        mine = on_topic.get(source.topic)
        if mine is None:
            on_topic[source.topic] = source
        elif len(mine.joined_ids) + len(source.ids) > MAX_JOINED:
            ended.append(_closed(source))
        else:
            on_topic[source.topic] = _one_of(mine, source)
            grown.add(mine.conversation_id)
            ended.append(replace(_closed(source), joined_into=mine.conversation_id))
    by_age = sorted(on_topic.values(), key=lambda found: (found.update_time, found.conversation_id), reverse=True)
    going_on, silent = by_age[:MAX_OPEN_CONVERSATIONS], by_age[MAX_OPEN_CONVERSATIONS:]
    return Joined(
        open=tuple(going_on),
        ended=(*ended, *map(_closed, silent)),
        grown=tuple(conversation for conversation in going_on if conversation.conversation_id in grown),
    )


def _one_of(mine: Conversation, source: Conversation) -> Conversation:
    return replace(
        mine,
        entry_count=mine.entry_count + source.entry_count,
        recent_entries=newest_entries((*mine.recent_entries, *source.recent_entries)),
        create_time=min(mine.create_time, source.create_time),
        update_time=max(mine.update_time, source.update_time),
        joined_ids=(*mine.joined_ids, *source.ids),
        assignee=mine.assignee or source.assignee,
        assign_time=mine.assign_time if mine.assignee else source.assign_time,
        unread_by_customer=mine.unread_by_customer + source.unread_by_customer,
        unread_by_staff=mine.unread_by_staff + source.unread_by_staff,
        last_author=max(mine, source, key=lambda found: found.update_time).last_author,
        waiting_since=min((since for since in (mine.waiting_since, source.waiting_since) if since), default=None),
        note_count=mine.note_count + source.note_count,
        mail_ids=newest_mail_ids((*mine.mail_ids, *source.mail_ids)),
        mail_subject=mine.mail_subject or source.mail_subject,
        revision=mine.revision + 1,
    )


def _closed(conversation: Conversation) -> Conversation:
    return replace(conversation, is_open=False, revision=conversation.revision + 1)


def _without_messages_of(state: Messaging, enrolment_ids: frozenset[str], now: datetime) -> Change:
    """Cancel what waits for an enrolment that goes on as another one; what is being sent stays."""
    events: tuple[Event, ...] = ()
    for message in state.waiting:
        step = message.campaign
        if step and step.enrolment_id in enrolment_ids and message.state is MessageState.QUEUED:
            change = end(state, message, as_state=MessageState.CANCELLED, reason=Reason.SUPERSEDED, now=now)
            state, events = change.state, (*events, *change.events)
    return Decision(state, events)


def _with_few_waiting(state: Messaging, now: datetime) -> Change:
    """Skip the oldest of too many messages; what is being sent stays."""
    queued = [message for message in state.waiting if message.state is MessageState.QUEUED]
    events: tuple[Event, ...] = ()
    for message in queued[: max(len(state.waiting) - MAX_WAITING_AFTER_MERGE, 0)]:
        change = end(state, message, as_state=MessageState.SKIPPED, reason=Reason.QUEUE_FULL, now=now)
        state, events = change.state, (*events, *change.events)
    return Decision(state, events)
