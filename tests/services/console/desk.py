"""A console, and an agent with a browser before it: what tests of its pages are told with."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import omnithread
from deploy.local.keys import ensure_keys
from libs.clock import system_clock
from libs.ids import new_id
from libs.telemetry.tracing import tracer_provider
from services.console.calling.agent import Agent
from services.console.serving import RunningConsole, console_serving
from services.console.settings import ConsoleSettings
from services.console.web.sealing import Seal
from services.console.web.sign_in_links import sign_in_link
from tests.services.running import NOBODY

ANNA = Agent("anna", "Anna Berg")
FORM_TOKEN = re.compile(r'name="form_token" value="([^"]+)"')
NOWHERE = omnithread.Addresses.one(NOBODY)


@dataclass
class Watch:
    """A clock that a test moves."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return system_clock() + self.ahead


@dataclass
class ConsoleDesk:
    """An open console and a browser."""

    running: RunningConsole
    settings: ConsoleSettings
    http: httpx.AsyncClient
    clock: Watch
    spans: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)

    @property
    def base(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.running.port}"

    def link(self, agent: Agent = ANNA, *, made: datetime | None = None) -> str:
        """Make a sign-in link."""
        seal = Seal.read(self.settings.session_key_file)
        return sign_in_link(self.base, seal, agent, made or self.clock(), new_id)

    async def sign_in(self, agent: Agent = ANNA) -> None:
        """Open a link, and press its button."""
        link = self.link(agent)
        assert (await self.http.get(link)).status_code == 200
        answer = await self.http.post(link, headers=self.from_here, data={"x": ""})
        assert answer.status_code == 303, answer.text

    @property
    def from_here(self) -> dict[str, str]:
        """What a browser says of a form on one of our pages."""
        return {"origin": self.base, "sec-fetch-site": "same-origin"}

    async def form_token(self, page: str = "/") -> str:
        """Give the token in the forms of a page."""
        found = FORM_TOKEN.search((await self.http.get(page)).text)
        assert found, "no form on the page"
        return found[1]

    async def send(self, path: str, fields: dict[str, Any], *, page: str = "/") -> httpx.Response:
        """Send a form as a page of ours has it."""
        token = await self.form_token(page)
        return await self.http.post(path, headers=self.from_here, data={"form_token": token, **fields})


@asynccontextmanager
async def console_desk(
    folder: Path, *, addresses: omnithread.Addresses = NOWHERE, **settings: object
) -> AsyncIterator[ConsoleDesk]:
    """Open a console whose services are at `addresses`; keys are in `folder`, as the launcher has them."""
    keys = ensure_keys(folder)
    given: dict[str, Any] = {
        "listen": "127.0.0.1:0",
        "token_key_file": keys.console_key_file,
        "session_key_file": keys.console_secret_file,
        "profile_address": addresses.profile,
        "cart_address": addresses.cart,
        "preference_address": addresses.preference,
        "messaging_address": addresses.messaging,
        "aggregator_address": addresses.context,
        "plaintext": True,
        "drain_seconds": 1.0,
        **settings,
    }
    told = ConsoleSettings(**given)
    clock, spans = Watch(), InMemorySpanExporter()
    provider = tracer_provider(service="console", ratio=1.0, processor=SimpleSpanProcessor(spans))
    async with (
        console_serving(told, clock=clock, tracer=provider.get_tracer("test")) as running,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{running.port}", timeout=20) as http,
    ):
        yield ConsoleDesk(running=running, settings=told, http=http, clock=clock, spans=spans)
