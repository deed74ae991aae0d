"""Translates calls: one short method per RPC of `MessagingService`, between the contract's words and the operations."""

from libs.rpc.call import stamp_of
from libs.rpc.pages import PageTokens, page_size
from libs.rpc.written import Written
from omnithread.messaging.v1 import messaging_service_pb2 as pb
from omnithread.messaging.v1.messaging_service_pb2_grpc import MessagingServiceServicer
from services.messaging.conversations.desk import ConversationDesk
from services.messaging.convert import (
    author_from_proto,
    conversation_to_proto,
    entry_to_proto,
    kind_from_proto,
    message_to_proto,
    place_from_request,
    record_to_answer,
    template_from_proto,
    template_to_proto,
    wanted_from_request,
)
from services.messaging.operations import Messages

TEMPLATE_PAGES = PageTokens("messaging.templates")
MESSAGE_PAGES = PageTokens("messaging.messages")
CONVERSATION_PAGES = PageTokens("messaging.conversations")
ENTRY_PAGES = PageTokens("messaging.entries")


class MessagingServicer(MessagingServiceServicer):
    """Answers what channels ask of templates, messages and conversations."""

    def __init__(self, *, messages: Messages, conversations: ConversationDesk) -> None:
        self._messages = messages
        self._written = Written(record_to_answer)
        self._templates = messages.templates
        self._conversations = conversations

    async def PutTemplate(self, request: pb.PutTemplateRequest, _context: object) -> pb.PutTemplateResponse:
        template = template_from_proto(request.template)
        outcome = await self._templates.put(template, etag=request.etag, stamp=stamp_of(request))
        return pb.PutTemplateResponse(template=template_to_proto(outcome.saved), replayed=outcome.replayed)

    async def GetTemplate(self, request: pb.GetTemplateRequest, _context: object) -> pb.GetTemplateResponse:
        saved = await self._templates.get(request.template_id)
        return pb.GetTemplateResponse(template=template_to_proto(saved))

    async def ListTemplates(self, request: pb.ListTemplatesRequest, _context: object) -> pb.ListTemplatesResponse:
        position = TEMPLATE_PAGES.decode(request.page_token, owner="") or {"after_id": ""}
        found, following = await self._templates.page(
            after_id=str(position["after_id"]), limit=page_size(request.page_size)
        )
        return pb.ListTemplatesResponse(
            templates=[template_to_proto(saved) for saved in found],
            next_page_token=TEMPLATE_PAGES.encode({"after_id": following}, owner="") if following else "",
        )

    async def SendMessage(self, request: pb.SendMessageRequest, _context: object) -> pb.SendMessageResponse:
        outcome, message, content = await self._messages.send(
            request.customer_id, wanted_from_request(request), stamp=stamp_of(request)
        )
        return pb.SendMessageResponse(
            message=message_to_proto(message, content, outcome.saved.customer_id),
            replayed=outcome.replayed,
            head=outcome.saved.head(),
        )

    async def GetMessage(self, request: pb.GetMessageRequest, _context: object) -> pb.GetMessageResponse:
        customer_id, message, content = await self._messages.get_message(request.customer_id, request.message_id)
        return pb.GetMessageResponse(message=message_to_proto(message, content, customer_id))

    async def ListMessages(self, request: pb.ListMessagesRequest, _context: object) -> pb.ListMessagesResponse:
        owner = f"{request.customer_id} {request.delivery_kind}"
        customer_id, found, following = await self._messages.list_messages(
            request.customer_id,
            kind=kind_from_proto(request.delivery_kind),
            position=MESSAGE_PAGES.decode(request.page_token, owner=owner),
            limit=page_size(request.page_size),
        )
        return pb.ListMessagesResponse(
            messages=[message_to_proto(message, content, customer_id) for message, content in found],
            next_page_token=MESSAGE_PAGES.encode(following, owner=owner) if following else "",
        )

    async def PostMessage(self, request: pb.PostMessageRequest, _context: object) -> pb.PostMessageResponse:
        outcome, conversation = await self._conversations.post(
            request.customer_id,
            place_from_request(request),
            author_from_proto(request.author),
            request.text,
            stamp=stamp_of(request),
            reply_by=kind_from_proto(request.reply_by),
        )
        return pb.PostMessageResponse(
            conversation=conversation_to_proto(conversation, outcome.saved.customer_id),
            entry_id=outcome.facts["entry_id"],
            replayed=outcome.replayed,
            head=outcome.saved.head(),
            message_id=outcome.facts.get("message_id", ""),
        )

    async def GetConversation(self, request: pb.GetConversationRequest, _context: object) -> pb.GetConversationResponse:
        owner = f"{request.customer_id} {request.conversation_id}"
        customer_id, conversation, entries, following = await self._conversations.get(
            request.customer_id,
            request.conversation_id,
            position=ENTRY_PAGES.decode(request.page_token, owner=owner),
            limit=page_size(request.page_size),
        )
        return pb.GetConversationResponse(
            conversation=conversation_to_proto(conversation, customer_id),
            entries=[entry_to_proto(entry) for entry in entries],
            next_page_token=ENTRY_PAGES.encode(following, owner=owner) if following else "",
        )

    async def ListConversations(
        self, request: pb.ListConversationsRequest, _context: object
    ) -> pb.ListConversationsResponse:
        position = CONVERSATION_PAGES.decode(request.page_token, owner=request.customer_id)
        saved = await self._messages.get(request.customer_id)
        found, following = await self._conversations.page(saved, position=position, limit=page_size(request.page_size))
        return pb.ListConversationsResponse(
            conversations=[
                conversation_to_proto(conversation, saved.customer_id, entries=False) for conversation in found
            ],
            next_page_token=CONVERSATION_PAGES.encode(following, owner=request.customer_id) if following else "",
        )

    async def GetMessagingOverview(
        self, request: pb.GetMessagingOverviewRequest, _context: object
    ) -> pb.GetMessagingOverviewResponse:
        saved = await self._messages.get(request.customer_id)
        return self._written.of(saved.customer_id, saved)
