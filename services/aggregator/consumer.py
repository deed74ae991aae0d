"""Listens to the four services: what they announce becomes touchpoints, each once.

Where two customers became one, their journeys do too (`libs.events.merges`). Where that was undone, it is undone in
every area (`unmerging`).
"""

from google.protobuf.message import Message

from libs.events.merges import MergeListener
from libs.origin import Origin, Stamp
from libs.telemetry.journey import add_journey_labels
from omnithread.cart.v1.cart_events_pb2 import CartEvent, CartSealed
from omnithread.common.v1.event_pb2 import EventHeader
from omnithread.messaging.v1.messaging_events_pb2 import MessagingEvent, MessagingSealed
from omnithread.preference.v1.preference_events_pb2 import PreferenceEvent, PreferencesSealed
from omnithread.profile.v1.profile_events_pb2 import CustomerSealed, ProfileEvent
from services.aggregator.foreign_sessions import ForeignSessions
from services.aggregator.journey_spans import journey_at
from services.aggregator.model import checked_session_id
from services.aggregator.operations import Journeys
from services.aggregator.touchpoints import AreaEvent, touchpoint_of
from services.aggregator.unmerging import Unmerges
from services.aggregator.values import Heard, Touchpoint

Sealed = CustomerSealed | CartSealed | PreferencesSealed | MessagingSealed


class Listener:
    """Takes in one event of any of the four services."""

    def __init__(
        self, *, journeys: Journeys, merges: MergeListener, unmerges: Unmerges, foreign_sessions: ForeignSessions
    ) -> None:
        self._journeys = journeys
        self._merges = merges
        self._unmerges = unmerges
        self._foreign_sessions = foreign_sessions

    async def handle(self, area: str, event: Message) -> None:
        """Take in one event; what it does is done once, however often it comes."""
        if not isinstance(event, ProfileEvent | CartEvent | PreferenceEvent | MessagingEvent):
            raise TypeError(f"{area} announced a {event.DESCRIPTOR.full_name}")
        source = Heard(area, event.header.customer_id, event.header.epoch, event.header.seq)
        touchpoint = touchpoint_of(area, event)
        if touchpoint is not None:
            await self._hear(touchpoint, source, event.header)
        await self._merges.handle(area, event)
        if isinstance(event, ProfileEvent) and event.HasField("customers_unmerged"):
            await self._unmerges.hear(
                event.customers_unmerged.merge_id,
                event.header.customer_id,
                origin=Origin.system("context-unmerge", traceparent=event.header.traceparent),
            )
        sealed = sealed_by(event)
        if sealed is not None:
            await self._seal(sealed, source, event.header)

    async def _hear(self, touchpoint: Touchpoint, source: Heard, header: EventHeader) -> None:
        saved = await self._journeys.hear(touchpoint, source, stamp_of_event(source.area, header))
        thread = saved.state
        session_id = checked_session_id(thread, header.session_id, header.channel.id, header.channel.kind)
        self._foreign_sessions.note(source.area, named=header.session_id, used=session_id)
        add_journey_labels(
            customer_id=saved.customer_id,
            journey_id=journey_at(thread.timeline, touchpoint.occur_time),
            session_id=session_id,
        )

    async def _seal(self, sealed: Sealed, source: Heard, header: EventHeader) -> None:
        """Nothing more comes of this customer in this area, so there is nothing to count it for."""
        await self._journeys.absorb(
            merge_id=sealed.merge_id,
            source_customer_id=header.customer_id,
            survivor_customer_id=sealed.survivor_customer_id,
            origin=Origin.system("context-merge", traceparent=header.traceparent),
        )
        await self._journeys.forget_source(source, stamp_of_event(source.area, header))


def sealed_by(event: AreaEvent) -> Sealed | None:
    """Give what an event says of a customer's end, or None where it is no last one."""
    match event.WhichOneof("payload"), event:
        case "customer_sealed", ProfileEvent():
            return event.customer_sealed
        case "cart_sealed", CartEvent():
            return event.cart_sealed
        case "preferences_sealed", PreferenceEvent():
            return event.preferences_sealed
        case "messaging_sealed", MessagingEvent():
            return event.messaging_sealed
    return None


def stamp_of_event(area: str, header: EventHeader) -> Stamp:
    """Make the command that an event is: the same event is the same command, from where the event came from."""
    origin = Origin(
        channel_id=header.channel.id,
        channel_kind=header.channel.kind,
        session_id=header.session_id,
        actor_id=header.actor_id,
        traceparent=header.traceparent,
    )
    return Stamp.internal(f"{area}:{header.event_id}", origin)
