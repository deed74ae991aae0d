"""All services in this process, and something between each of them and its database that lets a command go wrong."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import grpc
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient

from deploy.sample.load import put_brands, put_templates
from libs.clock import system_clock
from libs.mongo.shapes import cursor_key
from libs.service import Service
from libs.serving import Running
from omnithread import Omnithread
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_IN_APP, DELIVERY_KIND_PUSH
from omnithread.messaging.v1.campaign_pb2 import (
    CAMPAIGN_REENTRY_ALWAYS,
    CAMPAIGN_TRIGGER_KIND_CONSENT_GRANTED,
    CampaignDefinition,
    CampaignSend,
    CampaignStep,
    CampaignTrigger,
)
from omnithread.messaging.v1.campaign_service_pb2 import ActivateCampaignRequest, PutCampaignRequest
from omnithread.messaging.v1.messaging_pb2 import Template, TemplateForm
from omnithread.messaging.v1.messaging_service_pb2 import PutTemplateRequest
from services.aggregator.service import SERVICE as AGGREGATOR
from services.cart.service import SERVICE as CART
from services.messaging.service import SERVICE as MESSAGING
from services.preference.service import SERVICE as PREFERENCE
from services.profile.service import SERVICE as PROFILE
from tests.faults.retries.calling import ONCE, Line
from tests.faults.retries.looking import Looking
from tests.faults.retries.patience import until
from tests.proxies.grpc_calls import GrpcProxy
from tests.proxies.mongo import MongoProxy, before
from tests.services.messaging.delivery.gateway import Gateway, gateway, providers_file
from tests.services.messaging.subscriptions.receiver import Receiver, receiving
from tests.services.running import TOKEN_SECONDS, Services

IMPATIENT: Mapping[str, Any] = MappingProxyType(
    {
        "send_sweep_seconds": 0.1,
        "most_tries": 3,
        "subscription_allow_http": True,
        "subscription_allowed_networks": "127.0.0.0/8",
        "subscription_sweep_seconds": 0.1,
    }
)
ROOM = "max_in_flight = 64"
"""As many as are tried at once: a message that waits for its provider's room has one more step, which says nothing."""
PURPOSES = """
[club]
kind = "marketing"
double_opt_in = true
labels = { en = "Club news" }

[cart_reminder]
kind = "marketing"

[order_follow_up]
kind = "marketing"

[service]
kind = "transactional"
"""
INBOX_TEMPLATE, PUSH_TEMPLATE = "inbox_news", "push_news"
WAITING_CAMPAIGN, WAITING_PURPOSE = "waits_a_day", "order_follow_up"
"""Whoever says yes to that purpose enters the campaign, in which nothing happens for a day."""
FIVE: tuple[Service[Any], ...] = (PROFILE, PREFERENCE, CART, MESSAGING, AGGREGATOR)


@dataclass(frozen=True, slots=True)
class Who:
    """A caller: a channel, with a member of staff or without, or one of the suite's own services."""

    name: str
    actor: str = ""
    is_service: bool = False


WEB, APP = Who("web-shop"), Who("mobile-app")
STORE, STAFF = Who("store-042", actor="anna"), Who("call-centre", actor="ben")


@dataclass(slots=True)
class MovedClock:
    """The time, and as much later as a test says."""

    later: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        """Tell it."""
        return system_clock() + self.later


