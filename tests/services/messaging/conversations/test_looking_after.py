"""Who looks after a conversation, what is unread in it, and when it ends."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.errors import OmnithreadError
from libs.origin import Origin
from services.messaging.conversations.looking_after import add_note, assign, close, hand_over, mark_read, reopen
from services.messaging.conversations.talking import Place, Words, post
from services.messaging.conversations.values import Assignee, AssigneeKind, Author, Conversation, NoteId, Side
from services.messaging.events import ConversationAssigned, EntryPosted
from services.messaging.model import Change
from services.messaging.values import Messaging
from tests.services.messaging.samples import NOON, WEB, conversation_id, entry_id

BEN = replace(WEB, channel_id="call-centre", actor_id="ben")
AGENT, BOT = Assignee(AssigneeKind.AGENT, "ben"), Assignee(AssigneeKind.BOT, "helper")
STORE = Assignee(AssigneeKind.STORE, "042")


def say(state: Messaging, author: Author = Author.CUSTOMER, *, minute: int = 0, automatic: bool = False) -> Messaging:
    return said(state, author, minute=minute, automatic=automatic).state


def said(state: Messaging, author: Author, *, minute: int = 0, automatic: bool = False) -> Change:
    return post(
        state,
        Place(topic="order"),
        Words(author, "", "Hello", "web-shop", 1, automatic=automatic),
        now=NOON + timedelta(minutes=minute),
        new_conversation_id=conversation_id("1"),
        new_entry_id=entry_id(f"{minute}"),
    )


def given_to(state: Messaging, assignee: Assignee | None, by: Origin = BEN, *, only_if_free: bool = False) -> Messaging:
    return assign(state, "cnv_1", assignee, by=by, only_if_free=only_if_free, now=NOON).state


def only(state: Messaging) -> Conversation:
    [conversation] = state.conversations
    return conversation


def test_a_customer_waits_from_the_first_question_until_somebody_answers() -> None:
    state = say(say(Messaging(), minute=1), minute=5)
    assert only(state).waiting_since == NOON + timedelta(minutes=1)
    assert (only(state).unread_by_staff, only(state).unread_by_customer) == (2, 0)
    state = say(state, Author.AGENT, minute=6)
    assert only(state).waiting_since is None
    assert (only(state).unread_by_staff, only(state).unread_by_customer) == (0, 1)


def test_what_a_program_sent_by_itself_is_noted_and_nobody_has_to_read_or_answer_it() -> None:
    state = say(say(say(Messaging()), Author.AGENT, minute=1), minute=2, automatic=True)
    conversation = only(state)
    assert conversation.entry_count == 3
    assert (conversation.unread_by_staff, conversation.unread_by_customer) == (0, 1)
    assert (conversation.waiting_since, conversation.last_author) == (None, Author.AGENT)


def test_queues_hear_only_of_what_changes_a_place_in_them() -> None:
    listed, state = [], Messaging()
    for minute, author in enumerate([Author.CUSTOMER, Author.CUSTOMER, Author.AGENT, Author.AGENT, Author.CUSTOMER]):
        change = said(state, author, minute=minute)
        state = change.state
        [event] = change.events
        assert isinstance(event, EntryPosted)
        listed.append(event.is_listed)
    assert listed == [True, False, True, False, True]


def test_a_bot_gives_away_what_it_looks_after_and_nothing_that_a_person_does() -> None:
    state = given_to(given_to(say(Messaging()), BOT, WEB), AGENT, WEB)
    for change in (
        lambda: given_to(state, BOT, WEB),
        lambda: close(state, "cnv_1", by=WEB),
        lambda: hand_over(state, "cnv_1", BOT, "Mine", by=WEB, new_note_id=NoteId("nte_1"), now=NOON),
        lambda: add_note(state, "cnv_1", "Mine", by=WEB, new_note_id=NoteId("nte_1"), now=NOON),
        lambda: mark_read(state, "cnv_1", Side.STAFF, by=WEB),
    ):
        with pytest.raises(OmnithreadError, match="ACTOR_REQUIRED"):
            change()


def test_of_two_who_take_one_out_of_a_queue_the_second_is_told_who_has_it() -> None:
    state = given_to(say(Messaging()), AGENT, only_if_free=True)
    assert given_to(state, AGENT, only_if_free=True) is not None
    with pytest.raises(OmnithreadError, match="CONVERSATION_ASSIGNED") as refused:
        given_to(state, STORE, only_if_free=True)
    assert refused.value.metadata == {"assignee_kind": "AGENT", "assignee_id": "ben"}


def test_the_next_gets_it_with_a_note() -> None:
    change = hand_over(
        say(Messaging()), "cnv_1", STORE, "She comes at five", by=BEN, new_note_id=NoteId("nte_1"), now=NOON
    )
    [event] = change.events
    assert isinstance(event, ConversationAssigned)
    assert event.note is not None
    assert (event.note.text, event.note.actor_id, event.note.handed_to) == ("She comes at five", "ben", STORE)
    assert (only(change.state).assignee, only(change.state).note_count) == (STORE, 1)


def test_one_that_was_read_by_its_side_has_nothing_unread() -> None:
    state = say(Messaging())
    change = mark_read(state, "cnv_1", Side.STAFF, by=BEN)
    assert only(change.state).unread_by_staff == 0
    assert only(change.state).waiting_since == NOON  # reading is not answering
    assert mark_read(change.state, "cnv_1", Side.STAFF, by=BEN).events == ()


def test_what_came_after_the_newest_entry_on_the_screen_stays_unread() -> None:
    state = say(say(say(Messaging()), minute=1), minute=2)
    seen = mark_read(state, "cnv_1", Side.STAFF, by=BEN, entry_id=entry_id("1"))
    assert only(seen.state).unread_by_staff == 1
    assert mark_read(seen.state, "cnv_1", Side.STAFF, by=BEN, entry_id=entry_id("0")).events == ()
    answered = say(say(seen.state, Author.AGENT, minute=3), minute=4, automatic=True)
    assert (
        only(mark_read(answered, "cnv_1", Side.CUSTOMER, by=WEB, entry_id=entry_id("2")).state).unread_by_customer == 1
    )
    assert mark_read(answered, "cnv_1", Side.CUSTOMER, by=WEB, entry_id="ent_unknown").events == ()
    assert only(mark_read(answered, "cnv_1", Side.CUSTOMER, by=WEB).state).unread_by_customer == 0


def test_one_that_ended_goes_on_unless_there_is_another_on_its_topic() -> None:
    change = close(given_to(say(Messaging()), AGENT), "cnv_1", by=BEN)
    assert change.state.conversations == ()
    ended = change.events[0].conversation  # type: ignore[union-attr]
    again = reopen(change.state, ended, by=BEN)
    assert only(again.state).assignee == AGENT
    assert only(again.state).revision > ended.revision
    with pytest.raises(OmnithreadError, match="TOPIC_OPEN"):
        reopen(say(change.state, minute=3), replace(ended, conversation_id=conversation_id("old")), by=BEN)


@given(st.lists(st.tuples(st.sampled_from(Author), st.booleans()), max_size=30))
def test_nothing_unread_is_more_than_was_said_and_who_waits_was_last_to_speak(acts: list[tuple[Author, bool]]) -> None:
    state = Messaging()
    for minute, (author, automatic) in enumerate(acts):
        state = say(state, author, minute=minute, automatic=automatic and author is Author.CUSTOMER)
    for conversation in state.conversations:
        by_people = [entry for entry in conversation.recent_entries if not entry.automatic]
        assert conversation.unread_by_staff + conversation.unread_by_customer <= conversation.entry_count
        if by_people:
            assert (conversation.waiting_since is not None) == (by_people[-1].author is Author.CUSTOMER)
