"""Listens to the other four: carts are reminded of, merged customers are one, codes, confirmations and prices told.

Bought is bought, be it in a till of the store's own. Where such a sale leaves something in the cart, the cart counts as
changed, and the gates judge.
What a cart's merge brings needs nothing here: the cart counts as changed, so a reminder of it as it was is not sent
any more (`deciding.gates.still_relevant`), and is announced again when it was left alone. An announcement from before
the merge that is heard after it causes nothing (`Messages.remind`).
"""

import structlog
from google.protobuf.message import Message as ProtoMessage

from libs.clock import Clock
from libs.errors import OmnithreadError
from libs.events.merges import MergeListener
from libs.origin import Origin
from libs.telemetry.journey import current_labels
from libs.telemetry.propagation import current_traceparent
from libs.timestamps import from_timestamp
from omnithread.cart.v1.cart_events_pb2 import CartEvent
from omnithread.common.v1.event_pb2 import EventHeader
from omnithread.context.v1.context_events_pb2 import ContextEvent
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_PRODUCT_VIEWED
from omnithread.preference.v1.preference_events_pb2 import PreferenceEvent
from omnithread.profile.v1.profile_events_pb2 import ProfileEvent
from services.messaging.causes.consent_confirmations import CODE_LIFETIME as CONFIRMATION_LIFETIME
from services.messaging.causes.consent_confirmations import ConfirmationWanted, ConsentConfirmations
from services.messaging.causes.identity_codes import CODE_LIFETIME, CodeWanted, IdentityCodes
from services.messaging.causes.price_alerts import Alert, PriceAlerts
from services.messaging.convert import kind_from_proto
from services.messaging.operations import Messages, Reminder
from services.messaging.texts.viewed import Viewed

AREA = "messaging"

log = structlog.get_logger(__name__)


class Listener:
    """Takes in one event after the other."""

    def __init__(
        self,
        *,
        messages: Messages,
        viewed: Viewed,
        codes: IdentityCodes,
        confirmations: ConsentConfirmations,
        price_alerts: PriceAlerts,
        merges: MergeListener,
        clock: Clock,
    ) -> None:
        self._messages = messages
        self._viewed = viewed
        self._price_alerts = price_alerts
        self._codes = codes
        self._confirmations = confirmations
        self._merges = merges
        self._clock = clock

    async def handle(self, area: str, event: ProtoMessage) -> None:
        """Take in an event of cart, profile, preference or the aggregator; safe to repeat."""
        if isinstance(event, CartEvent):
            await self._handle_cart(event)
        elif isinstance(event, ProfileEvent) and event.HasField("verification_requested"):
            await self._send_code(event)
        elif isinstance(event, PreferenceEvent):
            await self._ask_for_confirmation(event)
        elif isinstance(event, ContextEvent):
            await self._handle_context(event)
        else:
            await self._merges.handle(area, event)

    async def _handle_cart(self, event: CartEvent) -> None:
        header = event.header
        try:
            if event.HasField("cart_abandoned"):
                await self._remind(event)
            elif event.HasField("cart_checked_out") or event.order_recorded.cart_emptied:
                await self._messages.cancel_for_order(
                    header.customer_id, event.cart_id, event_id=header.event_id, origin=_origin(header)
                )
        except OmnithreadError as error:
            if error.reason != "CUSTOMER_NOT_FOUND":
                raise
            log.info("customer_gone", customer_id=header.customer_id)

    async def _remind(self, event: CartEvent) -> None:
        header = event.header
        if self._clock() - from_timestamp(header.record_time) > self._messages.reminders.oldest:
            return  # met in a replay: whoever it was for has been reminded, or it is too late
        reminder = Reminder(
            event_id=header.event_id,
            cart_id=event.cart_id,
            idle_since_time=from_timestamp(event.cart_abandoned.idle_since_time),
            origin=_origin(header),
        )
        await self._messages.remind(header.customer_id, reminder)

    async def _handle_context(self, event: ContextEvent) -> None:
        header = event.header
        touchpoint = event.touchpoint_recorded
        if event.HasField("touchpoint_recorded") and touchpoint.kind == TOUCHPOINT_KIND_PRODUCT_VIEWED:
            await self._viewed.note(header.customer_id, touchpoint.subject, from_timestamp(header.occur_time))
        if not event.HasField("price_fell"):
            return
        if self._clock() - from_timestamp(header.record_time) > self._price_alerts.rules.oldest:
            return  # met in a replay: it is no news any more
        alert = Alert(event_id=header.event_id, fell=event.price_fell, origin=_origin(header))
        try:
            await self._price_alerts.tell(header.customer_id, alert)
        except OmnithreadError as error:
            if error.reason != "CUSTOMER_NOT_FOUND":
                raise
            log.info("customer_gone", customer_id=header.customer_id)

    async def _ask_for_confirmation(self, event: PreferenceEvent) -> None:
        header, requested = event.header, event.consent_confirmation_requested
        kind = kind_from_proto(requested.delivery_kind)
        if not event.HasField("consent_confirmation_requested") or kind is None:
            return
        if self._clock() - from_timestamp(header.record_time) > CONFIRMATION_LIFETIME:
            return  # met in a replay: the code works no longer
        wanted = ConfirmationWanted(header.event_id, requested.confirmation_id, kind, _origin(header))
        try:
            await self._confirmations.ask(header.customer_id, wanted)
        except OmnithreadError as error:
            if error.reason != "CUSTOMER_NOT_FOUND":
                raise
            log.info("customer_gone", customer_id=header.customer_id)

    async def _send_code(self, event: ProfileEvent) -> None:
        header, requested = event.header, event.verification_requested
        if self._clock() - from_timestamp(header.record_time) > CODE_LIFETIME:
            return  # met in a replay: the code works no longer
        wanted = CodeWanted(event_id=header.event_id, verification_id=requested.verification_id, origin=_origin(header))
        try:
            await self._codes.send(header.customer_id, wanted)
        except OmnithreadError as error:
            if error.reason != "CUSTOMER_NOT_FOUND":
                raise
            log.info("customer_gone", customer_id=header.customer_id)


def _origin(header: EventHeader) -> Origin:
    """Say where it comes from: the event's channel, and the trace in which it is handled."""
    return Origin(
        channel_id=header.channel.id,
        channel_kind=header.channel.kind,
        session_id=header.session_id,
        traceparent=current_traceparent() or header.traceparent,
        journey_id=current_labels().journey_id,
    )
