"""Coming in, and going out again."""

from playwright.async_api import expect

from tests.browser.console.watching import Counter


async def test_an_agent_comes_in_by_a_link_and_goes_out_by_a_button(counter: Counter) -> None:
    async with counter.page(agent=None) as page:
        await page.goto(f"{counter.base}/journeys")
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        await counter.look(page, "sign_in")
        await page.goto(counter.desk.link())
        await counter.look(page, "sign_in_link")
        await page.get_by_role("button", name="Sign in").press("Enter")
        await expect(page.get_by_role("heading", name="Find a customer")).to_be_visible()
        await page.get_by_role("button", name="Sign out").press("Enter")
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_what_leads_nowhere_says_so(counter: Counter) -> None:
    async with counter.page(expects_errors=True) as page:
        await page.goto(f"{counter.base}/nowhere")
        await expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
        await counter.look(page, "nothing_here")
