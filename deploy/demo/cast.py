"""Who plays: one customer, and the four channels that she meets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from deploy.demo.actor import Actor
from deploy.demo.views import View
from deploy.local.mailbox import Mailbox
from deploy.local.state import write_private
from deploy.local.suite import Suite
from deploy.local.traces import TraceReceiver


@dataclass(frozen=True, slots=True)
class Person:
    """What somebody can show, say or carry; each channel learns only its own part."""

    given_name: str
    family_name: str
    email: str
    phone: str
    card: str
    cookie: str
    device: str


ANNA = Person(
    given_name="Anna",
    family_name="Berger",
    email="anna.berger@example.com",
    phone="+4989123456",
    card="4711-0815",
    cookie="visitor-7f3a9c",
    device="phone-of-anna-01",
)


@dataclass(frozen=True, slots=True)
class Cast:
    """The channels, each a process with a token of its own, and where mails and traces arrive."""

    web_shop: Actor
    mobile_app: Actor
    call_centre: Actor
    store: Actor
    mailbox: Mailbox
    traces: TraceReceiver
    customer: Person = ANNA

    @property
    def channels(self) -> tuple[Actor, ...]:
        """All four."""
        return (self.web_shop, self.mobile_app, self.call_centre, self.store)

    async def look(self) -> list[View]:
        """The customer context as each of the four channels reads it now, all at once."""
        return list(await asyncio.gather(*(channel.act(View, "look") for channel in self.channels)))


SPANS_DELAY_MS = "300"
# The channels, and which member of staff the token names.
STAFF = {"web-shop": "", "mobile-app": "", "call-centre": "agent-17", "store-042": "till-3"}


@asynccontextmanager
async def on_stage(suite: Suite, traces: TraceReceiver) -> AsyncIterator[Cast]:
    """Start the four channel processes; inside the block they are connected."""
    state = suite.plan.state_dir
    told = {
        **{f"OMNITHREAD_{name.upper()}_ADDRESS": service.address for name, service in suite.services.items()},
        "OTEL_EXPORTER_OTLP_ENDPOINT": traces.address,
        "OTEL_BSP_SCHEDULE_DELAY": SPANS_DELAY_MS,
    }
    actors = []
    for channel, actor in STAFF.items():
        token_file = state / "tokens" / f"{channel}.token"
        write_private(token_file, suite.token(channel, actor=actor).encode())
        actors.append(
            Actor(channel, token_file=token_file, environment=told, log=state / "channels" / f"{channel}.log")
        )
    try:
        await asyncio.gather(*(actor.start() for actor in actors))
        web_shop, mobile_app, call_centre, store = actors
        yield Cast(
            web_shop=web_shop,
            mobile_app=mobile_app,
            call_centre=call_centre,
            store=store,
            mailbox=suite.mailbox,
            traces=traces,
        )
    finally:
        await asyncio.gather(*(actor.stop() for actor in actors))
