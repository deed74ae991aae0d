"""What channels see of templates, messages and conversations: over real services."""

import asyncio

from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_MOBILE_APP, CHANNEL_KIND_WEB
from omnithread.messaging.v1 import messaging_pb2
from omnithread.messaging.v1 import messaging_service_pb2 as pb
from tests.services.calls import stamped, until
from tests.services.messaging.office import EMAIL, IN_APP, Office, came_to, form, state_of


async def test_each_put_makes_the_next_version_of_a_template(office: Office) -> None:
    first = await office.put("versioned", form(EMAIL, "One", body_html="<b>One</b>"))
    assert (first.version, first.forms[0].body_html) == (1, "<b>One</b>")
    request = stamped(pb.PutTemplateRequest(template=first, etag=first.etag))
    request.template.forms[0].body_text = "Two"
    second = await office.call_centre.PutTemplate(request)
    again = await office.call_centre.PutTemplate(request)
    assert (second.template.version, second.replayed, again.replayed) == (2, False, True)
    assert again.template == second.template
    read = await office.app.GetTemplate(pb.GetTemplateRequest(template_id="versioned"))
    assert read.template == second.template
    assert read.template.update_time.seconds > 0


async def test_templates_are_listed_by_id_page_by_page(office: Office) -> None:
    for name in ("listed_b", "listed_a", "listed_c"):
        await office.put(name)
    listed, token = [], ""
    while True:
        page = await office.app.ListTemplates(pb.ListTemplatesRequest(page_size=2, page_token=token))
        assert len(page.templates) <= 2
        listed += [template.template_id for template in page.templates]
        if not (token := page.next_page_token):
            break
    assert listed == sorted(set(listed))
    assert {"cart_reminder", "listed_a", "listed_b", "listed_c"} <= set(listed)


async def test_a_message_is_queued_once_however_often_it_is_asked_for(office: Office) -> None:
    anna = await office.person()
    await office.put("welcome", form(IN_APP, "Hello {{ customer.given_name }}: {{ code }}"), variable_names=("code",))
    request = stamped(
        pb.SendMessageRequest(
            customer_id=anna.customer_id,
            template_id="welcome",
            purpose="service",
            variables=[pb.Variable(name="code", value="<A>")],
        )
    )
    first = await office.web.SendMessage(request)
    assert (state_of(first.message), first.message.cause) == ("QUEUED", request.request_id)
    assert (first.message.channel.id, first.message.channel.kind) == ("web-shop", CHANNEL_KIND_WEB)
    assert (first.message.delivery_kind, first.message.body_text) == (0, "")
    sent = await office.ended(anna.customer_id, first.message.message_id)
    assert (sent.body_text, sent.subject, sent.template_version) == ("Hello Anna: <A>", "Hello", 1)

    again = await office.web.SendMessage(request)
    assert (again.replayed, again.message) == (True, sent)
    assert len(await office.messages(anna.customer_id)) == 1


async def test_what_became_of_a_message_is_announced_step_by_step_without_its_words(office: Office) -> None:
    anna = await office.person()
    await office.put("announced", form(EMAIL, "Secret words"))
    message_id = await office.send(anna.customer_id, "announced")
    await office.ended(anna.customer_id, message_id)
    events = await office.events(anna.customer_id)
    assert [event.WhichOneof("payload") for event in events] == ["message_queued"] + ["message_state_changed"] * 2
    assert [state_of(event.message_state_changed) for event in events[1:]] == ["SENDING", "SENT"]
    assert {event.message_state_changed.delivery_kind for event in events[1:]} == {EMAIL}
    assert [event.header.seq for event in events] == [1, 2, 3]
    assert events[0].header.channel.id == "web-shop"
    assert events[1].header.channel.id == "messaging-sender"
    assert b"Secret" not in b"".join(event.SerializeToString() for event in events)


async def test_messages_are_listed_newest_first_page_by_page(office: Office) -> None:
    anna = await office.person()
    await office.put("many")
    sent = [await office.send(anna.customer_id, "many") for _ in range(5)]
    for message_id in sent:
        await office.ended(anna.customer_id, message_id)
    first = await office.app.ListMessages(
        pb.ListMessagesRequest(customer_id=anna.customer_id, delivery_kind=IN_APP, page_size=3)
    )
    second = await office.app.ListMessages(
        pb.ListMessagesRequest(
            customer_id=anna.customer_id, delivery_kind=IN_APP, page_size=3, page_token=first.next_page_token
        )
    )
    listed = [message.message_id for message in (*first.messages, *second.messages)]
    assert listed == sent[::-1]
    assert second.next_page_token == ""
    assert await office.messages(anna.customer_id, delivery_kind=EMAIL) == []


