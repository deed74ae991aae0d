from datetime import datetime, timedelta

import pytest

from libs.errors import OmnithreadError
from services.messaging.conversations.talking import MAX_ENTRIES, MAX_RECENT_BYTES, Place, Words, post
from services.messaging.conversations.values import Author, Conversation, ConversationId
from services.messaging.events import EntryPosted
from services.messaging.merging.taking_over import absorb
from services.messaging.model import queue
from services.messaging.values import Messaging, Sending
from tests.services.messaging.samples import CONTENT, NOON, conversation_id, entry_id, message

CUSTOMER = Words(Author.CUSTOMER, "", "Where is my parcel?", "web-shop", 1)


def say(
    state: Messaging, topic: str = "order", name: str = "1", *, into: str = "", at: datetime = NOON, text: str = "Hello"
) -> Messaging:
    place = Place(conversation_id=into) if into else Place(topic=topic)
    words = Words(Author.CUSTOMER, "", text, "web-shop", 1)
    return post(
        state, place, words, now=at, new_conversation_id=conversation_id(name), new_entry_id=entry_id(name)
    ).state


def test_the_first_words_on_a_topic_begin_a_conversation_and_the_next_go_on() -> None:
    first = post(
        Messaging(),
        Place(topic="order"),
        CUSTOMER,
        now=NOON,
        new_conversation_id=conversation_id("1"),
        new_entry_id=entry_id("1"),
    )
    assert first.facts == {"conversation_id": "cnv_1", "entry_id": "ent_1"}
    state = say(first.state, name="2")
    [conversation] = state.conversations
    assert (conversation.conversation_id, conversation.entry_count) == ("cnv_1", 2)
    assert [entry.entry_id for entry in conversation.recent_entries] == ["ent_1", "ent_2"]


def test_each_entry_is_later_than_the_one_before_whatever_the_clocks_say() -> None:
    state = say(say(Messaging()), name="2", at=NOON - timedelta(minutes=1))
    first, second = state.conversations[0].recent_entries
    assert first.post_time < second.post_time == state.conversations[0].update_time


def test_the_conversation_with_the_newest_entry_comes_first() -> None:
    state = say(Messaging(), "order", "1")
    state = say(state, "returns", "2", at=NOON + timedelta(minutes=1))
    state = say(state, "order", "3", at=NOON + timedelta(minutes=2))
    assert [conversation.topic for conversation in state.conversations] == ["order", "returns"]


def test_nobody_speaks_in_a_conversation_that_is_not_the_customers() -> None:
    with pytest.raises(OmnithreadError, match="CONVERSATION_NOT_FOUND"):
        say(say(Messaging()), into="cnv_other")


def test_the_eleventh_topic_and_the_entry_after_the_last_are_too_much() -> None:
    state = Messaging()
    for number in range(10):
        state = say(state, f"topic_{number}", str(number))
    with pytest.raises(OmnithreadError, match="10 open conversations"):
        say(state, "one_more", "more")
    full = Conversation(conversation_id("1"), "order", NOON, NOON, entry_count=MAX_ENTRIES)
    with pytest.raises(OmnithreadError, match="10000 entries"):
        say(Messaging(conversations=(full,)))


def test_the_record_keeps_as_many_of_the_newest_words_as_fit() -> None:
    state, long = Messaging(), "ü" * 4096
    for number in range(30):
        at = NOON + timedelta(minutes=number)
        state = say(state, f"topic_{number % 3}", f"{number:02}", at=at, text=long)
    entries = [entry for conversation in state.conversations for entry in conversation.recent_entries]
    assert sum(len(entry.text.encode()) for entry in entries) <= MAX_RECENT_BYTES
    assert "ent_29" in {entry.entry_id for entry in entries}
    assert sum(conversation.entry_count for conversation in state.conversations) == 30


def merged(survivor: Messaging, source: Messaging) -> Messaging:
    return absorb(survivor, source, merge_id="mrg_1", source_customer_id="cus_2", now=NOON).state


