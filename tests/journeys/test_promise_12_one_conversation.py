"""When I write in the chat and ask again elsewhere, it is one conversation."""

import asyncio

import omnithread
from omnithread.messaging.v1.messaging_pb2 import AUTHOR_AGENT, AUTHOR_CUSTOMER, Author, Conversation
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
