"""Listens to profile and the aggregator, so that offers know to whom they apply."""

from google.protobuf.message import Message

from libs.errors import OmnithreadError, Status
from libs.timestamps import from_timestamp
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_SYSTEM, CHANNEL_KIND_UNSPECIFIED
from omnithread.context.v1 import context_pb2
from omnithread.context.v1.context_events_pb2 import ContextEvent, TouchpointRecorded
from omnithread.profile.v1.profile_events_pb2 import ProfileEvent
from services.cart.audience.book import AudienceBook
from services.cart.audience.copy import AudienceCopy, JourneyAct, with_act, with_end

FACTS_CHANGED = frozenset(
    {
        "identifiers_linked",
        "customers_merged",
        "customers_unmerged",
        "customer_released",
        "segment_entered",
        "segment_left",
    }
)
"""After these a customer's facts may be others."""
ACTS = frozenset(
    {
        context_pb2.TOUCHPOINT_KIND_SESSION_STARTED,
        context_pb2.TOUCHPOINT_KIND_PRODUCT_VIEWED,
        context_pb2.TOUCHPOINT_KIND_AD_CLICKED,
        context_pb2.TOUCHPOINT_KIND_CALL_ANSWERED,
        context_pb2.TOUCHPOINT_KIND_STORE_VISITED,
        context_pb2.TOUCHPOINT_KIND_LINK_FOLLOWED,
        context_pb2.TOUCHPOINT_KIND_SEARCHED,
        context_pb2.TOUCHPOINT_KIND_CART_CHANGED,
        context_pb2.TOUCHPOINT_KIND_CART_HANDED_OVER,
        context_pb2.TOUCHPOINT_KIND_ORDER_PLACED,
    }
)
"""What the customer does; messages and timers are not."""
NO_CHANNELS = frozenset({CHANNEL_KIND_UNSPECIFIED, CHANNEL_KIND_SYSTEM})


class AudienceListener:
    """Takes in one event after the other; safe to repeat."""

    def __init__(self, book: AudienceBook) -> None:
        self._book = book

    async def handle(self, _area: str, event: Message) -> None:
        """Take in an event of profile or of the aggregator. Raises what is to be tried again later."""
        if isinstance(event, ProfileEvent):
            await self._handle_profile(event)
        elif isinstance(event, ContextEvent):
            await self._handle_context(event)

    async def _handle_profile(self, event: ProfileEvent) -> None:
        customer_id = event.header.customer_id
        payload = event.WhichOneof("payload")
        if payload == "customer_erased":
            await self._book.forget(customer_id)
        elif payload in FACTS_CHANGED or _changes_traits(event):
            await self._book.follow_up(customer_id)

    async def _handle_context(self, event: ContextEvent) -> None:
        header = event.header
        change = _meaning_of(event)
        if change is None:
            return
        journey_id, act = change

        def decide(copy: AudienceCopy) -> AudienceCopy:
            if act is None:
                return with_end(copy, journey_id, epoch=header.epoch, seq=header.seq)
            return with_act(copy, journey_id, act, self._book.inactivity)

        try:
            await self._book.change(header.customer_id, decide)
        except OmnithreadError as error:
            if error.status is not Status.NOT_FOUND:
                raise


def _meaning_of(event: ContextEvent) -> tuple[str, JourneyAct | None] | None:
    """Give the journey that is meant, with the customer's act, or None in its place where it ended."""
    header = event.header
    match event.WhichOneof("payload"):
        case "journey_ended":
            return event.journey_ended.journey_id, None
        case "session_started":
            journey_id, campaign_id = event.session_started.journey_id, ""
        case "touchpoint_recorded" if _is_an_act(event.touchpoint_recorded):
            told = event.touchpoint_recorded
            is_ad = told.kind == context_pb2.TOUCHPOINT_KIND_AD_CLICKED
            journey_id, campaign_id = told.journey_id, told.subject if is_ad else ""
        case _:
            return None
    if not journey_id or header.channel.kind in NO_CHANNELS:
        return None
    act = JourneyAct(header.epoch, header.seq, from_timestamp(header.occur_time), header.channel.kind, campaign_id)
    return journey_id, act


def _is_an_act(told: TouchpointRecorded) -> bool:
    """Say whether the customer did it: staff who lock a cart have not brought its customer to their channel."""
    return told.kind in ACTS and not told.by_company


def _changes_traits(event: ProfileEvent) -> bool:
    return any(name.startswith("traits.") for name in event.profile_updated.changed_fields)
