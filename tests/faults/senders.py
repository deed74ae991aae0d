"""Workers that send: several whole processes of messaging on one company, and the providers that they hand over to.

What a provider did stands in this process, where nobody kills it: the truth to compare with.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import omnithread
from deploy.local.ports import free_port
from deploy.local.server import Server
from deploy.local.service import serving
from libs.process import migrate
from omnithread.common.v1.delivery_pb2 import (
    DELIVERY_KIND_EMAIL,
    DELIVERY_KIND_PUSH,
    DELIVERY_KIND_WEBHOOK,
    DeliveryKind,
)
from omnithread.messaging.v1 import messaging_pb2
from omnithread.messaging.v1 import messaging_service_pb2 as pb
from omnithread.preference.v1.preference_pb2 import ConsentState
from omnithread.preference.v1.preference_service_pb2 import SetConsentRequest
from services.messaging.service import SERVICE as MESSAGING
from services.messaging.settings import MessagingSettings
from services.preference.service import SERVICE as PREFERENCE
from services.profile.service import SERVICE as PROFILE
from tests.proxies.tcp import Proxy
from tests.services.messaging.conftest import EMBEDDED, IMPATIENT, mail_by
from tests.services.messaging.delivery.gateway import SECRET, Gateway, gateway
from tests.services.messaging.office import ENDED, YES, Person, form, new_person, put_request, state_of
from tests.services.messaging.post_office import PostOffice, post_office
from tests.services.running import LOOPBACK, ROOT, Services

EMAIL, PUSH, WEBHOOK = DELIVERY_KIND_EMAIL, DELIVERY_KIND_PUSH, DELIVERY_KIND_WEBHOOK
WAYS = (EMAIL, PUSH, WEBHOOK)
"""By a mail server, by a provider that can be asked, by one that takes each key once."""
REMINDER, CONFIRMATION = "cart_reminder", "order_confirmation"
LEASE_SECONDS = 14
START_SECONDS = 90.0
PURPOSES = f"""
[all]
spread_seconds = 0

[{REMINDER}]
kind = "marketing"

[{CONFIRMATION}]
kind = "transactional"
when_unknown = "again"
"""
PROVIDERS = """
[mail]
adapter = "smtp"
kinds = ["EMAIL"]
host = "127.0.0.1"
port = {smtp}
tls = "none"
from_address = "shop@example.com"
timeout_seconds = 6
circuit_failures = 1000

[asked]
adapter = "webhook"
kinds = ["PUSH"]
url = "http://127.0.0.1:{asked}/messages"
look_up_url = "http://127.0.0.1:{asked}/look-up"
secrets_file = "gateway.secrets"
allow_http = true
allowed_networks = ["127.0.0.0/8"]
timeout_seconds = 6
circuit_failures = 1000

[once]
adapter = "webhook"
kinds = ["WEBHOOK"]
url = "http://127.0.0.1:{once}/messages"
takes_once = true
secrets_file = "gateway.secrets"
allow_http = true
allowed_networks = ["127.0.0.0/8"]
timeout_seconds = 6
circuit_failures = 1000
"""


@dataclass(slots=True)
class Worker:
    """One process of messaging, and the web shop's connection to it."""

    server: Server[str]
    shop: omnithread.Omnithread

    async def die(self) -> None:
        """Be killed."""
        await self.server.kill()

    async def come_back(self) -> None:
        """Start again, and be called: clients that were refused wait before they try again."""
        await self.server.start()
        async with asyncio.timeout(START_SECONDS):
            await asyncio.gather(*(channel.channel_ready() for channel in self.shop._channels.values()))

    async def send(self, person: Person, way: DeliveryKind.ValueType, purpose: str = REMINDER) -> str:
        """Let it queue a message, which it will send unless another worker does; its id."""
        request = pb.SendMessageRequest(
            customer_id=person.customer_id, template_id="news", purpose=purpose, delivery_kind=way
        )
        return (await self.shop.messaging.SendMessage(request)).message.message_id

    async def message(self, person: Person, message_id: str) -> messaging_pb2.Message:
        """What became of a message."""
        request = pb.GetMessageRequest(customer_id=person.customer_id, message_id=message_id)
        return (await self.shop.messaging.GetMessage(request)).message


