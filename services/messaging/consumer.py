"""Listens to the other four: campaigns begin and end, codes and confirmations go out, merged customers are one.

Bought is bought, be it in a till of the store's own. Where such a sale leaves something in the cart, the cart counts as
changed, and the gates judge.
What a cart's merge brings needs nothing here: the cart counts as changed, so a reminder of it as it was is not sent
any more (`deciding/relevance`), and is announced again when it was left alone. An announcement from before the merge
that is heard after it causes nothing (`campaigns/hearing`).
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
from services.messaging.campaigns.hearing import CampaignHearing
from services.messaging.campaigns.reporting.crediting import Crediting
from services.messaging.causes.consent_confirmations import CODE_LIFETIME as CONFIRMATION_LIFETIME
from services.messaging.causes.consent_confirmations import ConfirmationWanted, ConsentConfirmations
from services.messaging.causes.identity_codes import CODE_LIFETIME, CodeWanted, IdentityCodes
from services.messaging.convert import kind_from_proto
from services.messaging.deciding.sources import way_to
from services.messaging.texts.viewed import Viewed

AREA = "messaging"

log = structlog.get_logger(__name__)


class Listener:
    """Takes in one event after the other."""

    def __init__(
        self,
        *,
        viewed: Viewed,
        codes: IdentityCodes,
        confirmations: ConsentConfirmations,
        campaigns: CampaignHearing,
        crediting: Crediting,
        merges: MergeListener,
        clock: Clock,
    ) -> None:
        self._viewed = viewed
        self._campaigns = campaigns
        self._codes = codes
        self._confirmations = confirmations
        self._crediting = crediting
        self._merges = merges
        self._clock = clock

    async def handle(self, area: str, event: ProtoMessage) -> None:
        """Take in an event of cart, profile, preference or the aggregator; safe to repeat."""
        if isinstance(event, ProfileEvent) and event.HasField("verification_requested"):
            await self._send_code(event)
            return
        if isinstance(event, PreferenceEvent):
            await self._ask_for_confirmation(event)
        if isinstance(event, ContextEvent):
            await self._note_view(event)
        if isinstance(event, CartEvent | ContextEvent | PreferenceEvent | ProfileEvent):
            await self._lead(event)
        if isinstance(event, ProfileEvent):
            await self._merges.handle(area, event)

    async def _lead(self, event: CartEvent | ContextEvent | PreferenceEvent | ProfileEvent) -> None:
        """Let campaigns begin and end by it."""
        header = event.header
        try:
            await self._campaigns.handle(header.customer_id, event, _origin(header))
        except OmnithreadError as error:
            if error.reason != "CUSTOMER_NOT_FOUND":
                raise
            log.info("customer_gone", customer_id=header.customer_id)
        if isinstance(event, CartEvent):
            await self._crediting.hear(event)

    async def _note_view(self, event: ContextEvent) -> None:
        header, touchpoint = event.header, event.touchpoint_recorded
        if event.HasField("touchpoint_recorded") and touchpoint.kind == TOUCHPOINT_KIND_PRODUCT_VIEWED:
            await self._viewed.note(header.customer_id, touchpoint.subject, from_timestamp(header.occur_time))

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
        wanted = CodeWanted(
            event_id=header.event_id,
            verification_id=requested.verification_id,
            kind=way_to(requested.kind),
            origin=_origin(header),
        )
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