def test_what_two_customers_said_on_one_topic_becomes_one_conversation() -> None:
    survivor = say(Messaging(), "order", "a", at=NOON + timedelta(minutes=2))
    source = say(say(Messaging(), "order", "b"), "order", "c", at=NOON + timedelta(minutes=1))
    state = merged(survivor, source)
    [conversation] = state.conversations
    assert conversation.ids == ("cnv_a", "cnv_b")
    assert [entry.entry_id for entry in conversation.recent_entries] == ["ent_b", "ent_c", "ent_a"]
    assert conversation.entry_count == 3
    after = say(state, into="cnv_b", name="d", at=NOON + timedelta(minutes=3))
    assert after.conversations[0].entry_count == 4


def test_the_joined_conversation_leads_to_the_one_that_goes_on() -> None:
    change = absorb(
        say(Messaging(), name="a"), say(Messaging(), name="b"), merge_id="mrg_1", source_customer_id="cus_2", now=NOON
    )
    [event] = change.events
    [ended] = event.conversations  # type: ignore[union-attr]
    assert (ended.conversation_id, ended.joined_into, ended.is_open, ended.revision) == ("cnv_b", "cnv_a", False, 2)


def test_of_too_many_open_conversations_those_silent_for_longest_are_closed() -> None:
    survivor, source = Messaging(), Messaging()
    for number in range(10):
        survivor = say(survivor, f"mine_{number}", f"m{number}", at=NOON + timedelta(minutes=number))
        source = say(source, f"theirs_{number}", f"t{number}", at=NOON + timedelta(minutes=number))
    change = absorb(survivor, source, merge_id="mrg_1", source_customer_id="cus_2", now=NOON)
    assert {conversation.topic[-1] for conversation in change.state.conversations} == set("56789")
    [event] = change.events
    assert len(event.conversations) == 10  # type: ignore[union-attr]
    assert all(not conversation.is_open for conversation in event.conversations)  # type: ignore[union-attr]


def test_a_conversation_takes_up_fifty_others_and_no_more() -> None:
    ids = tuple(ConversationId(f"cnv_{number}") for number in range(50))
    full = Conversation(conversation_id("full"), "order", NOON, NOON, entry_count=1, joined_ids=ids)
    change = absorb(
        Messaging(conversations=(full,)),
        say(Messaging(), name="b"),
        merge_id="mrg_1",
        source_customer_id="cus_2",
        now=NOON,
    )
    [event] = change.events
    [closed] = event.conversations  # type: ignore[union-attr]
    assert (closed.conversation_id, closed.joined_into, closed.is_open) == ("cnv_b", "", False)


def test_messages_that_wait_and_what_was_sent_come_along() -> None:
    survivor = queue(Messaging(sent=(Sending("service", NOON),)), message("a"), CONTENT).state
    source = queue(Messaging(sent=(Sending("newsletter", NOON - timedelta(days=1)),)), message("b"), CONTENT).state
    state = merged(survivor, source)
    assert [waiting.message_id for waiting in state.waiting] == ["msg_a", "msg_b"]
    assert [sending.purpose for sending in state.sent] == ["newsletter", "service"]
    assert len(state.recent) == 2


def test_of_far_too_many_waiting_messages_the_oldest_are_skipped_with_a_reason() -> None:
    mine = tuple(message(f"m{number:03}", create_time=NOON + timedelta(minutes=number)) for number in range(90))
    theirs = tuple(message(f"t{number:03}", create_time=NOON - timedelta(hours=1)) for number in range(20))
    change = absorb(
        Messaging(waiting=mine), Messaging(waiting=theirs), merge_id="mrg_1", source_customer_id="cus_2", now=NOON
    )
    assert len(change.state.waiting) == 100
    assert len(change.events) == 11


def test_an_entry_travels_with_its_event() -> None:
    change = post(
        Messaging(),
        Place(topic="order"),
        CUSTOMER,
        now=NOON,
        new_conversation_id=conversation_id("1"),
        new_entry_id=entry_id("1"),
        occur_time=NOON - timedelta(hours=1),
    )
    [event] = change.events
    assert isinstance(event, EntryPosted)
    assert event.entry.text == "Where is my parcel?"
    assert event.occur_time == NOON - timedelta(hours=1)
