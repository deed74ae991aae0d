"""Makes the pictures that README and docs show: `python -m tests.browser.pictures FOLDER`, or `make screenshots`.

The whole suite comes up with the samples of `make up`, a customer goes her way over weeks and channels, and the console
is looked at in the machine's Chromium, in a window of a fixed size.
"""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from playwright.async_api import FloatRect, Page, async_playwright, expect

from deploy.local.console import fresh_sign_in_link
from deploy.local.plan import Plan
from deploy.local.suite import Suite
from services.console.calling.agent import Agent
from tests.browser.chromium import ARGUMENTS, MISSING, chromium
from tests.browser.telling import Story, tell
from tests.services.calls import until

AGENT = Agent("anna", "Anna")
WIDE, HIGH = 1200, 900
MOST_BYTES = 200_000
SETTINGS = {"idle_after_seconds": "3", "idle_sweep_seconds": "0.5", "reminder_delay_seconds": "1"}
ABOVE = 24
A_WHILE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: where, what has to be seen before it is taken, and how much of the page."""

    name: str
    path: str
    ready: Callable[[Page], Awaitable[None]]
    height: int = HIGH
    begins: str = ""
    """The heading at which it begins; empty for the top of the page."""


def heading(words: str) -> Callable[[Page], Awaitable[None]]:
    """Wait until the page has come to a heading."""

    async def wait(page: Page) -> None:
        await expect(page.get_by_role("heading", name=words, exact=True)).to_be_visible(timeout=A_WHILE_MS)

    return wait


async def fresh(page: Page) -> None:
    """Wait until the page was brought up to date once."""
    await expect(page.get_by_text("kept up to date")).to_be_visible(timeout=A_WHILE_MS)


async def live(page: Page) -> None:
    """Wait until the page is kept up to date."""
    await expect(page.get_by_text("Live", exact=True)).to_be_visible(timeout=A_WHILE_MS)


def pictures(story: Story) -> list[Picture]:
    """Give what is shown, in the order of the story."""
    customer = f"/customers/{story.customer_id}"
    return [
        Picture("customer", customer, live),
        Picture("journey", f"{customer}/journeys/{story.journey_id}", heading("Picture"), height=560, begins="Picture"),
        Picture("waterfall", f"/traces/{story.trace_id}", heading("Waterfall"), height=760, begins="Waterfall"),
        Picture("report", "/journeys/report", heading("From channel to channel"), begins="From channel to channel"),
        Picture("campaign", f"/campaigns/{story.campaign_id}", heading("What it is"), height=800),
        Picture("operations", "/operations", fresh),
    ]


async def where(page: Page, words: str) -> float:
    """Give how far down a heading stands, also while a live page puts a new one in its place."""

    async def found() -> float:
        box = await page.get_by_role("heading", name=words, exact=True).bounding_box()
        return box["y"] if box else 0.0

    return await until(found)


async def take(page: Page, base: str, picture: Picture, folder: Path) -> None:
    """Take one. Raises ValueError where it became too large for a repository."""
    await page.set_viewport_size({"width": WIDE, "height": picture.height})
    await page.goto(f"{base}{picture.path}")
    await picture.ready(page)
    path = folder / f"{picture.name}.png"
    top = await where(page, picture.begins) - ABOVE if picture.begins else 0.0
    clip: FloatRect = {"x": 0, "y": top, "width": WIDE, "height": picture.height}
    await page.screenshot(path=path, full_page=True, clip=clip, animations="disabled", caret="hide")
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise ValueError(f"{path} has {size} bytes")
    sys.stdout.write(f"{path} ({size // 1000} kB)\n")


async def make(folder: Path, *, state: Path) -> None:
    """Make all of them."""
    executable = chromium()
    if executable is None:
        sys.exit(MISSING)
    plan = Plan(state_dir=state, console=True, settings=SETTINGS)
    async with Suite(plan) as suite, async_playwright() as playwright:
        exporter = OTLPSpanExporter(endpoint=f"{suite.backends.traces_endpoint}/v1/traces")
        provider = TracerProvider(resource=Resource.create({"service.name": "channels"}))
        provider.add_span_processor(BatchSpanProcessor(exporter))
        trace.set_tracer_provider(provider)
        story = await tell(suite)
        await asyncio.to_thread(provider.shutdown)
        browser = await playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        context = await browser.new_context(locale="en-GB", timezone_id="UTC", reduced_motion="reduce")
        page = await context.new_page()
        await page.goto(fresh_sign_in_link(suite.keys, plan.console_base_url, AGENT))
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url(f"{plan.console_base_url}/")
        for picture in pictures(story):
            await take(page, plan.console_base_url, picture, folder)
        await browser.close()


if __name__ == "__main__":
    into = Path(sys.argv[1])
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as state:
        asyncio.run(make(into, state=Path(state) / "suite"))
