"""Every page of the console, with data, without, and with services away: readable, in order, and of itself only."""

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Page

from omnithread.messaging.v1.messaging_pb2 import AUTHOR_CUSTOMER
from omnithread.messaging.v1.messaging_service_pb2 import PostMessageRequest
from services.console.web.headers import POLICY
from tests.browser.company import HEIGHT, NARROW, WIDE
from tests.browser.console.people import add_item, somebody
from tests.browser.console.wanderer import Wanderer, wander
from tests.browser.console.watching import Counter
from tests.browser.orderly import disorder_of, walk_by_keyboard
from tests.browser.readable import faults_of
from tests.services.console.desk import console_desk

CONSOLE = Path(__file__).parents[3] / "services" / "console"
ROUTE = re.compile(r'Route\(\s*("/[^"]*"|[A-Z]+),[^)]*"GET"')
NAMED = re.compile(r'^([A-Z]+) = ("/[^"]*")', re.MULTILINE)
NO_PAGES = frozenset({"/customers/{customer_id}/live", "/operations/now", "/templates/{template_id}/mail"})
"""Streams, and parts of pages."""
SCHEMES: Sequence[Literal["light", "dark"]] = ("light", "dark")


def routes() -> frozenset[str]:
    """Give the routes that show pages, as the parts of the console write them down."""
    texts = [part.read_text(encoding="utf-8") for part in CONSOLE.glob("*/parts.py")]
    named = dict(found for text in texts for found in NAMED.findall(text))
    return frozenset(named.get(path, path).strip('"') for text in texts for path in ROUTE.findall(text))


def fits(path: str, route: str) -> bool:
    """Whether an address belongs to a route."""
    pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route))
    return re.fullmatch(pattern, path.partition("?")[0]) is not None


@dataclass(frozen=True, slots=True)
class Known:
    """A customer of whom there is something on every page."""

    anna: Wanderer
    conversation_id: str


@pytest.fixture(scope="module")
async def anna(counter: Counter) -> Known:
    """Give a customer of whom there is something on every page."""
    anna = await wander(counter)
    await add_item(counter, anna.customer_id, "LAMP-1", "Lamp")
    said = await counter.channel("mobile-app").messaging.PostMessage(
        PostMessageRequest(customer_id=anna.customer_id, topic="order", author=AUTHOR_CUSTOMER, text="Is it there?")
    )
    return Known(anna, said.conversation.conversation_id)


def pages_of(known: Known) -> Sequence[str]:
    """Give an address for each route, of somebody about whom much is known."""
    anna = known.anna
    customer = f"/customers/{anna.customer_id}"
    trace = anna.touchpoints[-1].traceparent.split("-")[1]
    return (
        "/",
        customer,
        f"{customer}/cart",
        f"{customer}/handover",
        f"{customer}/conversations/{known.conversation_id}",
        "/conversations",
        f"{customer}/silence?missed=template:cart_reminder",
        anna.page,
        "/journeys",
        "/journeys/report",
        "/traces",
        f"/traces/{trace}",
        "/campaigns",
        "/offers",
        "/offers/winter",
        "/templates",
        "/templates/cart_reminder",
        "/operations",
    )


async def faults_at(counter: Counter, page: Page, path: str, *, statuses: Sequence[int]) -> list[str]:
    """Look at one page: on a telephone and a desk, in light and in the dark, and go through it by keyboard."""
    answer = await page.goto(f"{counter.base}{path}")
    assert answer is not None
    faults = [] if answer.status in statuses else [f"status {answer.status}"]
    policy = (await answer.all_headers()).get("content-security-policy", "")
    if policy not in {POLICY, f"{POLICY}; frame-src 'self'"}:
        faults.append(f"policy {policy}")
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        for width in (NARROW, WIDE):
            await page.set_viewport_size({"width": width, "height": HEIGHT})
            faults += [f"{scheme} {width}: {one}" for one in await faults_of(page, scripts_from=counter.base)]
    await page.emulate_media(color_scheme="light")
    return [f"{path}: {one}" for one in (*faults, *await disorder_of(page), *await walk_by_keyboard(page))]


async def test_every_page_can_be_read_and_used_by_everybody(counter: Counter, anna: Known) -> None:
    async with counter.page() as page:
        found = [one for path in pages_of(anna) for one in await faults_at(counter, page, path, statuses=[200])]
    assert not found, "\n".join(found)


async def test_every_page_says_in_words_that_there_is_nothing(counter: Counter) -> None:
    nobody = f"/customers/{(await somebody(counter)).customer_id}"
    empty = (
        nobody,
        f"{nobody}/silence",
        f"{nobody}/cart",
        f"{nobody}/handover",
        f"{nobody}/conversations/cnv_none",
        f"{nobody}/journeys/jrn_none",
        "/journeys?path=social&path=sms",
        "/traces/" + "0" * 31 + "1",
        "/campaigns?state=ended",
        "/campaigns/none",
        "/offers/none",
        "/templates/none",
        "/operations/dead-letters/cus_none/msg_none",
        f"{nobody}/messages/msg_none",
    )
    async with counter.page(expects_errors=True) as page:
        found = [one for path in empty for one in await faults_at(counter, page, path, statuses=[200, 404, 410])]
    assert not found, "\n".join(found)


async def test_every_page_says_in_words_what_does_not_answer(counter: Counter, anna: Known) -> None:
    folder = counter.desk.settings.token_key_file.parent
    async with (
        console_desk(folder, agent_requests_per_second=1000, sign_ins_per_minute=1000) as desk,
        (away := dataclasses.replace(counter, desk=desk)).page(expects_errors=True) as page,
    ):
        found = [one for path in pages_of(anna) for one in await faults_at(away, page, path, statuses=[200, 404, 503])]
    assert not found, "\n".join(found)


async def test_no_page_is_left_out(anna: Known) -> None:
    seen = (*pages_of(anna), "/campaigns/x", "/customers/x/messages/y", "/operations/dead-letters/x/y")
    left = {route for route in routes() - NO_PAGES if not any(fits(path, route) for path in seen)}
    assert not left