async def test_a_chat_on_the_web_and_a_call_are_one_conversation(office: Office) -> None:
    customer_id = await office.guest()
    asked = await office.post_entry("web", customer_id, "Where is my parcel?")
    answered = await office.post_entry("call_centre", customer_id, "In the van.")
    thanked = await office.post_entry("app", customer_id, "Thanks!", conversation_id=asked.conversation.conversation_id)
    assert asked.conversation.conversation_id == answered.conversation.conversation_id
    conversation = thanked.conversation
    assert (conversation.topic, conversation.entry_count) == ("order", 3)
    assert conversation.state == messaging_pb2.CONVERSATION_STATE_OPEN
    assert [(entry.text, entry.channel.id, entry.actor_id) for entry in conversation.recent_entries] == [
        ("Where is my parcel?", "web-shop", ""),
        ("In the van.", "call-centre", "ben"),
        ("Thanks!", "mobile-app", ""),
    ]
    assert thanked.entry_id == conversation.recent_entries[-1].entry_id
    assert conversation.recent_entries[2].channel.kind == CHANNEL_KIND_MOBILE_APP
    overview = await office.overview(customer_id)
    assert list(overview.open_conversations) == [conversation]
    assert overview.version == 3
    events = await office.events(customer_id)
    assert [event.entry_posted.entry_id for event in events] == [
        asked.entry_id,
        answered.entry_id,
        thanked.entry_id,
    ]
    assert events[1].header.actor_id == "ben"


async def test_two_channels_that_begin_at_the_same_moment_share_one_conversation(
    office: Office, another_replica: Office
) -> None:
    for _ in range(5):
        customer_id = await office.guest()
        posted = await asyncio.gather(
            *(
                replica.post_entry(channel, customer_id, f"{channel} {number}")
                for replica in (office, another_replica)
                for channel in ("web", "app", "call_centre")
                for number in range(2)
            )
        )
        assert len({answer.conversation.conversation_id for answer in posted}) == 1
        [conversation] = (await office.overview(customer_id)).open_conversations
        assert conversation.entry_count == 12
        read = await office.app.GetConversation(
            pb.GetConversationRequest(customer_id=customer_id, conversation_id=conversation.conversation_id)
        )
        assert {entry.entry_id for entry in read.entries} == {answer.entry_id for answer in posted}
        listed = await office.app.ListConversations(pb.ListConversationsRequest(customer_id=customer_id))
        assert len(listed.conversations) == 1


async def test_a_retry_says_nothing_twice(office: Office) -> None:
    customer_id = await office.guest()
    request = stamped(
        pb.PostMessageRequest(
            customer_id=customer_id, topic="order", author=messaging_pb2.AUTHOR_CUSTOMER, text="Hello?"
        )
    )
    first = await office.web.PostMessage(request)
    again = await office.web.PostMessage(request)
    assert (again.replayed, again.entry_id, again.conversation) == (True, first.entry_id, first.conversation)
    assert again.conversation.entry_count == 1


async def test_a_long_conversation_is_read_page_by_page_from_its_beginning(office: Office) -> None:
    customer_id = await office.guest()
    answers = [await office.post_entry("web", customer_id, str(number)) for number in range(25)]
    answer = answers[-1]
    conversation_id = answer.conversation.conversation_id
    assert [entry.text for entry in answer.conversation.recent_entries] == [str(number) for number in range(15, 25)]
    texts, token = [], ""
    for _ in range(3):
        page = await office.call_centre.GetConversation(
            pb.GetConversationRequest(
                customer_id=customer_id, conversation_id=conversation_id, page_size=10, page_token=token
            )
        )
        texts += [entry.text for entry in page.entries]
        token = page.next_page_token
    assert texts == [str(number) for number in range(25)]
    assert token == ""


async def test_conversations_are_listed_newest_first_page_by_page(office: Office) -> None:
    customer_id = await office.guest()
    for topic in ("order", "returns", "general"):
        await office.post_entry("web", customer_id, "Hello", topic=topic)
    first = await office.app.ListConversations(pb.ListConversationsRequest(customer_id=customer_id, page_size=2))
    second = await office.app.ListConversations(
        pb.ListConversationsRequest(customer_id=customer_id, page_size=2, page_token=first.next_page_token)
    )
    listed = (*first.conversations, *second.conversations)
    assert [conversation.topic for conversation in listed] == ["general", "returns", "order"]
    assert all(not conversation.recent_entries for conversation in listed)
    assert second.next_page_token == ""


async def test_the_overview_of_somebody_to_whom_nothing_was_said_is_empty(office: Office) -> None:
    customer_id = await office.guest()
    overview = await office.overview(customer_id)
    assert overview == messaging_pb2.MessagingOverview(customer_id=customer_id)


async def test_the_overview_counts_what_waits_and_tells_what_was_sent(patient: Office) -> None:
    anna = await patient.person(EMAIL)
    await patient.put("greeting")
    message_id = await patient.send(anna.customer_id, "greeting")
    await patient.ended(anna.customer_id, message_id)
    await patient.fill_cart(anna.customer_id)
    waiting = await until(lambda: _reminders(patient, anna.customer_id))
    overview = await patient.overview(anna.customer_id)
    assert overview.queued_count == 1
    assert [summary.message_id for summary in overview.recent_messages] == [waiting[0].message_id, message_id]
    assert overview.recent_messages[1].subject == "Hello"
    assert came_to(await patient.message(anna.customer_id, message_id)) == ("SENT", "")


async def _reminders(office: Office, customer_id: str) -> list[messaging_pb2.Message]:
    return [message for message in await office.messages(customer_id) if message.template_id == "cart_reminder"]
