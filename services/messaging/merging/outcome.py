"""Says what a merge did with messages and conversations, thing by thing. Pure; no word of a text is in it."""

from collections.abc import Iterator

from libs.merged_things import MergeAction, MergedThing
from services.messaging.conversations.values import Conversation
from services.messaging.values import Messaging


def explain(source: Messaging, after: Messaging, ended: tuple[Conversation, ...]) -> tuple[MergedThing, ...]:
    """Say what became of what the source had; `ended` are the conversations that the merge joined or closed."""
    return (*_messages(source, after), *_sent(source), *_conversations(source, after, ended))


def _messages(source: Messaging, after: Messaging) -> Iterator[MergedThing]:
    waiting = {message.message_id for message in after.waiting}
    for message in source.waiting:
        details = (("purpose", message.purpose),)
        if message.message_id in waiting:
            action, why = MergeAction.KEPT, "It goes on waiting, and is sent only if it still concerns the customer."
        else:
            action, why = MergeAction.DROPPED, "More than 100 messages waited: the oldest were skipped."
        yield MergedThing("message", message.message_id, action, why, details)


def _sent(source: Messaging) -> Iterator[MergedThing]:
    if source.sent:
        why = "What either side was sent counts for the caps."
        yield MergedThing("field", "sent", MergeAction.SUMMED, why, (("messages", str(len(source.sent))),))


def _conversations(source: Messaging, after: Messaging, ended: tuple[Conversation, ...]) -> Iterator[MergedThing]:
    mine = {conversation.conversation_id for conversation in after.conversations}
    theirs = {conversation.conversation_id for conversation in source.conversations}
    for conversation in source.conversations:
        if conversation.conversation_id in mine:
            yield _told(conversation, MergeAction.KEPT, "It goes on as it was.")
    for conversation in ended:
        if conversation.joined_into:
            why = "There was an open conversation on the same topic: they are one, known by both ids."
            yield _told(conversation, MergeAction.SUMMED, why)
        elif conversation.conversation_id in theirs:
            yield _told(conversation, MergeAction.SET_ASIDE, "There was no room: it is closed, and stays readable.")
        else:
            why = "The customer's own, silent for longest: it is closed for want of room, and stays readable."
            yield _told(conversation, MergeAction.SET_ASIDE, why)


def _told(conversation: Conversation, action: MergeAction, why: str) -> MergedThing:
    details = [("entries", str(conversation.entry_count))]
    if conversation.joined_into:
        details.append(("joined_into", conversation.joined_into))
    return MergedThing("conversation", conversation.conversation_id, action, why, tuple(details))
