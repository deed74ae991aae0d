"""A door with nothing behind it: what it shows and refuses by itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from libs.telemetry.tracing import tracer_provider
from services.door.serving import RunningDoor, door_serving
from services.door.settings import DoorSettings

NOBODY = "127.0.0.1:1"
SHOP = "https://shop.example/resume#{token}"


@dataclass
class Ticker:
    """A clock that a test moves."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Doorstep:
    """An open door, somebody who calls at it, and what was recorded."""

    door: RunningDoor
    http: httpx.AsyncClient
    clock: Ticker
    spans: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)


@asynccontextmanager
async def doorstep(folder: Path, **settings: object) -> AsyncIterator[Doorstep]:
    """Open a door and stand before it."""
    token = folder / "door.token"
    token.write_text("no token", encoding="utf-8")
    given: dict[str, Any] = {
        "listen": "127.0.0.1:0",
        "service_token_file": token,
        "preference_address": NOBODY,
        "messaging_address": NOBODY,
        "cart_address": NOBODY,
        "resume_target": SHOP,
        "drain_seconds": 1.0,
        **settings,
    }
    clock, spans = Ticker(), InMemorySpanExporter()
    provider = tracer_provider(service="door", ratio=1.0, processor=SimpleSpanProcessor(spans))
    async with (
        door_serving(DoorSettings(**given), now=clock, tracer=provider.get_tracer("test")) as door,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{door.port}", timeout=20) as http,
    ):
        yield Doorstep(door=door, http=http, clock=clock, spans=spans)


@pytest.fixture
async def step(tmp_path: Path) -> AsyncIterator[Doorstep]:
    async with doorstep(tmp_path) as step:
        yield step
