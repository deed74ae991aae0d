"""Decides who gets which conversations where a merge is undone, and what was said in them since. Pure.

An entry from a visit of the source goes to the source, any other to the survivor. Where somebody's entries stand in
the other one's conversation, they go on in their own on the same topic, or in a new one, which is known by that id too:
so an id that a channel was told keeps leading to what was said.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from services.messaging.conversations.talking import newest_entries, newest_mail_ids, within_bounds
from services.messaging.conversations.values import Conversation, ConversationId, Entry
from services.messaging.merging.taking_over import join

ID_CHARACTERS = 26
ANEW = 100_000
"""Added to a revision, it is beyond those that the list has seen since the merge."""


@dataclass(frozen=True, slots=True)
class PartedConversations:
    """Whose conversations are whose."""

    survivor: tuple[Conversation, ...]
    source: tuple[Conversation, ...]
    survivor_listed: tuple[Conversation, ...] = ()
    """Those that the survivor's list of conversations has anew, or otherwise."""
    source_listed: tuple[Conversation, ...] = ()


@dataclass(frozen=True, slots=True)
class _Said:
    """What one side said since in one conversation."""

    count: int
    newest: tuple[Entry, ...]
    places: tuple[ConversationId, ...]
    """The conversations in which it stands."""


class _Side:
    """Collects what one customer has afterwards."""

    def __init__(self, name: str, merge_id: str, own: Iterable[Conversation]) -> None:
        self._name = name
        self._merge_id = merge_id
        self._own = {conversation.conversation_id: conversation for conversation in own}
        self._after: dict[ConversationId, Conversation] = {}
        self.listed: dict[ConversationId, Conversation] = {}

    def go_on(self, shared: Conversation, said: _Said, was: Conversation | None) -> None:
        """Add what was said in a shared conversation to this side's own, or begin one with it."""
        own = next((self._own[name] for name in shared.ids if name in self._own), None)
        if own is not None:
            after = _with(own, said, shared, was or shared)
            if shared.conversation_id == own.conversation_id and shared.revision > own.revision:
                self.take(replace(after, revision=shared.revision + 1))
            else:
                self.keep(after)
        elif said.count:
            twin = Conversation(self._twin_id(shared), shared.topic, shared.create_time, shared.create_time)
            self.take(_with(twin, said, shared, twin))

    def keep(self, conversation: Conversation) -> None:
        """Have a conversation that is in this side's list already."""
        self._after[conversation.conversation_id] = conversation

    def take(self, conversation: Conversation) -> None:
        """Have a conversation, and list it anew."""
        self.keep(conversation)
        self.listed[conversation.conversation_id] = conversation

    def reopen(self, closed: Iterable[ConversationId]) -> None:
        """Have again, open, what a merge had joined into another or closed."""
        for name in closed:
            if name in self._own:
                present = self._after.get(name, self._own[name])
                self.take(replace(present, revision=present.revision + ANEW))

    def missing(self) -> list[ConversationId]:
        """Give those of before the merge that nobody has named."""
        return [name for name in self._own if name not in self._after]

    def conversations(self) -> tuple[Conversation, ...]:
        """Give all, in their order."""
        return within_bounds(list(self._after.values()))

    def _twin_id(self, shared: Conversation) -> ConversationId:
        digest = hashlib.sha256(f"{self._merge_id}:{shared.conversation_id}:{self._name}".encode()).hexdigest()
        return ConversationId(f"cnv_{digest[:ID_CHARACTERS]}")


