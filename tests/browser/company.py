"""A company whose customers have mails and a browser: what stories in the browser are told with."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.async_api import Browser, ConsoleMessage, Page, Route

from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from omnithread.messaging.v1.brand_pb2 import Brand, BrandColours, BrandTexts
from omnithread.preference.v1.preference_internal_service_pb2 import CreateMessageLinksRequest
from tests.browser.readable import faults_of
from tests.services.calls import until
from tests.services.messaging.office import Office
from tests.services.messaging.post_office import text_of

if TYPE_CHECKING:  # the class of stubs on an asyncio channel is known to type checkers only
    from omnithread.preference.v1.preference_internal_service_pb2_grpc import PreferenceInternalServiceAsyncStub

NARROW, WIDE = 320, 1100
HEIGHT = 800
IMPRINT = "Beispielhaus GmbH, Musterstraße 1, 10115 Berlin"
BRAND = Brand(
    brand_id="main",
    name="Beispielhaus",
    colours=BrandColours(primary="#7a1f3d", on_primary="#ffffff", background="#ffffff", text="#1d1d1b"),
    home_uri="https://shop.example/",
    texts=[BrandTexts(language=language, signature="Ihr Beispielhaus", imprint=IMPRINT) for language in ("en", "de")],
    default_language="en",
)
PURPOSES = """
[cart_reminder]
kind = "marketing"
labels = { en = "Reminders of your cart", de = "Erinnerungen an Ihren Warenkorb" }

[newsletter]
kind = "marketing"
double_opt_in = true
labels = { en = "News and offers", de = "Neuigkeiten und Angebote" }

[price_alert]
kind = "marketing"
labels = { en = "Price alerts", de = "Preisalarme" }

[order_confirmation]
kind = "transactional"
"""


def purposes_file(folder: Path) -> Path:
    """Write the company's purposes."""
    path = folder / "purposes.toml"
    path.write_text(PURPOSES, encoding="utf-8")
    return path


@dataclass(frozen=True, slots=True)
class BrowsedCompany:
    """All of it."""

    office: Office
    base: str
    browser: Browser
    shots: str
    as_messaging: "PreferenceInternalServiceAsyncStub"

    @asynccontextmanager
    async def page(
        self, *, language: str = "en-GB", javascript: bool = True, expects_errors: bool = False
    ) -> AsyncIterator[Page]:
        """Give a fresh browser window; at its end nothing was asked of anybody else, and nothing was complained of."""
        context = await self.browser.new_context(
            locale=language, viewport={"width": WIDE, "height": HEIGHT}, java_script_enabled=javascript
        )
        complaints: list[str] = []
        page = await context.new_page()

        def complain(message: ConsoleMessage) -> None:
            if message.type == "error" and not (expects_errors and "status of" in message.text):
                complaints.append(message.text)

        page.on("console", complain)

        async def only_here(route: Route) -> None:
            url = route.request.url
            if url.startswith(self.base):
                await route.continue_()
            elif url.startswith("https://shop.example/"):
                await route.fulfill(body="<!doctype html><title>The shop</title>", content_type="text/html")
            else:
                complaints.append(url)
                await route.abort()

        await page.route("**/*", only_here)
        yield page
        await context.close()
        assert complaints == []

    async def look(self, page: Page, name: str) -> None:
        """Look at the page on a telephone and on a desk: it can be read and used on both."""
        for width in (NARROW, WIDE):
            await page.set_viewport_size({"width": width, "height": HEIGHT})
            faults = await faults_of(page)
            assert faults == [], f"{name}: {faults}"
            if self.shots:
                await page.screenshot(path=f"{self.shots}/{name}_{width}.png", full_page=True)

    async def mail(self, address: str) -> EmailMessage:
        """Wait for the first mail to somebody."""

        async def come() -> list[EmailMessage]:
            return self.office.post.mails(address)

        [first, *_] = await until(come)
        return first

    async def preferences_link(self, customer_id: str, address: str) -> str:
        """What messaging puts into a mail."""
        request = CreateMessageLinksRequest(
            customer_id=customer_id,
            purpose="cart_reminder",
            delivery_kind=DELIVERY_KIND_EMAIL,
            contact_point=address,
            message_id="msg_browser",
            language="en",
        )
        return (await self.as_messaging.CreateMessageLinks(request)).preferences_link

    def link(self, mail: EmailMessage, kind: str) -> str:
        """Find the link of a kind (`u`, `c`, `p`, `r`) in the text of a mail."""
        [found, *_] = re.findall(rf"{re.escape(self.base)}/{kind}/[\w=-]+", text_of(mail))
        return str(found)

    def header_link(self, mail: EmailMessage) -> str:
        """Give where a mail program's own button would send its POST."""
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        found = re.fullmatch(rf"<({re.escape(self.base)}/u/[\w=-]+)>", str(mail["List-Unsubscribe"]).strip())
        assert found, mail["List-Unsubscribe"]
        return found[1]
