"""When I write in the chat and ask again elsewhere, it is one conversation."""

import asyncio
from typing import Any

import omnithread
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from omnithread.messaging.v1.conversation_service_pb2 import (
    Assignee,
    GetConversationDeskRequest,
    HandOverConversationRequest,
    ReceiveMailRequest,
)
from omnithread.messaging.v1.messaging_pb2 import (
    ASSIGNEE_KIND_STORE,
    AUTHOR_AGENT,
    AUTHOR_CUSTOMER,
    Author,
    Conversation,
)
from omnithread.messaging.v1.messaging_service_pb2 import GetConversationRequest, PostMessageRequest
from tests.journeys.people import context_of, log_in, somebody
from tests.running_suite import Channels


async def say(
    channel: omnithread.Omnithread, customer_id: str, text: str, *, author: "Author.ValueType" = AUTHOR_CUSTOMER
) -> Conversation:
    answer = await channel.messaging.PostMessage(
        PostMessageRequest(customer_id=customer_id, topic="order", author=author, text=text)
    )
    return answer.conversation


async def test_chat_messenger_and_telephone_are_one_conversation(channels: Channels) -> None:
    anna = (await log_in(channels.shop, somebody())).customer_id
    await say(channels.app, anna, "Where is my order?")
    await say(channels.messenger, anna, "It should have come yesterday.")
    await say(channels.agent, anna, "It is on its way.", author=AUTHOR_AGENT)

    for channel in channels.four:
        (conversation,) = (await context_of(channel, anna)).messaging.open_conversations
        assert [(entry.channel.id, entry.text, entry.actor_id) for entry in conversation.recent_entries] == [
            ("mobile-app", "Where is my order?", ""),
            ("messenger", "It should have come yesterday.", ""),
            ("call-centre", "It is on its way.", "agent-17"),
        ]


async def test_two_channels_that_begin_at_the_same_moment_share_one_conversation(channels: Channels) -> None:
    anna = (await log_in(channels.shop, somebody())).customer_id
    said = await asyncio.gather(
        *(say(channel, anna, f"{number}") for channel in (channels.app, channels.messenger) for number in range(10))
    )
    (conversation_id,) = {conversation.conversation_id for conversation in said}
    whole = await channels.agent.messaging.GetConversation(
        GetConversationRequest(customer_id=anna, conversation_id=conversation_id, page_size=100)
    )
    assert whole.conversation.entry_count == 20
    assert sorted((entry.channel.id, entry.text) for entry in whole.entries) == sorted(
        (channel, f"{number}") for channel in ("mobile-app", "messenger") for number in range(10)
    )


async def test_what_began_in_the_chat_goes_on_by_mail_and_in_the_store_as_one_conversation(channels: Channels) -> None:
    anna = (await log_in(channels.shop, somebody())).customer_id
    begun = await say(channels.app, anna, "Do you have it in blue?")
    where: dict[str, Any] = {"customer_id": anna, "conversation_id": begun.conversation_id}
    answered = await channels.agent.messaging.PostMessage(
        PostMessageRequest(author=AUTHOR_AGENT, text="In the store.", reply_by=DELIVERY_KIND_EMAIL, **where)
    )
    # She answers the mail from an address that nobody knows: the mail that it answers leads to the conversation.
    await channels.mail.conversations.ReceiveMail(
        ReceiveMailRequest(
            mail_id=f"<{answered.message_id}-answer@work.example>",
            references=[f"<{answered.message_id}@example.com>"],
            from_address="anna@work.example",
            subject="Re: Your question",
            text="I come at five.\n\nOn Tuesday Shop wrote:\n> In the store.",
        )
    )
    store = Assignee(kind=ASSIGNEE_KIND_STORE, id="042")
    await channels.agent.conversations.HandOverConversation(
        HandOverConversationRequest(assignee=store, note="Put it aside, please.", **where)
    )
    await channels.store.messaging.PostMessage(
        PostMessageRequest(author=AUTHOR_AGENT, text="It is put aside.", **where)
    )

    desk = await channels.store.conversations.GetConversationDesk(GetConversationDeskRequest(**where))
    assert (desk.desk.assignee, [note.text for note in desk.notes]) == (store, ["Put it aside, please."])
    for channel in channels.four:
        messaging = (await context_of(channel, anna)).messaging
        (conversation,) = messaging.open_conversations
        assert [(entry.channel.id, entry.text, entry.by_mail) for entry in conversation.recent_entries] == [
            ("mobile-app", "Do you have it in blue?", False),
            ("call-centre", "In the store.", False),
            ("mail-gateway", "I come at five.", True),
            ("store-042", "It is put aside.", False),
        ]
        assert (conversation.assignee_kind, conversation.unread_by_staff) == (ASSIGNEE_KIND_STORE, 0)
        assert "Put it aside" not in str(messaging)
