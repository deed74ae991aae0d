"""What an agent sees of a customer, and how it stays up to date while they look."""

import time

import pytest
from playwright.async_api import Page, expect

from omnithread.messaging.v1.messaging_pb2 import AUTHOR_CUSTOMER
from omnithread.messaging.v1.messaging_service_pb2 import PostMessageRequest
from tests.browser.console.people import add_item, consent, somebody
from tests.browser.console.watching import Counter

PATIENCE = 60_000
"""Milliseconds: the machine may have much else to do."""


async def find(page: Page, text: str) -> None:
    await page.get_by_label("E-mail address, telephone").fill(text)
    await page.get_by_role("button", name="Find").press("Enter")


async def open_customer(counter: Counter, page: Page, customer_id: str) -> None:
    await page.goto(f"{counter.base}/customers/{customer_id}")
    await expect(page.locator("#live-state")).to_have_attribute("data-state", "live", timeout=20_000)


@pytest.mark.parametrize("by", ["email", "phone", "card", "customer_id"])
async def test_a_customer_is_found_by_whatever_they_go_by(counter: Counter, by: str) -> None:
    clara = await somebody(counter)
    async with counter.page() as page:
        await find(page, getattr(clara, by))
        await expect(page.get_by_role("heading", name="Clara Weiss")).to_be_visible()
        assert page.url == f"{counter.base}/customers/{clara.customer_id}", "no address holds what was typed"
        await page.goto(counter.base)
        await expect(page.get_by_role("link", name="Clara Weiss")).to_be_visible()
        await counter.look(page, "find")


async def test_who_is_not_there_is_said_in_words_and_what_was_typed_stays(counter: Counter) -> None:
    async with counter.page() as page:
        await find(page, "nobody@example.com")
        await expect(page.get_by_role("heading", name="Nobody goes by that")).to_be_visible()
        await expect(page.get_by_label("E-mail address, telephone")).to_have_value("nobody@example.com")
        await counter.look(page, "find_nobody")


async def test_the_page_shows_everything_about_a_customer_and_can_be_read(counter: Counter) -> None:
    clara = await somebody(counter)
    await consent(counter, clara.customer_id)
    await add_item(counter, clara.customer_id, "PURSE-17", "Handtasche Marlene")
    async with counter.page() as page:
        await open_customer(counter, page, clara.customer_id)
        for title in ("Cart", "Conversations", "Journey", "Who they are", "Messages", "Offers", "Orders"):
            await expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
        await expect(page.locator("#part-cart")).to_contain_text("Handtasche Marlene")
        await expect(page.locator("#part-cart")).to_contain_text("€129.00")
        await expect(page.locator("#part-preferences")).to_contain_text("cart_reminder by e-mail")
        await expect(page.locator("#part-preferences")).to_contain_text("web-shop (web)")
        await expect(page.locator("#part-who")).to_contain_text(clara.card)
        await expect(page.locator("#part-orders")).to_contain_text("They have ordered nothing yet.")
        await counter.look(page, "customer")


async def test_a_change_on_another_channel_appears_within_a_second(counter: Counter) -> None:
    clara = await somebody(counter)
    async with counter.page() as page:
        await open_customer(counter, page, clara.customer_id)
        await expect(page.locator("#part-cart")).to_contain_text("The cart is empty.")
        await add_item(counter, clara.customer_id, "warm-up", "A first thing")
        await expect(page.locator("#part-cart")).to_contain_text("A first thing", timeout=PATIENCE)
        await page.evaluate(
            """() => {
              const news = document.getElementById("live-news");
              window.heard = [];
              new MutationObserver(() => window.heard.push(news.textContent)).observe(news, { childList: true });
            }"""
        )
        other = await page.context.new_page()
        took_seconds, load_seconds = [], []
        for number in range(5):
            await add_item(counter, clara.customer_id, f"LAMP-{number}", f"Lamp {number}", channel="store-042")
            began = time.monotonic()
            await expect(page.locator("#part-cart")).to_contain_text(f"Lamp {number}", timeout=PATIENCE)
            took_seconds.append(time.monotonic() - began)
            began = time.monotonic()
            await other.goto(f"{counter.base}/customers/{clara.customer_id}", timeout=PATIENCE)
            load_seconds.append(time.monotonic() - began)
        print(f"appears after {timings(took_seconds)}; a page takes {timings(load_seconds)}")  # noqa: T201  the measure
        # On a machine that has time. On one that has none, loading a page takes seconds too: that is then the measure.
        assert min(took_seconds) < max(1.0, 3 * max(load_seconds)), (took_seconds, load_seconds)
        assert "Cart" in " ".join(await page.evaluate("window.heard")), "who hears the page is told what changed"


