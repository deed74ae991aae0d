"""The messaging service, as it is usually written."""

import structlog
from motor.motor_asyncio import AsyncIOMotorDatabase

from omnithread.common.v1.channel_pb2 import Channel
from omnithread.messaging.v1 import messaging_pb2, messaging_service_pb2
from omnithread.messaging.v1.messaging_service_pb2_grpc import MessagingServiceServicer
from tests.bench.reference.naive.words import Record, head, timestamp

log = structlog.get_logger("messaging")


class NaiveMessaging(MessagingServiceServicer):
    """Answers one question."""

    def __init__(self, database: AsyncIOMotorDatabase[Record]) -> None:
        self._records = database["records"]

    async def GetMessagingOverview(  # noqa: N802  the contract's name
        self, request: messaging_service_pb2.GetMessagingOverviewRequest, _context: object
    ) -> messaging_service_pb2.GetMessagingOverviewResponse:
        record = await self._records.find_one({"_id": request.customer_id})
        if record is None:
            raise LookupError(request.customer_id)
        log.info("get_overview", customer_id=request.customer_id, version=record["version"])
        return messaging_service_pb2.GetMessagingOverviewResponse(overview=overview_of(record), head=head(record))


def overview_of(record: Record) -> messaging_pb2.MessagingOverview:
    """Convert a record."""
    return messaging_pb2.MessagingOverview(
        customer_id=record["_id"],
        recent_messages=[
            messaging_pb2.MessageSummary(
                message_id=one["message_id"],
                template_id=one["template_id"],
                purpose=one["purpose"],
                state=messaging_pb2.MessageState.Value(f"MESSAGE_STATE_{one['state']}"),
                subject=one["subject"],
                create_time=timestamp(one["create_time"]),
            )
            for one in record["recent"]
        ],
        open_conversations=[_conversation(one, record["_id"]) for one in record["conversations"]],
        queued_count=len(record["waiting"]),
        version=record["version"],
    )


def _conversation(fields: Record, customer_id: str) -> messaging_pb2.Conversation:
    return messaging_pb2.Conversation(
        conversation_id=fields["conversation_id"],
        customer_id=customer_id,
        topic=fields["topic"],
        state=messaging_pb2.CONVERSATION_STATE_OPEN,
        entry_count=fields["entry_count"],
        recent_entries=[
            messaging_pb2.ConversationEntry(
                entry_id=one["entry_id"],
                author=messaging_pb2.Author.Value(f"AUTHOR_{one['author']}"),
                actor_id=one["actor_id"],
                text=one["text"],
                channel=Channel(id=one["channel_id"], kind=one["channel_kind"]),
                post_time=timestamp(one["post_time"]),
            )
            for one in fields["recent_entries"]
        ],
        create_time=timestamp(fields["create_time"]),
        update_time=timestamp(fields["update_time"]),
        unread_by_staff=fields["unread_by_staff"],
    )
