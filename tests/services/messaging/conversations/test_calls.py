"""Conversations over the wire: mails that join them, who looks after which, and who may see what."""

import asyncio
from typing import Any

from grpc import StatusCode

from libs.ids import new_id
from omnithread.messaging.v1 import conversation_service_pb2 as pb
from omnithread.messaging.v1 import messaging_service_pb2 as messaging_pb
from omnithread.messaging.v1.messaging_pb2 import (
    ASSIGNEE_KIND_AGENT,
    ASSIGNEE_KIND_BOT,
    ASSIGNEE_KIND_STORE,
    ASSIGNEE_KIND_TEAM,
    AUTHOR_AGENT,
    AUTHOR_CUSTOMER,
    CONVERSATION_SIDE_CUSTOMER,
    CONVERSATION_STATE_CLOSED,
    Conversation,
)
from tests.services.calls import refusal, stamped, until
from tests.services.messaging.office import EMAIL, Office, Person
from tests.services.messaging.post_office import text_of

BEN = pb.Assignee(kind=ASSIGNEE_KIND_AGENT, id="ben")
BOT = pb.Assignee(kind=ASSIGNEE_KIND_BOT, id="helper")
STORE = pb.Assignee(kind=ASSIGNEE_KIND_STORE, id="042")


def mail(person: Person | str, text: str = "Where is it?", **fields: Any) -> pb.ReceiveMailRequest:
    address = person if isinstance(person, str) else person.address
    given: dict[str, Any] = {"mail_id": f"<{new_id('mail')}@example.com>", "subject": "My order"}
    return pb.ReceiveMailRequest(from_address=address, text=text, **(given | fields))


async def entries(office: Office, customer_id: str, conversation_id: str) -> list[pb.DeskEntry]:
    request = pb.GetConversationDeskRequest(customer_id=customer_id, conversation_id=conversation_id)
    return list((await office.staff.GetConversationDesk(request)).entries)


async def only_open(office: Office, customer_id: str) -> Conversation:
    [conversation] = (await office.overview(customer_id)).open_conversations
    return conversation


async def test_an_answer_goes_out_by_mail_and_the_answer_to_it_joins_the_conversation(office: Office) -> None:
    anna = await office.person()
    asked = mail(anna, topic="order")
    first = await office.gateway.ReceiveMail(asked)
    answered = await office.call_centre.PostMessage(
        messaging_pb.PostMessageRequest(
            customer_id=anna.customer_id,
            conversation_id=first.conversation_id,
            author=AUTHOR_AGENT,
            text="It comes tomorrow.",
            reply_by=EMAIL,
        )
    )
    sent = await office.ended(anna.customer_id, answered.message_id)
    assert sent.body_text.startswith("Hello Anna,\n\nIt comes tomorrow.")
    [out] = office.post.mails(anna.address)
    assert (out["Subject"], "It comes tomorrow." in text_of(out)) == ("Re: My order", True)
    assert (out["In-Reply-To"], out["References"]) == (asked.mail_id, asked.mail_id)

    # She answers from an address that nobody knows, and quotes what she answers.
    reply = mail(
        "anna@work.example",
        "Thanks!\n\nOn Tuesday Shop wrote:\n> It comes tomorrow.",
        in_reply_to=out["Message-ID"],
        references=[out["Message-ID"]],
    )
    second = await office.gateway.ReceiveMail(reply)
    assert second.conversation_id == first.conversation_id
    said = await entries(office, anna.customer_id, first.conversation_id)
    assert [(one.entry.text, one.entry.by_mail, one.from_own_address) for one in said] == [
        ("Where is it?", True, True),
        ("It comes tomorrow.", False, False),
        ("Thanks!", True, False),
    ]
    assert said[2].mail_text == reply.text
    conversation = await only_open(office, anna.customer_id)
    assert (conversation.unread_by_staff, conversation.unread_by_customer) == (1, 0)
    assert conversation.last_author == AUTHOR_CUSTOMER


async def test_a_mail_joins_the_mail_that_it_answers_even_where_that_was_the_customers_own(office: Office) -> None:
    anna = await office.person()
    first = mail(anna)
    begun = await office.gateway.ReceiveMail(first)
    at_once = await office.gateway.ReceiveMail(mail(anna, references=[first.mail_id], topic="other"))
    assert at_once.conversation_id == begun.conversation_id


