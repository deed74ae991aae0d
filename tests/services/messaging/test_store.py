"""What is written is read back the same, also beside a newer version of the suite."""

from dataclasses import replace

from bson import decode, encode
from bson.codec_options import CodecOptions

from libs.origin import Origin
from omnithread.common.v1.event_pb2 import EventHeader
from services.messaging.conversations.values import Author, Conversation, Entry
from services.messaging.convert import event_to_proto
from services.messaging.events import EntryPosted, MessageStateChanged
from services.messaging.store import (
    SHAPE,
    conversation_from_document,
    entry_from_document,
    message_from_document,
    messaging_from_document,
    messaging_to_fields,
)
from services.messaging.values import Content, MessageState, Messaging, Sending, summary_of
from tests.services.messaging.samples import EMAIL, IN_APP, NOON, conversation_id, entry_id, message

ORIGIN = Origin("store-042", 3, session_id="ses_1", actor_id="anna", traceparent="00-1-1-01", journey_id="jrn_1")
MESSAGE = message(
    asked_kind=EMAIL,
    delivery_kind=IN_APP,
    state=MessageState.SENDING,
    origin=ORIGIN,
    cart_id="crt_1",
    sku="boots",
    subject="S",
)
CONTENT = Content((("code", "A"),), 3, "de", "Guten Tag")
ENTRY = Entry(entry_id("1"), conversation_id("1"), Author.AGENT, "anna", "Hello", "store-042", 3, NOON)
CONVERSATION = Conversation(conversation_id("1"), "order", NOON, NOON, 1, (ENTRY,), joined_ids=(conversation_id("2"),))
STATE = Messaging(
    waiting=(MESSAGE,),
    recent=(summary_of(MESSAGE),),
    conversations=(CONVERSATION,),
    sent=(Sending("newsletter", NOON), Sending("service", NOON)),
)


def over_the_wire(document: dict[str, object]) -> dict[str, object]:
    return decode(encode(document), CodecOptions(tz_aware=True))


def test_a_record_is_read_back_as_it_was_written() -> None:
    assert messaging_from_document(over_the_wire(messaging_to_fields(STATE))) == STATE


def test_members_of_lists_are_read_back_as_they_were_written() -> None:
    [of_message] = SHAPE.members(MessageStateChanged(MESSAGE, CONTENT))
    assert message_from_document(over_the_wire(dict(of_message.document))) == (MESSAGE, CONTENT)
    of_entry, of_conversation = SHAPE.members(EntryPosted(CONVERSATION, ENTRY, is_listed=True))
    assert entry_from_document(over_the_wire(dict(of_entry.document))) == ENTRY
    without_entries = replace(CONVERSATION, recent_entries=())
    assert conversation_from_document(over_the_wire(dict(of_conversation.document))) == without_entries


def test_fields_of_a_newer_version_are_left_alone() -> None:
    fields = messaging_to_fields(STATE)
    for things in (fields["waiting"], fields["recent"], fields["conversations"]):
        things[0]["something_new"] = 1
    fields["waiting"][0]["origin"]["something_new"] = 1
    assert messaging_from_document(fields) == STATE


def test_a_message_of_an_older_version_is_about_no_article() -> None:
    fields = messaging_to_fields(STATE)
    del fields["waiting"][0]["sku"]
    assert messaging_from_document(fields).waiting == (replace(MESSAGE, sku=""),)


def test_no_words_and_no_values_travel_with_events() -> None:
    secret = replace(CONTENT, variables=(("code", "SECRET"),), body_text="SECRET")
    said = replace(ENTRY, text="SECRET")
    for event in (
        MessageStateChanged(replace(MESSAGE, subject="SECRET"), secret),
        EntryPosted(replace(CONVERSATION, recent_entries=(said,)), said),
    ):
        assert b"SECRET" not in event_to_proto(event, EventHeader(event_id="evt_1")).SerializeToString()
