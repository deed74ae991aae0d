"""The whole suite for tests: all processes, and the channels that speak with it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import omnithread
from deploy.local.plan import Plan, free_ports, fresh_prefix
from deploy.local.suite import Suite
from deploy.sample.load import put_brands, put_templates
from libs.purposes import DEFAULT_PURPOSES
from libs.rpc.scopes import EVERY

LOOK_AGAIN_SECONDS = 0.05

# For stories: a cart counts as left after two seconds, and a reminder waits three, enough to come in between.
STORY_SETTINGS = {
    "idle_after_seconds": "2",
    "idle_sweep_seconds": "0.2",
    "reminder_delay_seconds": "3",
    "send_sweep_seconds": "0.2",
    "codes_to_phones": "true",
    "resume_link_template": "https://shop.example.com/cart#{token}",
}
PROVIDERS = """
[mail]
adapter = "smtp"
kinds = ["EMAIL"]
host = "127.0.0.1"
port = {port}
tls = "none"
from_address = "shop@example.com"
from_name = "Beispielhaus"

[phones]
adapter = "file"
kinds = ["SMS", "PUSH"]
folder = "phones"
"""
"""Mails go to the mailbox of the suite; what goes to telephones is found in a folder beside this file."""
PHONES = "phones"
NEWSLETTER = "newsletter"
PURPOSES = "\n".join(
    f'[{name}]\nkind = "{"transactional" if purpose.is_transactional else "marketing"}"'
    f"\ndouble_opt_in = {str(name == NEWSLETTER).lower()}"
    for name, purpose in DEFAULT_PURPOSES.items()
)
"""Without caps: a story may tell of more messages than a customer gets on one day."""
REACH_SECONDS = 30.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Channels:
    """One connection per channel, each with a token of its own."""

    shop: omnithread.Omnithread
    app: omnithread.Omnithread
    agent: omnithread.Omnithread
    store: omnithread.Omnithread
    messenger: omnithread.Omnithread
    mail: omnithread.Omnithread
    """The gateway that brings what customers write by mail."""

    @property
    def four(self) -> tuple[omnithread.Omnithread, ...]:
        """The channels of the promises: web, app, telephone, store."""
        return (self.shop, self.app, self.agent, self.store)

    @property
    def all(self) -> tuple[omnithread.Omnithread, ...]:
        """Every channel."""
        return (*self.four, self.messenger)

    async def reach_everything(self) -> None:
        """Wait until every connection is up: after a crash clients try again after growing pauses, of 5 s at most."""
        connections = [connection for channel in self.all for connection in channel._channels.values()]
        await asyncio.wait_for(asyncio.gather(*(one.channel_ready() for one in connections)), REACH_SECONDS)


@asynccontextmanager
async def running_suite(
    folder: Path, settings: Mapping[str, str], *, console: bool = False, replicas: int = 1, roots: Sequence[Path] = ()
) -> AsyncIterator[Suite]:
    """Start everything with names of its own; it is gone after the block.

    There are so many replicas of each service, of the versions in `roots`, and the console only where it is wanted.
    """
    ports, providers = free_ports(replicas=replicas), folder / "providers.toml"
    providers.write_text(PROVIDERS.format(port=ports.smtp))
    purposes = folder / "purposes.toml"
    purposes.write_text(PURPOSES)
    told = {"purposes_file": str(purposes), "providers_file": str(providers), **settings}
    plan = Plan(
        state_dir=folder,
        ports=ports,
        prefix=fresh_prefix("test"),
        settings=told,
        console=console,
        encrypted=not roots,  # the last release speaks plaintext, and understands nothing else
    )
    async with Suite(plan, roots=roots) as suite:
        async with suite.connect("web-shop", scopes=EVERY) as client:
            await put_brands(client)
            await put_templates(client)
        yield suite


@asynccontextmanager
async def channels_of(suite: Suite) -> AsyncIterator[Channels]:
    """Connect every channel."""
    async with AsyncExitStack() as stack:
        yield Channels(
            shop=await stack.enter_async_context(suite.connect("web-shop", scopes=EVERY)),
            app=await stack.enter_async_context(suite.connect("mobile-app")),
            agent=await stack.enter_async_context(suite.connect("call-centre", actor="agent-17", scopes=EVERY)),
            store=await stack.enter_async_context(suite.connect("store-042", actor="till-3")),
            messenger=await stack.enter_async_context(suite.connect("messenger", scopes=EVERY)),
            mail=await stack.enter_async_context(suite.connect("mail-gateway", scopes=EVERY)),
        )


async def until(look: Callable[[], Awaitable[T]], holds: Callable[[T], bool], *, limit_seconds: float = 90.0) -> T:
    """Look until it holds, and give what was seen; fail with what was seen last."""
    deadline = time.monotonic() + limit_seconds
    while not holds(seen := await look()):
        assert time.monotonic() < deadline, f"not so within {limit_seconds:.0f} s; seen last: {seen}"
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
    return seen