async def test_a_mail_that_its_gateway_repeats_is_taken_in_once(office: Office) -> None:
    anna = await office.person()
    one = mail(anna)
    answers = await asyncio.gather(*(office.gateway.ReceiveMail(one) for _ in range(4)))
    assert len({answer.entry_id for answer in answers}) == 1
    assert sum(answer.replayed for answer in answers) == 3
    assert (await only_open(office, anna.customer_id)).entry_count == 1


async def test_an_absence_note_begins_nothing_and_is_only_noted_where_somebody_talks(office: Office) -> None:
    anna = await office.person()
    note: dict[str, Any] = {"auto_submitted": "auto-replied"}
    passed = await office.gateway.ReceiveMail(mail(anna, "I am away.", **note))
    assert (passed.outcome, passed.entry_id) == (pb.MAIL_OUTCOME_PASSED_OVER, "")
    await office.post_entry("call_centre", anna.customer_id, "Hello", topic="general")
    await office.gateway.ReceiveMail(mail(anna, "I am away.", **note))
    conversation = await only_open(office, anna.customer_id)
    assert (conversation.entry_count, conversation.unread_by_staff) == (2, 0)
    assert conversation.recent_entries[1].automatic
    assert not conversation.HasField("waiting_since_time")


async def test_a_mail_after_the_end_begins_a_new_conversation_on_the_same_topic(office: Office) -> None:
    anna = await office.person()
    first = mail(anna, topic="returns")
    begun = await office.gateway.ReceiveMail(first)
    await office.staff.CloseConversation(
        pb.CloseConversationRequest(customer_id=anna.customer_id, conversation_id=begun.conversation_id)
    )
    again = await office.gateway.ReceiveMail(mail(anna, in_reply_to=first.mail_id))
    assert again.conversation_id != begun.conversation_id
    assert (await only_open(office, anna.customer_id)).topic == "returns"


async def test_who_brings_or_sends_a_mail_that_does_not_count_is_refused(office: Office) -> None:
    anna = await office.person()
    refused = await refusal(office.staff.ReceiveMail(mail(anna)))
    assert (refused.code, refused.reason) == (StatusCode.PERMISSION_DENIED, "CALLER_NOT_ALLOWED")
    refused = await refusal(office.gateway.ReceiveMail(mail("nobody@nowhere.example")))
    assert (refused.code, refused.reason, refused.metadata) == (StatusCode.NOT_FOUND, "SENDER_UNKNOWN", {})
    for wrong, field in (
        (mail("no address"), "from_address"),
        (mail(anna, mail_id="<>"), "mail_id"),
        (mail(anna, "\x00", subject=""), "text"),
    ):
        refused = await refusal(office.gateway.ReceiveMail(wrong))
        assert [(refused.reason, violation.field) for violation in refused.fields] == [("INVALID_FIELD", field)]


async def test_from_the_bot_to_an_agent_to_the_store_it_stays_one_conversation(office: Office) -> None:
    anna = await office.person()
    begun = await office.post_entry("web", anna.customer_id, "Do you have it in blue?")
    customer_id, conversation_id = anna.customer_id, begun.conversation.conversation_id
    where: dict[str, Any] = {"customer_id": customer_id, "conversation_id": conversation_id}
    await office.bot.AssignConversation(pb.AssignConversationRequest(assignee=BOT, **where))
    await office.bot.HandOverConversation(
        pb.HandOverConversationRequest(assignee=BEN, note="Asks for blue ones; I know no more.", **where)
    )
    handed = await office.staff.HandOverConversation(
        pb.HandOverConversationRequest(assignee=STORE, note="Have them ready, please.", **where)
    )
    assert (handed.desk.assignee, handed.desk.note_count) == (STORE, 2)
    seen = await office.staff.GetConversationDesk(pb.GetConversationDeskRequest(**where))
    assert [(note.actor_id, note.text, note.handed_to) for note in seen.notes] == [
        ("", "Asks for blue ones; I know no more.", BEN),
        ("ben", "Have them ready, please.", STORE),
    ]
    told = await only_open(office, customer_id)
    assert told.assignee_kind == ASSIGNEE_KIND_STORE
    everything = str(await office.overview(customer_id)) + str(
        await office.web.GetConversation(messaging_pb.GetConversationRequest(**where))
    )
    assert "ready, please" not in everything
    assert "042" not in everything
    assert "ready, please" not in str(await office.events(customer_id))


