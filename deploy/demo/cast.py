"""Who plays: one customer, and the four channels that she meets."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.actor import CHANNELS, Actor
from deploy.demo.house import House, Mails, Traces
from deploy.demo.views import View
from deploy.local.granting import usual_scopes
from deploy.local.state import write_private


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
    mailbox: Mails
    traces: Traces
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
ALSO = {"web-shop": frozenset({"messages:review", "journeys:search"})}
"""What a channel may do here beyond what its kind usually does: this shop's backend shows reports as well."""
OURS: Mapping[str, Sequence[str]] = {}


@asynccontextmanager
async def on_stage(house: House, folder: Path, *, programs: Mapping[str, Sequence[str]] = OURS) -> AsyncIterator[Cast]:
    """Start the four channel processes, with tokens and logs in `folder`; inside the block they are connected.

    `programs` names for channels what plays them in place of ours.
    """
    told = {
        **{f"OMNITHREAD_{name.upper()}_ADDRESS": address for name, address in house.addresses.items()},
        "OMNITHREAD_ROOT_CERTIFICATES_FILE": str(house.root_certificates_file),
        "OTEL_EXPORTER_OTLP_ENDPOINT": house.spans_endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": SPANS_DELAY_MS,
    }
    actors = []
    for channel, actor in STAFF.items():
        token_file = folder / "tokens" / f"{channel}.token"
        granted = usual_scopes(channel) | ALSO.get(channel, frozenset())
        write_private(token_file, house.token(channel, actor=actor, scopes=granted).encode())
        actors.append(
            Actor(
                channel,
                token_file=token_file,
                environment=told,
                log=folder / "channels" / f"{channel}.log",
                program=programs.get(channel, CHANNELS),
            )
        )
    try:
        await asyncio.gather(*(actor.start() for actor in actors))
        web_shop, mobile_app, call_centre, store = actors
        yield Cast(
            web_shop=web_shop,
            mobile_app=mobile_app,
            call_centre=call_centre,
            store=store,
            mailbox=house.mailbox,
            traces=house.traces,
        )
    finally:
        await asyncio.gather(*(actor.stop() for actor in actors))