def split_conversations(
    now: Sequence[Conversation],
    *,
    before: tuple[Conversation, ...],
    source: tuple[Conversation, ...],
    merge_id: str,
    source_session_ids: frozenset[str],
    said: Mapping[str, int],
) -> PartedConversations:
    """Part the open conversations; `said` counts the source's entries since, by the conversation they stand in."""
    joined = join(before, source)
    at_merge = {conversation.conversation_id: conversation for conversation in joined.open}
    mine, theirs = _Side("survivor", merge_id, before), _Side("source", merge_id, source)
    for shared in now:
        was = at_merge.get(shared.conversation_id)
        my_words, their_words = _said_since(shared, was, source_session_ids, said.get(shared.conversation_id, 0))
        if was is not None:
            mine.go_on(shared, my_words, was)
            theirs.go_on(shared, their_words, was)
        elif shared.session_id in source_session_ids:
            theirs.take(replace(_only(shared, their_words), revision=shared.revision + 1))
            mine.go_on(shared, my_words, was)
        else:
            mine.keep(_only(shared, my_words))
            theirs.go_on(shared, their_words, was)
    ended = [conversation.conversation_id for conversation in joined.ended]
    mine.reopen(ended)
    theirs.reopen({*ended, *theirs.missing()})
    return PartedConversations(
        survivor=mine.conversations(),
        source=theirs.conversations(),
        survivor_listed=tuple(mine.listed.values()),
        source_listed=tuple(theirs.listed.values()),
    )


def _said_since(
    shared: Conversation, was: Conversation | None, source_session_ids: frozenset[str], counted: int
) -> tuple[_Said, _Said]:
    """Give what the survivor and the source said; what is no longer at hand is counted, as far as it can be theirs."""
    old = {entry.entry_id for entry in was.recent_entries} if was is not None else set()
    count = shared.entry_count - (was.entry_count if was is not None else 0)
    new = [entry for entry in shared.recent_entries if entry.entry_id not in old]
    theirs = tuple(entry for entry in new if entry.session_id in source_session_ids)
    mine = tuple(entry for entry in new if entry.session_id not in source_session_ids)
    their_count = max(len(theirs), min(counted, count - len(mine)))
    places = tuple(name for name in shared.ids if was is None or name not in was.ids)
    my_count = count - their_count
    return (
        _Said(my_count, mine, (*((shared.conversation_id,) if my_count else ()), *places)),
        _Said(their_count, theirs, (shared.conversation_id,) if their_count else ()),
    )


def _only(shared: Conversation, said: _Said) -> Conversation:
    """Give a conversation with what one side said in it."""
    if said.count == shared.entry_count:
        return shared
    return replace(
        shared,
        entry_count=said.count,
        recent_entries=said.newest,
        unread_by_customer=min(shared.unread_by_customer, said.count),
        unread_by_staff=min(shared.unread_by_staff, said.count),
        last_author=said.newest[-1].author if said.newest else shared.last_author,
    )


def _with(own: Conversation, said: _Said, shared: Conversation, was: Conversation) -> Conversation:
    """Give one side's conversation with what became of the shared one since the merge.

    Whoever was given that one since looks after both; what is unread in it may be either's, and so is in both.
    """
    names = dict.fromkeys((*own.joined_ids, *said.places))
    names.pop(own.conversation_id, None)
    is_same = own.conversation_id == shared.conversation_id
    is_given = (shared.assignee, shared.assign_time) != (was.assignee, was.assign_time)
    giver = shared if is_given else own
    is_waiting_otherwise = shared.waiting_since != was.waiting_since and bool(said.count or own.waiting_since)
    mails_since = [name for name in shared.mail_ids if name not in was.mail_ids]
    return replace(
        own,
        entry_count=own.entry_count + said.count,
        recent_entries=newest_entries((*own.recent_entries, *said.newest)),
        update_time=max(own.update_time, *(entry.post_time for entry in said.newest))
        if said.newest
        else own.update_time,
        joined_ids=tuple(names),
        assignee=giver.assignee,
        assign_time=giver.assign_time,
        unread_by_customer=min(shared.unread_by_customer, own.unread_by_customer + said.count),
        unread_by_staff=min(shared.unread_by_staff, own.unread_by_staff + said.count),
        last_author=said.newest[-1].author if said.newest else own.last_author,
        waiting_since=shared.waiting_since if is_waiting_otherwise else own.waiting_since,
        note_count=own.note_count + (shared.note_count - was.note_count if is_same else 0),
        mail_ids=newest_mail_ids((*own.mail_ids, *mails_since)),
    )
