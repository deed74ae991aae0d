"""Wires conversations: who speaks, who looks after what, and the mails that join them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from libs.mongo.record import Records
from libs.purposes import Purpose
from libs.rpc.server import Registration
from libs.service import Foundation
from omnithread.messaging.v1.conversation_service_pb2_grpc import add_ConversationServiceServicer_to_server
from services.messaging.conversations.desk import ConversationDesk
from services.messaging.conversations.queues import Queues
from services.messaging.conversations.receiving import MailRoom
from services.messaging.conversations.replies import Replies
from services.messaging.conversations.senders import Senders
from services.messaging.conversations.servicer import ConversationServicer
from services.messaging.conversations.staff_desk import StaffDesk
from services.messaging.events import Event
from services.messaging.settings import MessagingSettings
from services.messaging.texts.book import TemplateBook
from services.messaging.values import Messaging

if TYPE_CHECKING:  # the classes of stubs on an asyncio channel are known to type checkers only
    from omnithread.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub


@dataclass(frozen=True, slots=True)
class ConversationParts:
    """What the rest of messaging uses of conversations."""

    desk: ConversationDesk
    registration: Registration


def conversation_parts(
    settings: MessagingSettings,
    foundation: Foundation,
    *,
    records: Records[Messaging, Event],
    templates: TemplateBook,
    purposes: Mapping[str, Purpose],
    profile: "ProfileServiceAsyncStub",
    nudge: Callable[[str], None],
) -> ConversationParts:
    """Put the parts together."""
    database, clock, new_id = foundation.database, foundation.clock, foundation.new_id
    desk = ConversationDesk(
        records=records,
        database=database,
        replies=Replies(
            templates=templates,
            purposes=purposes,
            template_id=settings.conversation_template_id,
            purpose=settings.conversation_purpose,
            lifetime=timedelta(hours=settings.message_lifetime_hours),
            clock=clock,
        ),
        nudge=nudge,
        clock=clock,
        new_id=new_id,
    )
    servicer = ConversationServicer(
        mail_room=MailRoom(
            records=records,
            database=database,
            desk=desk,
            senders=Senders(profile),
            default_topic=settings.mail_topic,
            clock=clock,
            new_id=new_id,
        ),
        staff=StaffDesk(records=records, desk=desk, clock=clock, new_id=new_id),
        queues=Queues(records=records, database=database),
    )
    return ConversationParts(desk, partial(add_ConversationServiceServicer_to_server, servicer))
