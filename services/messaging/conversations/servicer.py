"""Translates calls: one short method per RPC of `ConversationService`."""

from libs.errors import permission_denied
from libs.rpc.call import current_call, origin_of, stamp_of
from libs.rpc.pages import PageTokens, page_size
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_EMAIL
from omnithread.messaging.v1 import conversation_service_pb2 as pb
from omnithread.messaging.v1.conversation_service_pb2_grpc import ConversationServiceServicer
from services.messaging.conversations.convert import (
    assignee_from_proto,
    desk_entry_to_proto,
    desk_to_proto,
    incoming_mail,
    note_to_proto,
    order_from_proto,
    side_from_proto,
)
from services.messaging.conversations.queues import Queues
from services.messaging.conversations.receiving import MailRoom
from services.messaging.conversations.staff_desk import StaffDesk
from services.messaging.convert import conversation_to_proto
from services.messaging.store import queue_of

QUEUE_PAGES = PageTokens("messaging.queues")
DESK_PAGES = PageTokens("messaging.desk")


class ConversationServicer(ConversationServiceServicer):
    """Answers mail gateways, staff and bots."""

    def __init__(self, *, mail_room: MailRoom, staff: StaffDesk, queues: Queues) -> None:
        self._mail_room = mail_room
        self._staff = staff
        self._queues = queues

    async def ReceiveMail(self, request: pb.ReceiveMailRequest, _context: object) -> pb.ReceiveMailResponse:
        call = current_call()
        if call.caller.channel_kind != CHANNEL_KIND_EMAIL:
            raise permission_denied("CALLER_NOT_ALLOWED", "Only a channel of kind EMAIL brings mails.")
        received = await self._mail_room.receive(incoming_mail(request), origin=origin_of(call))
        saved = received.outcome.saved
        return pb.ReceiveMailResponse(
            outcome=pb.MAIL_OUTCOME_POSTED if received.entry_id else pb.MAIL_OUTCOME_PASSED_OVER,
            customer_id=saved.customer_id,
            conversation_id=received.conversation_id,
            entry_id=received.entry_id,
            replayed=received.outcome.replayed,
            head=saved.head(),
        )

    async def AssignConversation(
        self, request: pb.AssignConversationRequest, _context: object
    ) -> pb.AssignConversationResponse:
        outcome, conversation = await self._staff.assign(
            request.customer_id,
            request.conversation_id,
            assignee_from_proto(request.assignee) if request.HasField("assignee") else None,
            only_if_free=request.only_if_free,
            stamp=stamp_of(request),
        )
        return pb.AssignConversationResponse(
            desk=desk_to_proto(conversation, outcome.saved.customer_id),
            replayed=outcome.replayed,
            head=outcome.saved.head(),
        )

    async def HandOverConversation(
        self, request: pb.HandOverConversationRequest, _context: object
    ) -> pb.HandOverConversationResponse:
        outcome, conversation = await self._staff.hand_over(
            request.customer_id,
            request.conversation_id,
            assignee_from_proto(request.assignee),
            request.note,
            stamp=stamp_of(request),
        )
        return pb.HandOverConversationResponse(
            desk=desk_to_proto(conversation, outcome.saved.customer_id),
            note_id=outcome.facts["note_id"],
            replayed=outcome.replayed,
            head=outcome.saved.head(),
        )

    async def AddNote(self, request: pb.AddNoteRequest, _context: object) -> pb.AddNoteResponse:
        outcome = await self._staff.add_note(
            request.customer_id, request.conversation_id, request.text, stamp=stamp_of(request)
        )
        return pb.AddNoteResponse(
            note_id=outcome.facts["note_id"], replayed=outcome.replayed, head=outcome.saved.head()
        )

    async def MarkConversationRead(
        self, request: pb.MarkConversationReadRequest, _context: object
    ) -> pb.MarkConversationReadResponse:
        outcome, conversation = await self._staff.mark_read(
            request.customer_id,
            request.conversation_id,
            side_from_proto(request.side),
            entry_id=request.entry_id,
            stamp=stamp_of(request),
        )
        return pb.MarkConversationReadResponse(
            conversation=conversation_to_proto(conversation, outcome.saved.customer_id),
            replayed=outcome.replayed,
            head=outcome.saved.head(),
        )

    async def CloseConversation(
        self, request: pb.CloseConversationRequest, _context: object
    ) -> pb.CloseConversationResponse:
        outcome, conversation = await self._staff.close(
            request.customer_id, request.conversation_id, stamp=stamp_of(request)
        )
        return pb.CloseConversationResponse(
            conversation=conversation_to_proto(conversation, outcome.saved.customer_id, entries=False),
            replayed=outcome.replayed,
            head=outcome.saved.head(),
        )

    async def ReopenConversation(
        self, request: pb.ReopenConversationRequest, _context: object
    ) -> pb.ReopenConversationResponse:
        outcome, conversation = await self._staff.reopen(
            request.customer_id, request.conversation_id, stamp=stamp_of(request)
        )
        return pb.ReopenConversationResponse(
            desk=desk_to_proto(conversation, outcome.saved.customer_id),
            replayed=outcome.replayed,
            head=outcome.saved.head(),
        )

    async def ListAssignedConversations(
        self, request: pb.ListAssignedConversationsRequest, _context: object
    ) -> pb.ListAssignedConversationsResponse:
        assignee = assignee_from_proto(request.assignee) if request.HasField("assignee") else None
        owner = f"{queue_of(assignee)} {request.order}"
        found, following = await self._queues.page(
            assignee,
            order_from_proto(request.order),
            by=origin_of(current_call()),
            position=QUEUE_PAGES.decode(request.page_token, owner=owner),
            limit=page_size(request.page_size),
        )
        return pb.ListAssignedConversationsResponse(
            desks=[desk_to_proto(one.conversation, one.customer_id) for one in found],
            next_page_token=QUEUE_PAGES.encode(following, owner=owner) if following else "",
        )

    async def GetConversationDesk(
        self, request: pb.GetConversationDeskRequest, _context: object
    ) -> pb.GetConversationDeskResponse:
        owner = f"{request.customer_id} {request.conversation_id}"
        customer_id, conversation, notes, documents, following = await self._staff.look(
            request.customer_id,
            request.conversation_id,
            by=origin_of(current_call()),
            position=DESK_PAGES.decode(request.page_token, owner=owner),
            limit=page_size(request.page_size),
        )
        return pb.GetConversationDeskResponse(
            desk=desk_to_proto(conversation, customer_id),
            notes=[note_to_proto(note) for note in notes],
            entries=[desk_entry_to_proto(document) for document in documents],
            next_page_token=DESK_PAGES.encode(following, owner=owner) if following else "",
        )