@dataclass(slots=True)
class House:
    """The services and the ways to them."""

    services: Services
    running: dict[str, Running]
    mongo: dict[str, MongoProxy]
    """By the service whose database is behind it."""
    mongo_uri: str
    """Around all proxies."""
    stack: AsyncExitStack
    gate: Gateway
    """Takes push notifications."""
    receiver: Receiver
    """Takes events."""
    clock: MovedClock
    """Of all services."""
    looking: Looking
    _lines: dict[tuple[str, Who], Line] = field(default_factory=dict)

    def line(self, service: str, who: Who) -> Line:
        """Give the way to a service as somebody; what goes wrong on it is MongoDB's doing only."""
        known = self._lines.get((service, who))
        if known is None:
            channel = grpc.aio.insecure_channel(f"127.0.0.1:{self.running[service].port}", options=ONCE)
            self.stack.push_async_callback(channel.close)
            known = self._lines[service, who] = Line(channel, self._metadata(who))
        return known

    @asynccontextmanager
    async def torn_line(self, service: str, who: Who) -> AsyncIterator[tuple[Line, GrpcProxy]]:
        """Give a way of one's own, on which calls and answers can be lost."""
        async with (
            GrpcProxy(host="127.0.0.1", port=self.running[service].port) as proxy,
            grpc.aio.insecure_channel(proxy.address, options=ONCE) as channel,
        ):
            yield Line(channel, self._metadata(who)), proxy

    async def heard(self, reader: str, area: str, *customer_ids: str) -> None:
        """Wait until a service has read what an area announced of customers."""
        announced = self.looking.collection(area, "events")
        cursors = self.looking.collection(reader, "cursors")

        def read() -> bool:
            for customer_id in customer_ids:
                cursor = cursors.find_one({"_id": cursor_key(area, customer_id)})
                if not cursor or cursor["seq"] < announced.count_documents({"customer_id": customer_id}):
                    return False
            return True

        await until(lambda: asyncio.to_thread(read))

    def _metadata(self, who: Who) -> tuple[tuple[str, str], ...]:
        services = self.services
        if who.is_service:
            token = services.service_token(who.name)
        else:
            token = services.token(who.name, actor=who.actor, lifetime_seconds=TOKEN_SECONDS)
        return (("authorization", f"Bearer {token}"),)


NewHouse = Callable[[], AbstractAsyncContextManager[House]]
"""Opens a house of its own, on servers that are there."""


@asynccontextmanager
async def open_house(
    *,
    mongo_uri: str,
    kafka_bootstrap: str,
    prefix: str,
    state: Path,
    beside: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
) -> AsyncIterator[House]:
    """Start all services, each with its own proxy before the database; `beside` has more settings by service."""
    purposes = state / "purposes.toml"
    purposes.write_text(PURPOSES)
    async with AsyncExitStack() as stack:
        gate = await stack.enter_async_context(gateway())
        receiver = await stack.enter_async_context(receiving())
        providers = providers_file(state, gate, more=ROOM)
        settings = {
            "preference": {"purposes_file": purposes, "public_base_url": "https://my.example"},
            "messaging": {"purposes_file": purposes, "providers_file": providers, **IMPATIENT},
            "cart": {"idle_sweep_seconds": 0.5},
            "aggregator": {"journey_sweep_seconds": 0.5, "erasure_sweep_seconds": 0.5},
        }
        mongo = {one.name: await stack.enter_async_context(await before(mongo_uri)) for one in FIVE}
        services = await stack.enter_async_context(
            Services(mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=prefix, state=state)
        )
        client = stack.enter_context(MongoClient(mongo_uri, document_class=RawBSONDocument))
        looking = Looking(client, {one.name: services.database_name(one.name) for one in FIVE})
        house = House(services, {}, mongo, mongo_uri, stack, gate, receiver, MovedClock(), looking)
        for service in FIVE:
            given = {
                "mongo_uri": mongo[service.name].uri,
                **settings.get(service.name, {}),
                **beside.get(service.name, {}),
            }
            house.running[service.name] = await services.start(service, clock=house.clock, **given)
        staff = services.connect("call-centre", actor="ben")
        await put_brands(staff)
        await put_templates(staff)
        await _furnish(staff)
        yield house


async def _furnish(staff: Omnithread) -> None:
    """Put what all calls share."""
    for template_id, kind in ((INBOX_TEMPLATE, DELIVERY_KIND_IN_APP), (PUSH_TEMPLATE, DELIVERY_KIND_PUSH)):
        form = TemplateForm(delivery_kind=kind, language="en", subject="News", body_text="News.")
        template = Template(template_id=template_id, forms=[form], default_language="en")
        await staff.messaging.PutTemplate(PutTemplateRequest(template=template))
    waits = CampaignDefinition(
        name="Waits",
        purpose=WAITING_PURPOSE,
        trigger=CampaignTrigger(kind=CAMPAIGN_TRIGGER_KIND_CONSENT_GRANTED, delay_seconds=86400),
        reentry=CAMPAIGN_REENTRY_ALWAYS,
        steps=[CampaignStep(step_id="send", send=CampaignSend(template_id=INBOX_TEMPLATE))],
    )
    await staff.campaigns.PutCampaign(PutCampaignRequest(campaign_id=WAITING_CAMPAIGN, definition=waits))
    await staff.campaigns.ActivateCampaign(ActivateCampaignRequest(campaign_id=WAITING_CAMPAIGN))