@dataclass(slots=True)
class Company:
    """Workers, providers, and what they stand beside."""

    services: Services
    workers: list[Worker]
    post: PostOffice
    asked: Gateway
    once: Gateway
    shop: omnithread.Omnithread
    """The connection to profile and preference."""
    preference: Proxy
    """The way by which the workers ask preference."""

    async def person(self, *ways: DeliveryKind.ValueType) -> Person:
        """Somebody new, who said yes to reminders by these ways."""
        person = await new_person(self.shop.profile)
        for way in ways:
            await self.say(person, way, YES)
        return person

    async def say(self, person: Person, way: DeliveryKind.ValueType, state: ConsentState.ValueType) -> None:
        """Say yes or no to reminders by one way; it holds when this returns."""
        request = SetConsentRequest(
            customer_id=person.customer_id,
            delivery_kind=way,
            state=state,
            purpose=REMINDER,
            wording="May we?",
            wording_version="1",
            source="x",
        )
        await self.shop.preference.SetConsent(request)

    def effects(self, person: Person, way: DeliveryKind.ValueType) -> int:
        """How many messages reached somebody by a way."""
        return len(self.times(person, way))

    def times(self, person: Person, way: DeliveryKind.ValueType) -> list[float]:
        """When they did, on the clock of `time.monotonic`."""
        if way == EMAIL:
            return self.post.times(person.address)
        return (self.asked if way == PUSH else self.once).times.get(person.customer_id, [])


def is_over(message: messaging_pb2.Message) -> bool:
    """Whether a message has come to its end."""
    return state_of(message) in ENDED


@asynccontextmanager
async def company(
    *, workers: int, mongo_uri: str, kafka_bootstrap: str, prefix: str, state: Path
) -> AsyncIterator[Company]:
    """Start everything."""
    async with AsyncExitStack() as stack:
        post = await stack.enter_async_context(post_office())
        asked, once = [await stack.enter_async_context(gateway()) for _ in range(2)]
        services = await stack.enter_async_context(
            Services(mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=prefix, state=state)
        )
        (state / "purposes.toml").write_text(PURPOSES)
        (state / "gateway.secrets").write_text(f"{SECRET}\n")
        (state / "providers.toml").write_text(PROVIDERS.format(smtp=post.port, asked=asked.port, once=once.port))
        await services.start(PROFILE, **EMBEDDED)
        preference = await services.start(PREFERENCE, **EMBEDDED, purposes_file=state / "purposes.toml")
        shop = services.connect("web-shop")
        proxy = await stack.enter_async_context(Proxy.to(f"{LOOPBACK}:{preference.port}"))
        services.addresses["preference"] = proxy.address
        started = [_worker(services, post, state, number) for number in range(workers)]
        await migrate(MESSAGING, _settings(services, post, state, 0, 0))
        for server, _ in started:
            stack.push_async_callback(server.kill)
        await asyncio.gather(*(server.start() for server, _ in started))
        found = []
        for server, port in started:
            where = omnithread.Addresses.one(f"{LOOPBACK}:{port}")
            token = services.token("web-shop")
            connection = omnithread.connect(where, token=token, plaintext=True, timeout_seconds=20.0)
            found.append(Worker(server, await stack.enter_async_context(connection)))
        forms = [form(way, "News") for way in WAYS]
        await found[0].shop.messaging.PutTemplate(put_request("news", *forms))
        yield Company(services, found, post, asked, once, shop, proxy)


def _settings(services: Services, post: PostOffice, state: Path, port: int, health_port: int) -> MessagingSettings:
    return services.settings(
        MESSAGING,
        **mail_by(post) | IMPATIENT | {"send_lease_seconds": LEASE_SECONDS, "smtp_timeout_seconds": 6},
        purposes_file=state / "purposes.toml",
        providers_file=state / "providers.toml",
        listen=f"{LOOPBACK}:{port}",
        health_listen=f"{LOOPBACK}:{health_port}",
    )


def _worker(services: Services, post: PostOffice, state: Path, number: int) -> tuple[Server[str], int]:
    port, health_port = free_port(), free_port()
    settings = _settings(services, post, state, port, health_port)
    told = {name: getattr(settings, name) for name in settings.model_fields_set}
    server = Server(
        command=[sys.executable, "-m", "services.messaging"],
        name=f"messaging {number}",
        data_dir=state / f"messaging-{number}",
        address=f"{LOOPBACK}:{health_port}",
        port=health_port,
        responds=serving,
        environment={f"OMNITHREAD_{name.upper()}": str(value) for name, value in told.items()},
        cwd=ROOT,
        start_timeout_seconds=START_SECONDS,
    )
    return server, port


ASKED_AT_ONCE = 8
"""Of all that is waited for: workers that send beside are to have something left."""
Sent = tuple[Person, DeliveryKind.ValueType, str, str]
"""To whom, by which way, for what, under which id."""


async def all_over(workers: Sequence[Worker], sent: Sequence[Sent]) -> list[messaging_pb2.Message]:
    """Give what became of messages, once all have come to their end."""
    few_at_once = asyncio.Semaphore(ASKED_AT_ONCE)

    async def one(number: int, person: Person, message_id: str) -> messaging_pb2.Message:
        while True:
            async with few_at_once:
                message = await workers[number % len(workers)].message(person, message_id)
            if is_over(message):
                return message
            await asyncio.sleep(0.2)

    async with asyncio.timeout(120):
        return await asyncio.gather(*(one(place, each[0], each[3]) for place, each in enumerate(sent)))
