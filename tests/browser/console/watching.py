"""An agent before the console in a real browser, with the whole suite behind it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from playwright.async_api import Browser, ConsoleMessage, Page, Route

import omnithread
from services.console.calling.agent import Agent
from tests.browser.company import HEIGHT, NARROW, WIDE
from tests.browser.readable import faults_of
from tests.services.console.desk import ANNA, ConsoleDesk
from tests.services.messaging.post_office import PostOffice
from tests.services.running import Services

EXPECTED = re.compile(r"status of|net::ERR")
"""What Chromium says of answers that are refusals, and of a console that is away."""


@dataclass(frozen=True, slots=True)
class Counter:
    """A console, what stands behind it, and a browser."""

    desk: ConsoleDesk
    services: Services
    post: PostOffice
    browser: Browser
    shots: str

    @property
    def base(self) -> str:
        """Where the console is."""
        return self.desk.base

    def channel(self, channel: str, *, actor: str = "") -> omnithread.Omnithread:
        """Give the stubs of another channel: what happens elsewhere while the agent looks."""
        return self.services.connect(channel, actor=actor)

    @asynccontextmanager
    async def page(
        self, *, agent: Agent | None = ANNA, javascript: bool = True, expects_errors: bool = False
    ) -> AsyncIterator[Page]:
        """Give a fresh window, signed in; at its end nothing came from elsewhere, and nothing was complained of."""
        context = await self.browser.new_context(
            locale="en-GB", viewport={"width": WIDE, "height": HEIGHT}, java_script_enabled=javascript
        )
        complaints: list[str] = []
        page = await context.new_page()

        def complain(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"} and not (expects_errors and EXPECTED.search(message.text)):
                complaints.append(message.text)

        page.on("console", complain)
        page.on("pageerror", lambda error: complaints.append(str(error)))

        async def only_here(route: Route) -> None:
            if route.request.url.startswith(self.base):
                await route.continue_()
            else:
                complaints.append(route.request.url)
                await route.abort()

        await page.route("**/*", only_here)
        if agent is not None:
            await page.goto(self.desk.link(agent))
            await page.get_by_role("button", name="Sign in").click()
            await page.wait_for_url(f"{self.base}/")
        yield page
        await context.close()
        assert not complaints, complaints

    async def look(self, page: Page, name: str) -> None:
        """Look at the page on a telephone and on a desk: it can be read and used on both."""
        await page.wait_for_load_state()  # a page can be read before its style has come
        for width in (NARROW, WIDE):
            await page.set_viewport_size({"width": width, "height": HEIGHT})
            faults = await faults_of(page, scripts_from=self.base)
            assert faults == [], f"{name}: {faults}"
            if self.shots:
                safe = re.sub(r"[^a-z0-9_-]", "_", name.lower())
                await page.screenshot(path=f"{self.shots}/console_{safe}_{width}.png", full_page=True)
