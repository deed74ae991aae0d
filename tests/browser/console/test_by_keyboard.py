"""An agent without a mouse, and one whose screen is dark."""

import pytest
from playwright.async_api import expect

from tests.browser.console.people import add_item, consent, somebody
from tests.browser.console.watching import Counter
from tests.browser.readable import faults_of, tab_to
from tests.services.calls import until


async def test_from_the_first_page_to_the_reason_of_a_message_by_keyboard_alone(counter: Counter) -> None:
    clara = await somebody(counter)
    await consent(counter, clara.customer_id)
    await add_item(counter, clara.customer_id, "PURSE-17", "Handtasche Marlene")
    async with counter.page() as page:
        await expect(page.get_by_label("E-mail address, telephone")).to_be_focused()
        await page.keyboard.type(clara.email)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Clara Weiss")).to_be_visible()
        await expect(page.get_by_role("link", name="Your cart is waiting")).to_be_visible(timeout=20_000)
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="To the content")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator("main")).to_be_focused()
        await tab_to(page, "Your cart is waiting for you")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="In words")).to_be_visible()
        await expect(page.get_by_role("heading", name="What was decided")).to_be_visible()
        await expect(page.get_by_role("rowheader", name="consent")).to_be_visible()
        await counter.look(page, "message")


@pytest.mark.parametrize("place", ["/", "/customers", "/nowhere"])
async def test_in_the_dark_everything_can_be_read(counter: Counter, place: str) -> None:
    clara = await somebody(counter)
    await add_item(counter, clara.customer_id, "PURSE-17", "Handtasche Marlene")
    async with counter.page(expects_errors=True) as page:
        await page.emulate_media(color_scheme="dark")
        await page.goto(f"{counter.base}{place}{f'/{clara.customer_id}' if place == '/customers' else ''}")

        async def faults() -> bool:
            return await faults_of(page, scripts_from=counter.base) == []

        await until(faults)
        await counter.look(page, f"dark_{place}")
