"""The conversations that wait, and one conversation with what an agent can do in it."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

import omnithread
from libs.telemetry.journey import add_journey_labels
from omnithread.messaging.v1.conversation_service_pb2 import (
    CONVERSATION_ORDER_LONGEST_WAITING,
    Assignee,
    DeskEntry,
    GetConversationDeskRequest,
    GetConversationDeskResponse,
    ListAssignedConversationsRequest,
)
from omnithread.messaging.v1.messaging_pb2 import ASSIGNEE_KIND_AGENT, CONVERSATION_STATE_OPEN
from services.console.acting.acts import NOTHING_TYPED, Acting, Typed, by_name, named
from services.console.acting.answering import ACTS, HAND_OVER_KINDS
from services.console.acting.refusals import Told
from services.console.console import Console
from services.console.web.asked import asked_page
from services.console.web.requests import signed_in

PER_PAGE = 20
MOST_SHOWN = 500
"""So many entries of a conversation are shown, the newest."""
PER_CALL = 100
MOST_CALLS = 100
"""A conversation has at most 10,000 entries."""


@dataclass(frozen=True, slots=True)
class ConversationPages:
    """Shows them."""

    console: Console

    @property
    def acting(self) -> Acting:
        """What can be done in a conversation."""
        return Acting(self.console, by_name(ACTS), self._desk, title="A conversation", thing="conversation_id")

    async def queue(self, request: Request) -> Response:
        """Show what the agent looks after, and what nobody looks after yet, longest waiting first."""
        agent = signed_in(request)
        client = self.console.clients.of(agent)
        mine, free = await asyncio.gather(
            client.conversations.ListAssignedConversations(
                ListAssignedConversationsRequest(
                    assignee=Assignee(kind=ASSIGNEE_KIND_AGENT, id=agent.agent_id),
                    order=CONVERSATION_ORDER_LONGEST_WAITING,
                    page_size=PER_CALL,
                )
            ),
            client.conversations.ListAssignedConversations(
                ListAssignedConversationsRequest(
                    order=CONVERSATION_ORDER_LONGEST_WAITING, page_size=PER_PAGE, page_token=asked_page(request)
                )
            ),
        )
        return self.console.rendering.page(
            request,
            "acting/queue.html",
            mine=mine.desks,
            more_of_mine=bool(mine.next_page_token),
            free=free.desks,
            next_page=free.next_page_token,
            is_first_page=not asked_page(request),
        )

    async def desk(self, request: Request) -> Response:
        """Show one conversation."""
        return await self._desk(request, NOTHING_TYPED, None)

    async def _desk(self, request: Request, typed: Typed, told: Told | None) -> Response:
        customer_id, conversation_id = named(request, "customer_id"), named(request, "conversation_id")
        add_journey_labels(customer_id=customer_id)
        agent = signed_in(request)
        read, entries = await newest_entries(self.console.clients.of(agent), customer_id, conversation_id)
        desk = read.desk
        return self.console.rendering.page(
            request,
            "acting/desk.html",
            status=told.status if told else 200,
            customer_id=customer_id,
            desk=desk,
            entries=entries,
            cut=len(entries) < desk.conversation.entry_count,
            notes=read.notes,
            is_open=desk.conversation.state == CONVERSATION_STATE_OPEN,
            is_mine=(desk.assignee.kind, desk.assignee.id) == (ASSIGNEE_KIND_AGENT, agent.agent_id),
            kinds=HAND_OVER_KINDS,
            here=f"/customers/{customer_id}/conversations/{conversation_id}",
            typed=typed,
            told=told,
            done=self.acting.done_words(request),
            new_id=lambda: self.console.new_id("req"),
        )


async def newest_entries(
    client: omnithread.Omnithread,
    customer_id: str,
    conversation_id: str,
    *,
    most_shown: int = MOST_SHOWN,
    per_call: int = PER_CALL,
) -> tuple[GetConversationDeskResponse, Sequence[DeskEntry]]:
    """Read a conversation to its end, which is what has to be answered, and give its newest entries, oldest first."""
    newest: deque[DeskEntry] = deque(maxlen=most_shown)
    page = GetConversationDeskResponse()
    for _ in range(MOST_CALLS):
        page = await client.conversations.GetConversationDesk(
            GetConversationDeskRequest(
                customer_id=customer_id,
                conversation_id=conversation_id,
                page_size=per_call,
                page_token=page.next_page_token,
            )
        )
        newest.extend(page.entries)
        if not page.next_page_token:
            break
    return page, list(newest)
