"""A door and a console before the services of a house, asked in every way that nobody would."""

import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry, generate_latest

import omnithread
from libs.telemetry.tracing import tracer_provider
from services.door.serving import door_serving
from services.door.settings import DoorSettings
from tests.hostile.honest import CANARY
from tests.hostile.house import House
from tests.hostile.web.cases import Bad, Sender, of_place
from tests.hostile.web.places import Place
from tests.hostile.web.raw import LOOPBACK, Answer, send
from tests.services.console.desk import console_desk

INSIDES = (b"Traceback", b'File "', b"line ", b"grpc", b"pymongo", b"starlette", b"uvicorn", b"Exception")
"""What a page of ours never says, and a trace of a fault always does."""
REFUSED = 400


@dataclass(slots=True)
class Asking:
    """One program that is asked, and what is seen of it."""

    port: int
    registry: CollectorRegistry
    spans: InMemorySpanExporter
    sender: Sender
    asked: int = 0
    faults: list[str] = field(default_factory=list)

    async def everywhere(
        self, places: Sequence[Place], values: Mapping[str, str], *, share: float, chance: random.Random
    ) -> None:
        """Ask each place in a share of all ways, at least in one, and note what is wrong with the answers."""
        for place in places:
            cases = list(of_place(place, place.at(values), self.sender))
            for bad in chance.sample(cases, max(1, round(len(cases) * share))):
                answer = await send(self.port, bad.raw)
                self.asked += 1
                self.faults += [f"{place.path}, {bad.name}: {fault}" for fault in faults_of(bad, answer)]

    def look_around(self, house: House) -> None:
        """Note where something that a person told came out, and what was logged as a fault of ours."""
        self.faults += house.leaks_and_complaints()
        metrics = generate_latest(self.registry).decode().splitlines()
        self.faults += [f"a metric: {line}" for line in metrics if CANARY in line.lower()]
        for span in self.spans.get_finished_spans():
            events = [(event.name, dict(event.attributes or {})) for event in span.events]
            said = f"{span.name} {dict(span.attributes or {})} {events} {span.status.description}"
            self.faults += [f"a span: {said[:300]}"] if CANARY in said.lower() else []
        self.spans.clear()


def faults_of(bad: Bad, answer: Answer) -> list[str]:
    """Say what is wrong with an answer."""
    found = [] if answer.status in bad.allowed else [f"answered with {answer.status}: {answer.said[:300]!r}"]
    if answer.status >= REFUSED:
        body = answer.said.partition(b"\r\n\r\n")[2]
        found += [f"tells of {word!r}: {body[:300]!r}" for word in INSIDES if word in body]
        found += [f"says what was told: {body[:300]!r}"] if CANARY.encode() in body.lower() else []
    return found


@asynccontextmanager
async def open_door(house: House, folder: Path) -> AsyncIterator[Asking]:
    """Open a door that counts nobody's requests; `folder` is its own."""
    token = folder / "own.token"
    token.write_text(house.senders["preference"].service_tokens["door"], encoding="utf-8")
    at = {f"{name}_address": f"{LOOPBACK}:{running.port}" for name, running in house.running.items()}
    settings = DoorSettings.model_validate(
        {
            **at,
            "listen": f"{LOOPBACK}:0",
            "service_token_file": token,
            "resume_target": "https://shop.example/resume#{token}",
            "drain_seconds": 1.0,
            "address_burst": 10_000,
            "address_requests_per_second": 1000.0,
            "unknown_per_minute": 1000.0,
        }
    )
    spans = InMemorySpanExporter()
    provider = tracer_provider(service="door", ratio=1.0, processor=SimpleSpanProcessor(spans))
    # Its clock runs a thousand times as fast: whoever is turned away for asking too often was not looked at.
    async with door_serving(settings, now=lambda: time.monotonic() * 1000, tracer=provider.get_tracer("test")) as door:
        yield Asking(door.port, door.registry, spans, Sender())


@asynccontextmanager
async def open_console(house: House) -> AsyncIterator[Asking]:
    """Open a console, and sign in."""
    at = {name: f"{LOOPBACK}:{running.port}" for name, running in house.running.items()}
    addresses = omnithread.Addresses(context=at.pop("aggregator"), **at)
    generous = {"agent_burst": 10_000, "agent_requests_per_second": 1000.0}
    async with console_desk(house.state, addresses=addresses, **generous) as desk:
        await desk.sign_in()
        cookies = "; ".join(f"{name}={value}" for name, value in desk.http.cookies.items())
        sender = Sender(
            host=f"{LOOPBACK}:{desk.running.port}",
            headers=(("cookie", cookies), *desk.from_here.items()),
            form_token=await desk.form_token(),
        )
        yield Asking(desk.running.port, desk.running.registry, desk.spans, sender)
