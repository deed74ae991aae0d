"""What a page says while it is, and while it is not, up to date."""

import re
from dataclasses import replace

from playwright.async_api import Page, expect

import omnithread
from deploy.local.ports import LOOPBACK, free_port
from services.console.calling.agent import Agent
from tests.browser.console.people import add_item, somebody
from tests.browser.console.watching import Counter
from tests.services.console.desk import console_desk

SOON = 20_000
"""Milliseconds: the machine may have much else to do."""


async def expect_state(page: Page, state: str) -> None:
    await expect(page.locator("#live-state")).to_have_attribute("data-state", state, timeout=SOON)


async def test_a_page_goes_on_by_itself_after_the_console_was_away_and_misses_nothing(counter: Counter) -> None:
    clara = await somebody(counter)
    folder, port = counter.desk.settings.session_key_file.parent, free_port()
    told = {"addresses": counter.services.where(), "listen": f"{LOOPBACK}:{port}", "agent_requests_per_second": 1000}
    async with console_desk(folder, **told) as desk:  # type: ignore[arg-type]  # settings of several types
        first = replace(counter, desk=desk)
        pages = first.page(agent=Agent("bob", "Bob"), expects_errors=True)
        page = await pages.__aenter__()
        await page.goto(f"{first.base}/customers/{clara.customer_id}")
        await expect_state(page, "live")
    await expect_state(page, "reconnecting")
    await expect(page.locator("#live-words")).to_have_text("Reconnecting")
    await add_item(counter, clara.customer_id, "LAMP-1", "Lamp meanwhile")
    async with console_desk(folder, **told):  # type: ignore[arg-type]  # as above
        await expect_state(page, "live")
        await expect(page.locator("#part-cart")).to_contain_text("Lamp meanwhile", timeout=SOON)
        await pages.__aexit__(None, None, None)


async def test_who_signs_out_elsewhere_sees_no_more(counter: Counter) -> None:
    clara = await somebody(counter)
    async with counter.page(expects_errors=True) as page:
        await page.goto(f"{counter.base}/customers/{clara.customer_id}")
        await expect_state(page, "live")
        other = await page.context.new_page()
        await other.goto(counter.base)
        await other.get_by_role("button", name="Sign out").click()
        await expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
        await add_item(counter, clara.customer_id, "LAMP-1", "A secret lamp")
        await page.bring_to_front()
        await expect_state(page, "signed out")
        assert await page.get_by_text("A secret lamp").count() == 0


async def test_a_merged_customer_leads_to_the_one_who_remains(counter: Counter) -> None:
    clara = await somebody(counter)
    shop = counter.channel("web-shop")
    guest = await shop.start_session([omnithread.cookie(f"guest-of-{clara.card}")])
    async with counter.page() as page:
        await page.goto(f"{counter.base}/customers/{guest.customer_id}")
        await expect_state(page, "live")
        await shop.start_session(
            [omnithread.cookie(f"guest-of-{clara.card}"), omnithread.email(clara.email, verified=True)]
        )
        await page.wait_for_url(re.compile(rf"/customers/{clara.customer_id}\?"), timeout=SOON)
        await expect(page.get_by_text("who was merged into this customer")).to_be_visible()
        await expect(page.locator("#part-merges")).to_contain_text(guest.customer_id)
        await expect(page.locator("#part-merges")).to_contain_text("guest recognised")


async def test_a_cart_that_an_agent_works_on_says_so_when_its_customer_was_merged(counter: Counter) -> None:
    clara = await somebody(counter)
    shop = counter.channel("web-shop")
    cookie = omnithread.cookie(f"cart-of-{clara.card}")
    guest = await shop.start_session([cookie])
    async with counter.page() as page:
        await page.goto(f"{counter.base}/customers/{guest.customer_id}/cart")
        await page.get_by_label("A note for whoever serves").fill("Calls ba")
        await expect(page.locator("#stale")).to_have_attribute("data-listening", "yes", timeout=SOON)
        await shop.start_session([cookie, omnithread.email(clara.email, verified=True)])
        await expect(page.locator("#stale")).to_be_visible(timeout=SOON)
        await expect(page.get_by_label("A note for whoever serves")).to_have_value("Calls ba")
        await page.get_by_role("link", name="Load it again").click()
        await page.wait_for_url(f"{counter.base}/customers/{clara.customer_id}/cart", timeout=SOON)


async def test_pages_that_are_opened_behind_others_leave_the_browser_its_few_connections(counter: Counter) -> None:
    clara = await somebody(counter)
    async with counter.page() as front:
        pages = [await front.context.new_page() for _ in range(7)]
        for page in pages:
            await page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => true })")
            await page.goto(f"{counter.base}/customers/{clara.customer_id}", timeout=SOON)
        await front.goto(f"{counter.base}/customers/{clara.customer_id}", timeout=SOON)
        await expect_state(front, "live")
