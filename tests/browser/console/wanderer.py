"""A customer whose journey takes four weeks and four channels, told in a moment."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import omnithread
from omnithread.context.v1.context_pb2 import Touchpoint, TouchpointKind
from omnithread.context.v1.context_service_pb2 import GetJourneyRequest, GetJourneyResponse, RecordTouchpointRequest
from tests.browser.console.watching import Counter
from tests.services.calls import until
from tests.services.running import Services

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
WAY = (
    ("web-shop", "AD_CLICKED", "autumn", 27 * DAY),
    ("web-shop", "PRODUCT_VIEWED", "lamp", 27 * DAY - 2 * MINUTE),
    ("web-shop", "PRODUCT_VIEWED", "chair", 27 * DAY - 5 * MINUTE),
    ("web-shop", "SEARCHED", "chairs", 27 * DAY - 6 * MINUTE),
    ("mobile-app", "PRODUCT_VIEWED", "chair", 20 * DAY),
    ("mobile-app", "PRODUCT_VIEWED", "table", 20 * DAY - 3 * MINUTE),
    ("call-centre", "CALL_ANSWERED", "chair", 12 * DAY),
    ("store-042", "STORE_VISITED", "", 5 * DAY),
    ("web-shop", "PRODUCT_VIEWED", "chair", 2 * HOUR),
)
"""On which channel, what, about what, how long ago."""


@dataclass(frozen=True, slots=True)
class Wanderer:
    """Who it was."""

    customer_id: str
    journey_id: str
    touchpoints: tuple[Touchpoint, ...]

    @property
    def page(self) -> str:
        """Where the journey is shown."""
        return f"/customers/{self.customer_id}/journeys/{self.journey_id}"


async def wander(counter: Counter) -> Wanderer:
    """Let a new customer go all the way."""
    return await wander_through(counter.services)


async def wander_through(services: Services) -> Wanderer:
    """As above."""
    channels = {name: services.connect(name, actor="agent-1" if name == "call-centre" else "") for name, *_ in WAY}
    shop = channels["web-shop"]
    visitor = omnithread.cookie(f"wanderer-{secrets.token_hex(8)}")
    now = datetime.now(UTC)
    customer_id = (await shop.start_session([visitor])).customer_id
    for channel, kind, subject, ago in WAY:
        request = RecordTouchpointRequest(
            customer_id=customer_id, kind=TouchpointKind.Value(f"TOUCHPOINT_KIND_{kind}"), subject=subject
        )
        request.occur_time.FromDatetime(now - ago)
        await channels[channel].context.RecordTouchpoint(request)

    async def whole() -> GetJourneyResponse | None:
        read = await shop.context.GetJourney(GetJourneyRequest(customer_id=customer_id, page_size=100))
        # With the session itself, and that profile came to know the visitor.
        return read if len(read.touchpoints) >= len(WAY) + 2 else None

    read = await until(whole)
    assert read is not None
    return Wanderer(customer_id, read.journey.journey_id, tuple(read.touchpoints))