def timings(seconds: list[float]) -> str:
    return ", ".join(f"{one:.2f}" for one in seconds) + " s"


async def test_what_changes_takes_away_neither_focus_nor_text_nor_what_is_open(counter: Counter) -> None:
    clara = await somebody(counter)
    await add_item(counter, clara.customer_id, "PURSE-17", "Handtasche Marlene")
    async with counter.page() as page:
        await open_customer(counter, page, clara.customer_id)
        await page.evaluate(
            """() => {
              const box = document.createElement("textarea");
              box.id = "draft";
              box.dataset.key = "draft";
              document.querySelector("#part-cart").after(box);
            }"""
        )
        await page.locator("#draft").fill("half a sentence")
        await page.locator("#part-cart summary").first.click()
        await page.locator("#draft").focus()
        await page.evaluate("window.scrollTo(0, 120)")
        await add_item(counter, clara.customer_id, "LAMP-1", "Lamp", channel="store-042")
        await expect(page.locator("#part-cart")).to_contain_text("Lamp", timeout=20_000)
        assert await page.evaluate("document.activeElement.id") == "draft"
        await expect(page.locator("#draft")).to_have_value("half a sentence")
        await expect(page.locator("#part-cart details").first).to_have_attribute("open", "")
        assert await page.evaluate("window.scrollY") == 120


async def test_who_stands_on_a_conversation_still_stands_there_when_others_come_before_it(counter: Counter) -> None:
    clara = await somebody(counter)

    async def ask(topic: str) -> None:
        await counter.channel("mobile-app").messaging.PostMessage(
            PostMessageRequest(customer_id=clara.customer_id, topic=topic, author=AUTHOR_CUSTOMER, text="Hello?")
        )

    await ask("order")
    async with counter.page() as page:
        await open_customer(counter, page, clara.customer_id)
        links = page.locator("#part-conversations").get_by_role("link")
        await links.first.focus()
        for topic in ("delivery", "payment"):
            await ask(topic)
        await expect(links).to_have_count(3, timeout=PATIENCE)
        await expect(links.last).to_have_text("order")
        await expect(links.last).to_be_focused()


async def test_what_a_customer_writes_is_text_and_nothing_else(counter: Counter) -> None:
    clara = await somebody(counter, given_name="<b>Eva</b>", family_name='"><script>alert(1)</script>')
    async with counter.page() as page:
        await open_customer(counter, page, clara.customer_id)
        await expect(page.get_by_role("heading", level=1)).to_contain_text("<b>Eva</b>")
        await counter.channel("mobile-app").messaging.PostMessage(
            PostMessageRequest(
                customer_id=clara.customer_id,
                topic="order",
                author=AUTHOR_CUSTOMER,
                text="<img src=x onerror=alert(1)> where is it?",
            )
        )
        await expect(page.locator("#part-conversations")).to_contain_text("<img src=x", timeout=20_000)
        assert await page.locator("#part-conversations img").count() == 0


async def test_without_scripts_the_page_is_there_and_says_that_it_is_not_live(counter: Counter) -> None:
    clara = await somebody(counter)
    async with counter.page(javascript=False) as page:
        await page.goto(f"{counter.base}/customers/{clara.customer_id}")
        await expect(page.locator("#live-state")).to_contain_text("Not live")
        await expect(page.locator("#part-who")).to_contain_text(clara.email)


async def test_an_unknown_customer_has_a_page_that_says_so(counter: Counter) -> None:
    async with counter.page(expects_errors=True) as page:
        await page.goto(f"{counter.base}/customers/cus_nobody")
        await expect(page.get_by_text("There is no such customer.")).to_be_visible()
