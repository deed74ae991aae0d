"""Says what messaging holds about a person. Nothing of it stays when they are forgotten."""

from libs.clock import Clock
from libs.mongo.connection import Database
from libs.mongo.erase import Eraser
from libs.mongo.holdings import Holdings
from libs.mongo.record import Records
from omnithread.messaging.v1.messaging_events_pb2 import MessagingEvent
from services.messaging.campaigns.documents import CAMPAIGN_VERSIONS, CAMPAIGNS
from services.messaging.events import Event, MessagingErased
from services.messaging.subscriptions.store import CURSORS_KEPT as SUBSCRIPTION_CURSORS_KEPT
from services.messaging.subscriptions.store import OF_NOBODY as SUBSCRIPTIONS_OF_NOBODY
from services.messaging.texts.fields import OF_NOBODY
from services.messaging.values import Messaging

HOLDINGS = Holdings(
    area="messaging",
    event_type=MessagingEvent,
    kept=(SUBSCRIPTION_CURSORS_KEPT,),
    of_nobody=OF_NOBODY | SUBSCRIPTIONS_OF_NOBODY | {CAMPAIGNS, CAMPAIGN_VERSIONS},
)


def eraser_over(records: Records[Messaging, Event], database: Database, clock: Clock) -> Eraser[Messaging, Event]:
    """Give who forgets customers here."""
    return Eraser(
        records=records,
        database=database,
        holdings=HOLDINGS,
        event=lambda erasure_id, _now: MessagingErased(erasure_id),
        clock=clock,
    )
