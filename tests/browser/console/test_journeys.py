"""A journey as a picture, and the way back through its traces."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from omnithread.context.v1.context_pb2 import TouchpointKind
from omnithread.context.v1.context_service_pb2 import RecordTouchpointRequest
from tests.browser.console.wanderer import WAY, Wanderer, wander
from tests.browser.console.watching import Counter
from tests.services.console.desk import console_desk


@pytest.fixture(scope="module")
async def anna(counter: Counter) -> Wanderer:
    return await wander(counter)


@pytest.fixture
def keys(counter: Counter) -> Path:
    """Give the folder of the console's keys."""
    return counter.desk.settings.token_key_file.parent


async def test_four_weeks_on_four_channels_are_one_picture(counter: Counter, anna: Wanderer) -> None:
    async with counter.page() as page:
        await page.goto(f"{counter.base}{anna.page}")
        picture = page.get_by_role("region", name="Journey over time")
        await expect(picture).to_be_visible()
        lanes = await page.get_by_role("list", name="Channels").locator("title").all_text_contents()
        assert lanes == ["web-shop", "mobile-app", "call-centre", "store-042"]
        assert await picture.locator(".handover").count() == 4
        assert await picture.locator(".fold").count() >= 4
        rows = page.get_by_role("region", name="Touchpoints as a table").locator("tbody tr")
        assert await rows.count() == len(anna.touchpoints)
        await counter.look(page, "journey")


async def test_a_mark_tells_what_happened_by_mouse_and_by_keyboard(counter: Counter, anna: Wanderer) -> None:
    async with counter.page() as page:
        await page.goto(f"{counter.base}{anna.page}")
        panel = page.locator("#touchpoint")
        call = page.get_by_role("link", name=re.compile("call-centre: call answered"))
        await call.click()
        await expect(panel).to_contain_text("call answered")
        await expect(panel).to_contain_text("chair")
        await expect(panel.get_by_role("link", name="waterfall")).to_be_visible()
        await call.press("ArrowRight")
        await page.keyboard.press("Enter")
        await expect(panel).to_contain_text("store visited")
        await expect(page.get_by_role("link", name=re.compile("store-042: store visited"))).to_be_focused()
        await page.keyboard.press("Home")
        await page.keyboard.press("Tab")  # past all other marks
        await expect(panel).to_contain_text("store visited")
        assert await page.locator("a.mark:focus").count() == 0
        await counter.look(page, "journey_mark")


async def test_without_javascript_a_mark_leads_to_its_line_in_the_table(counter: Counter, anna: Wanderer) -> None:
    async with counter.page(javascript=False) as page:
        await page.goto(f"{counter.base}{anna.page}")
        await page.get_by_role("link", name=re.compile("call-centre: call answered")).press("Enter")
        await expect(page).to_have_url(re.compile(r"#t-tch_"))
        await expect(page.locator("tr:target")).to_contain_text("call answered")


async def test_less_is_shown_on_request_and_closer(counter: Counter, anna: Wanderer) -> None:
    async with counter.page() as page:
        await page.goto(f"{counter.base}{anna.page}")
        rows = page.get_by_role("region", name="Touchpoints as a table").locator("tbody tr")
        await page.get_by_text("Choose what is shown").click()
        await page.get_by_role("checkbox", name="mobile-app").check()
        await page.get_by_role("button", name="Show").click()
        await expect(rows).to_have_count(2)
        await page.get_by_text("Everything", exact=True).click()
        await page.get_by_role("link", name=re.compile("Look closer from")).first.click()
        await expect(rows).to_have_count(4)
        await page.get_by_role("link", name="Later →").click()
        await expect(rows).to_have_count(2)
        await counter.look(page, "journey_day")


async def test_what_happens_elsewhere_appears_and_takes_nothing_away(counter: Counter) -> None:
    carl = await wander(counter)
    async with counter.page() as page:
        await page.goto(f"{counter.base}{carl.page}")
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        call = page.get_by_role("link", name=re.compile("call-centre: call answered"))
        await call.press("Enter")
        viewed = RecordTouchpointRequest(
            customer_id=carl.customer_id, kind=TouchpointKind.TOUCHPOINT_KIND_PRODUCT_VIEWED, subject="sofa"
        )
        await counter.channel("mobile-app").context.RecordTouchpoint(viewed)
        await expect(page.get_by_role("region", name="Touchpoints as a table")).to_contain_text("sofa")
        await expect(page.locator(".handover")).to_have_count(5)
        await expect(call).to_be_focused()
        await expect(call).to_have_attribute("aria-current", "true")
        await expect(page.locator("#touchpoint")).to_contain_text("call answered")


async def test_from_the_last_trace_back_to_the_first_one(counter: Counter, anna: Wanderer) -> None:
    traces = list(dict.fromkeys(one.traceparent.split("-")[1] for one in anna.touchpoints))
    assert len(traces) > len(WAY)
    async with counter.page() as page:
        await page.goto(f"{counter.base}{anna.page}")
        await page.get_by_role("region", name="Touchpoints as a table").get_by_role("link").last.click()
        walked = [await trace_of(page)]
        while await page.get_by_role("link", name="← The touchpoint before").count():
            await page.get_by_role("link", name="← The touchpoint before").click()
            walked.append(await trace_of(page))
            assert len(walked) <= len(traces)
        assert walked == traces[::-1]
        await expect(page.get_by_text("This is the first touchpoint of all.")).to_be_visible()
        await expect(page.get_by_text("ad clicked autumn, web-shop").first).to_be_visible()
        await counter.look(page, "waterfall")


async def trace_of(page: Page) -> str:
    """Give the trace whose waterfall is shown; its spans may still be on their way."""
    trace_id = page.url.partition("/traces/")[2].partition("?")[0]
    await page.wait_for_url(re.compile("/traces/"))
    for _ in range(100):
        if await page.locator(".waterfall tbody tr").count():
            return trace_id
        await page.wait_for_timeout(100)
        await page.reload()
    raise AssertionError(f"no spans came of {trace_id}")


async def test_a_trace_that_is_gone_is_shown_as_gone_and_the_way_goes_on(counter: Counter, anna: Wanderer) -> None:
    first = anna.touchpoints[0].traceparent.split("-")[1]
    async with counter.page(expects_errors=True) as page:
        await page.goto(f"{counter.base}/traces/{'0' * 31}1")
        await expect(page.get_by_role("heading", name="This trace is not there")).to_be_visible()
        await counter.look(page, "trace_missing")
        await page.goto(f"{counter.base}/traces/{first}?customer={anna.customer_id}&journey={anna.journey_id}")
        await expect(page.get_by_role("link", name="The touchpoint after →")).to_be_visible()
        await page.goto(f"{counter.base}/customers/{anna.customer_id}/journeys/jrn_unknown")
        await expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()


async def test_a_trace_older_than_spans_are_kept_has_expired_and_its_neighbours_are_still_known(
    counter: Counter, anna: Wanderer, keys: Path
) -> None:
    first = anna.touchpoints[0].traceparent.split("-")[1]
    # Another console, to which no spans went: what is left of a trace when its spans are gone.
    async with console_desk(keys, addresses=counter.services.where(), spans_kept_days=14) as other:
        await other.sign_in()
        page = await other.http.get(f"/traces/{first}?customer={anna.customer_id}&journey={anna.journey_id}")
        assert page.status_code == 404
        assert "This trace has expired" in page.text
        assert "these were kept until" in page.text
        assert "The touchpoint after →" in page.text
