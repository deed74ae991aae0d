"""What happened before the pictures are taken: one customer's weeks on four channels, and those of some others."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from google.type.money_pb2 import Money

import omnithread
from deploy.local.suite import Suite
from deploy.sample.campaigns import VIEWED
from deploy.sample.journeys import AGENT, CHANNELS, STORE, VISITORS, put_journeys
from deploy.sample.load import put_brands, put_campaigns, put_customer, put_offers, put_templates
from libs.clock import system_clock
from libs.rpc.scopes import EVERY
from omnithread.cart.v1.cart_service_pb2 import AddItemRequest
from omnithread.context.v1.context_pb2 import TouchpointKind
from omnithread.context.v1.context_service_pb2 import GetJourneyRequest, RecordTouchpointRequest
from omnithread.context.v1.journey_service_pb2 import GetJourneyReportRequest
from omnithread.messaging.v1.messaging_pb2 import AUTHOR_CUSTOMER, MESSAGE_STATE_SENT
from omnithread.messaging.v1.messaging_service_pb2 import ListMessagesRequest, PostMessageRequest
from tests.services.calls import until

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
Step = tuple[str, str, str, timedelta]
WAY: Sequence[Step] = (
    ("web-shop", "AD_CLICKED", "autumn", 24 * DAY),
    ("web-shop", "PRODUCT_VIEWED", "PURSE-17", 24 * DAY - 2 * MINUTE),
    ("web-shop", "SEARCHED", "handtasche", 24 * DAY - 6 * MINUTE),
    ("mobile-app", "PRODUCT_VIEWED", "PURSE-17", 17 * DAY),
    ("mobile-app", "PRODUCT_VIEWED", "CARE-3", 17 * DAY - 4 * MINUTE),
    ("call-centre", "CALL_ANSWERED", "PURSE-17", 9 * DAY),
    ("store-042", "STORE_VISITED", "", 3 * DAY),
)
"""On which channel, what, about what, how long ago."""
HANDOVERS = 3 * VISITORS // 2
"""The sample visitors make some more."""
STAFFED = (AGENT, STORE)
PATIENCE_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Story:
    """What the pictures are of."""

    customer_id: str
    journey_id: str
    trace_id: str
    campaign_id: str = VIEWED


async def tell(suite: Suite) -> Story:
    """Let it happen."""
    async with AsyncExitStack() as stack:
        channels = {
            name: await stack.enter_async_context(
                suite.connect(name, actor="agent-7" if name in STAFFED else "", scopes=EVERY)
            )
            for name in CHANNELS
        }
        shop = channels["web-shop"]
        for put in (put_brands, put_templates, put_offers):
            await put(shop)
        clara = await put_customer(shop)
        await walk(channels, clara, WAY)
        await put_journeys(channels, now=system_clock())
        await put_campaigns(shop)
        story = await her_day(channels, clara)
        await counted(channels["call-centre"])
        return story


async def her_day(channels: dict[str, omnithread.Omnithread], clara: str) -> Story:
    """A reminder comes, she asks for something in the app, and adds what goes with it."""
    shop, app = channels["web-shop"], channels["mobile-app"]

    async def reminded() -> bool:
        messages = (await shop.messaging.ListMessages(ListMessagesRequest(customer_id=clara))).messages
        return any(message.state == MESSAGE_STATE_SENT for message in messages)

    await until(reminded, seconds=PATIENCE_SECONDS)
    session = await app.start_session([omnithread.loyalty_card("4711-0042", verified=True)])
    with session.carry():
        await app.messaging.PostMessage(
            PostMessageRequest(
                customer_id=clara, topic="product", author=AUTHOR_CUSTOMER, text="Gibt es sie auch in Braun?"
            )
        )
        price = Money(currency_code="EUR", units=12)
        care = AddItemRequest(customer_id=clara, sku="CARE-3", name="Lederpflege", unit_price=price, quantity=2)
        await app.cart.AddItem(care)

    async def added() -> str:
        read = await app.context.GetJourney(GetJourneyRequest(customer_id=clara, page_size=100))
        items = [one for one in read.touchpoints if one.kind == TouchpointKind.TOUCHPOINT_KIND_CART_CHANGED]
        newest = max(items, key=lambda one: one.occur_time.ToNanoseconds())
        return f"{read.journey.journey_id} {newest.traceparent.split('-')[1]}" if len(items) > 1 else ""

    journey_id, trace_id = (await until(added, seconds=PATIENCE_SECONDS)).split()
    return Story(customer_id=clara, journey_id=journey_id, trace_id=trace_id)


async def counted(staff: omnithread.Omnithread) -> None:
    """Wait until the report knows of the hand-overs; it is some seconds behind."""
    today = datetime.now(UTC).date()
    window = GetJourneyReportRequest(from_day=str(today - 29 * DAY), to_day=str(today))

    async def known() -> bool:
        report = (await staff.journeys.GetJourneyReport(window)).report
        return sum(one.count for one in report.handovers) >= HANDOVERS

    await until(known, seconds=PATIENCE_SECONDS)


async def walk(channels: dict[str, omnithread.Omnithread], customer_id: str, steps: Sequence[Step]) -> None:
    """Record what a customer did, each on its channel and at its time."""
    now = datetime.now(UTC)
    for channel, kind, subject, ago in steps:
        request = RecordTouchpointRequest(
            customer_id=customer_id, kind=TouchpointKind.Value(f"TOUCHPOINT_KIND_{kind}"), subject=subject
        )
        request.occur_time.FromDatetime(now - ago)
        await channels[channel].context.RecordTouchpoint(request)
