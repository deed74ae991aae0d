"""Translates calls: one short method per RPC of `InboxService`."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from libs.rpc.call import stamp_of
from libs.rpc.pages import PageTokens
from omnithread.messaging.v1 import inbox_service_pb2 as pb
from omnithread.messaging.v1.inbox_service_pb2_grpc import InboxServiceServicer
from services.messaging.convert import message_to_proto
from services.messaging.delivery.inbox import Inboxes
from services.messaging.delivery.receipts import ReceiptDesk
from services.messaging.values import DeliveryKind

INBOX = PageTokens("messaging.inbox")
DISPLAY = PageTokens("messaging.display")


class InboxServicer(InboxServiceServicer):
    """Answers what shows messages to customers."""

    def __init__(self, *, inboxes: Inboxes, receipts: ReceiptDesk) -> None:
        self._inboxes = inboxes
        self._receipts = receipts

    async def SubscribeInbox(
        self, request: pb.SubscribeInboxRequest, _context: object
    ) -> AsyncGenerator[pb.SubscribeInboxResponse, None]:
        position = INBOX.decode(request.resume_token, owner=request.customer_id)
        watching = self._inboxes.watch(request.customer_id, DeliveryKind.IN_APP, position=position)
        async with aclosing(watching):
            async for shown in watching:
                yield pb.SubscribeInboxResponse(
                    messages=[message_to_proto(*found, shown.customer_id) for found in shown.messages],
                    unread_count=shown.unread_count,
                    resume_token=INBOX.encode(shown.position, owner=request.customer_id),
                )

    async def SubscribeDisplay(
        self, request: pb.SubscribeDisplayRequest, _context: object
    ) -> AsyncGenerator[pb.SubscribeDisplayResponse, None]:
        position = DISPLAY.decode(request.resume_token, owner=request.customer_id)
        watching = self._inboxes.watch(request.customer_id, DeliveryKind.STORE_DISPLAY, position=position)
        async with aclosing(watching):
            async for shown in watching:
                yield pb.SubscribeDisplayResponse(
                    messages=[message_to_proto(*found, shown.customer_id) for found in shown.messages],
                    unread_count=shown.unread_count,
                    resume_token=DISPLAY.encode(shown.position, owner=request.customer_id),
                )

    async def MarkMessageRead(self, request: pb.MarkMessageReadRequest, _context: object) -> pb.MarkMessageReadResponse:
        marked = await self._receipts.mark_read(request.customer_id, request.message_id, stamp=stamp_of(request))
        return pb.MarkMessageReadResponse(
            message=message_to_proto(marked.message, marked.content, marked.saved.customer_id),
            replayed=marked.was_known,
            head=marked.saved.head(),
        )