async def test_what_is_for_staff_is_refused_to_others(office: Office) -> None:
    anna = await office.person()
    begun = await office.post_entry("web", anna.customer_id, "Hello")
    where: dict[str, Any] = {"customer_id": anna.customer_id, "conversation_id": begun.conversation.conversation_id}
    await office.staff.AssignConversation(pb.AssignConversationRequest(assignee=BEN, **where))
    for call in (
        office.bot.AssignConversation(pb.AssignConversationRequest(assignee=BOT, **where)),
        office.bot.AddNote(pb.AddNoteRequest(text="Mine", **where)),
        office.bot.CloseConversation(pb.CloseConversationRequest(**where)),
        office.bot.ReopenConversation(pb.ReopenConversationRequest(**where)),
        office.bot.GetConversationDesk(pb.GetConversationDeskRequest(**where)),
        office.bot.ListAssignedConversations(pb.ListAssignedConversationsRequest()),
    ):
        refused = await refusal(call)
        assert (refused.code, refused.reason) == (StatusCode.PERMISSION_DENIED, "ACTOR_REQUIRED")
    read = await office.bot.MarkConversationRead(
        pb.MarkConversationReadRequest(side=CONVERSATION_SIDE_CUSTOMER, **where)
    )
    assert read.conversation.unread_by_customer == 0


async def test_a_queue_has_those_that_wait_longest_first_and_none_that_another_took(office: Office) -> None:
    team = pb.Assignee(kind=ASSIGNEE_KIND_TEAM, id=new_id("team"))
    begun: list[dict[str, Any]] = []
    for number in range(3):
        customer_id = await office.guest()
        answer = await office.post_entry("web", customer_id, f"{number}")
        where: dict[str, Any] = {"customer_id": customer_id, "conversation_id": answer.conversation.conversation_id}
        await office.staff.AssignConversation(pb.AssignConversationRequest(assignee=team, **where))
        begun.append(where)

    async def queue(order: pb.ConversationOrder.ValueType = pb.CONVERSATION_ORDER_UNSPECIFIED) -> list[str]:
        found: list[str] = []
        token = ""
        while True:
            request = pb.ListAssignedConversationsRequest(assignee=team, order=order, page_size=2, page_token=token)
            page = await office.staff.ListAssignedConversations(request)
            found += [desk.conversation.recent_entries[0].text for desk in page.desks]
            token = page.next_page_token
            if not token:
                return found

    async def in_order() -> bool:
        return await queue() == ["0", "1", "2"]

    await until(in_order)
    assert await queue(pb.CONVERSATION_ORDER_NEWEST) == ["2", "1", "0"]
    await office.post_entry("call_centre", begun[0]["customer_id"], "Here you are")
    taking = pb.AssignConversationRequest(assignee=BEN, only_if_free=True, **begun[1])
    refused = await refusal(office.staff.AssignConversation(taking))
    assert (refused.code, refused.reason) == (StatusCode.FAILED_PRECONDITION, "CONVERSATION_ASSIGNED")
    assert refused.metadata == {"assignee_kind": "TEAM", "assignee_id": team.id}
    await office.staff.CloseConversation(pb.CloseConversationRequest(**begun[1]))
    assert await queue() == ["2"]


async def test_one_that_ended_stays_readable_and_goes_on_when_it_is_opened_again(office: Office) -> None:
    customer_id = await office.guest()
    begun = await office.post_entry("web", customer_id, "Hello")
    where: dict[str, Any] = {"customer_id": customer_id, "conversation_id": begun.conversation.conversation_id}
    closing = stamped(pb.CloseConversationRequest(**where))
    closed = await office.staff.CloseConversation(closing)
    assert closed.conversation.state == CONVERSATION_STATE_CLOSED
    assert (await office.staff.CloseConversation(closing)).replayed
    assert not (await office.overview(customer_id)).open_conversations
    again = await office.staff.ReopenConversation(pb.ReopenConversationRequest(**where))
    assert [entry.text for entry in again.desk.conversation.recent_entries] == ["Hello"]
    await office.post_entry("app", customer_id, "Still there?")
    assert (await only_open(office, customer_id)).entry_count == 2
    await office.staff.CloseConversation(pb.CloseConversationRequest(**where))
    other = await office.post_entry("web", customer_id, "Another time")
    refused = await refusal(office.staff.ReopenConversation(pb.ReopenConversationRequest(**where)))
    assert (refused.code, refused.reason) == (StatusCode.FAILED_PRECONDITION, "TOPIC_OPEN")
    assert refused.metadata == {"conversation_id": other.conversation.conversation_id}
