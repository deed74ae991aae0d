"""What an agent can do in a conversation."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import omnithread
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL, DELIVERY_KIND_UNSPECIFIED
from omnithread.messaging.v1 import conversation_service_pb2 as pb
from omnithread.messaging.v1.messaging_pb2 import (
    ASSIGNEE_KIND_AGENT,
    ASSIGNEE_KIND_STORE,
    ASSIGNEE_KIND_TEAM,
    AUTHOR_AGENT,
    CONVERSATION_SIDE_STAFF,
    AssigneeKind,
)
from omnithread.messaging.v1.messaging_service_pb2 import PostMessageRequest
from services.console.acting.acts import Act, Unfit, Wanted

HAND_OVER_KINDS: Mapping[str, AssigneeKind.ValueType] = MappingProxyType(
    {"agent": ASSIGNEE_KIND_AGENT, "team": ASSIGNEE_KIND_TEAM, "store": ASSIGNEE_KIND_STORE}
)
"""To whom a conversation can be handed over, by their words."""


async def answer(suite: omnithread.Omnithread, wanted: Wanted) -> None:
    """Say something to the customer; by mail too, where that is wanted."""
    await suite.messaging.PostMessage(
        PostMessageRequest(
            customer_id=wanted.customer_id,
            conversation_id=wanted.thing_id,
            author=AUTHOR_AGENT,
            text=wanted.text("text"),
            reply_by=DELIVERY_KIND_EMAIL if wanted.ticked("by_mail") else DELIVERY_KIND_UNSPECIFIED,
            request_id=wanted.request_id,
        )
    )


async def take(suite: omnithread.Omnithread, wanted: Wanted) -> None:
    """Look after it, if nobody does."""
    await suite.conversations.AssignConversation(
        pb.AssignConversationRequest(
            customer_id=wanted.customer_id,
            conversation_id=wanted.thing_id,
            assignee=pb.Assignee(kind=ASSIGNEE_KIND_AGENT, id=wanted.agent.agent_id),
            only_if_free=not wanted.ticked("from_another"),
            request_id=wanted.request_id,
        )
    )


async def give_back(suite: omnithread.Omnithread, wanted: Wanted) -> None:
    """Look after it no longer: it waits for whoever takes it."""
    await suite.conversations.AssignConversation(
        pb.AssignConversationRequest(
            customer_id=wanted.customer_id, conversation_id=wanted.thing_id, request_id=wanted.request_id
        )
    )


async def hand_over(suite: omnithread.Omnithread, wanted: Wanted) -> None:
    """Give it to somebody else, with a note for them."""
    kind = HAND_OVER_KINDS.get(wanted.text("kind"))
    if kind is None:
        raise Unfit("Choose whether it goes to an agent, a team or a store.")
    await suite.conversations.HandOverConversation(
        pb.HandOverConversationRequest(
            customer_id=wanted.customer_id,
            conversation_id=wanted.thing_id,
            assignee=pb.Assignee(kind=kind, id=wanted.text("to")),
            note=wanted.text("note"),
            request_id=wanted.request_id,
        )
    )


async def note(suite: omnithread.Omnithread, wanted: Wanted) -> None:
    """Note something that no customer sees."""
    await suite.conversations.AddNote(
        pb.AddNoteRequest(
            customer_id=wanted.customer_id,
            conversation_id=wanted.thing_id,
            text=wanted.text("text"),
            request_id=wanted.request_id,
        )
    )


async def read(suite: omnithread.Omnithread, wanted: Wanted) -> None:
    """Say that the company has read it, up to what the page showed."""
    await suite.conversations.MarkConversationRead(
        pb.MarkConversationReadRequest(
            customer_id=wanted.customer_id,
            conversation_id=wanted.thing_id,
            side=CONVERSATION_SIDE_STAFF,
            entry_id=wanted.text("entry_id"),
            request_id=wanted.request_id,
        )
    )


async def close(suite: omnithread.Omnithread, wanted: Wanted) -> None:
    """End it; it can be opened again."""
    await suite.conversations.CloseConversation(
        pb.CloseConversationRequest(
            customer_id=wanted.customer_id, conversation_id=wanted.thing_id, request_id=wanted.request_id
        )
    )


async def reopen(suite: omnithread.Omnithread, wanted: Wanted) -> None:
    """Let it go on."""
    await suite.conversations.ReopenConversation(
        pb.ReopenConversationRequest(
            customer_id=wanted.customer_id, conversation_id=wanted.thing_id, request_id=wanted.request_id
        )
    )


ACTS: Sequence[Act] = (
    Act(
        "answer",
        "Send",
        "Your answer was sent.",
        answer,
        asks="Send this to the customer? It cannot be taken back.",
        quotes="text",
    ),
    Act("take", "Look after it", "You look after this conversation now.", take),
    Act(
        "give-back",
        "Give it back",
        "Nobody looks after this conversation now; it waits for whoever takes it.",
        give_back,
    ),
    Act("hand-over", "Hand it over", "The conversation was handed over.", hand_over),
    Act(
        "note",
        "Add the note",
        "The note was added.",
        note,
        asks="Add this note? Your colleagues will see it, the customer never; it cannot be removed.",
        quotes="text",
    ),
    Act("read", "Mark as read", "The conversation is marked as read.", read),
    Act("close", "Close it", "The conversation has ended. It can be opened again.", close),
    Act("reopen", "Open it again", "The conversation goes on.", reopen),
)
