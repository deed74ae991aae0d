"""Journeys over all customers: found by their way, and reported on."""

import html
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from playwright.async_api import Page, expect

from deploy.sample.journeys import AGENT, CHANNELS, STORE, put_journeys
from omnithread.common.v1.channel_pb2 import ChannelKind
from omnithread.context.v1.journey_service_pb2 import GetJourneyReportRequest, SearchJourneysRequest
from tests.browser.console.wanderer import Wanderer, wander
from tests.browser.console.watching import Counter
from tests.services.calls import until

WEB, APP, CALL = (
    ChannelKind.CHANNEL_KIND_WEB,
    ChannelKind.CHANNEL_KIND_MOBILE_APP,
    ChannelKind.CHANNEL_KIND_CALL_CENTRE,
)
STAFFED = (AGENT, STORE)
SECONDS = 60.0
"""What is kept ready for search and report is a few seconds behind, on a busy machine some more."""


@pytest.fixture(scope="module")
async def three(counter: Counter) -> list[Wanderer]:
    """Three customers who went the same way, and are found."""
    wanderers = [await wander(counter) for _ in range(3)]
    wanted = {one.journey_id for one in wanderers}
    staff = counter.channel("call-centre", actor="agent-1")
    today = datetime.now(UTC).date()
    window = GetJourneyReportRequest(from_day=str(today - timedelta(days=29)), to_day=str(today))

    async def are_counted() -> bool:
        found = await staff.journeys.SearchJourneys(SearchJourneysRequest(path=[WEB, APP, CALL], page_size=100))
        if not wanted <= {card.journey.journey_id for card in found.journeys}:
            return False
        report = (await staff.journeys.GetJourneyReport(window)).report
        counts = {(one.from_kind, one.to_kind): one.count for one in report.handovers}
        return counts.get((APP, CALL), 0) >= len(wanted)

    assert await until(are_counted, seconds=SECONDS)
    return wanderers


@pytest.fixture(scope="module")
async def sample(counter: Counter) -> list[str]:
    """Journeys that ended in all ways, with what failed on them; all of them are counted."""
    clients = {name: counter.channel(name, actor="anna" if name in STAFFED else "") for name in CHANNELS}
    customers = await put_journeys(clients, now=datetime.now(UTC))
    staff = counter.channel("call-centre", actor="agent-1")
    today = datetime.now(UTC).date()
    window = GetJourneyReportRequest(from_day=str(today - timedelta(days=29)), to_day=str(today))

    async def all_are_counted() -> bool:
        freshness = (await staff.journeys.GetJourneyReport(window)).report.freshness
        return not freshness.customers_behind and not freshness.days_behind

    assert await until(all_are_counted, seconds=SECONDS)
    return customers


async def test_journeys_are_found_by_the_way_they_went(counter: Counter, three: list[Wanderer]) -> None:
    async with counter.page() as page:
        await page.goto(f"{counter.base}/journeys")
        await page.get_by_label("First (step 1)").select_option("web")
        await page.get_by_label("Then (step 2)").select_option("mobile_app")
        await page.get_by_label("Then (step 3)").select_option("store")
        await page.get_by_label("What became of it").select_option("going_on")
        await page.get_by_role("button", name="Find").press("Enter")
        await page.wait_for_url(re.compile("path=mobile_app"))
        rows = page.get_by_role("region", name="Journeys").locator("tbody tr")
        assert await rows.count() >= len(three)
        await expect(rows.first).to_contain_text(re.compile(r"web\s*mobile app\s*call centre\s*store\s*web"))
        await expect(page.get_by_label("Then (step 4)")).to_have_value("")
        await counter.look(page, "journeys_found")
        await rows.first.get_by_role("link").first.click()
        await expect(page.get_by_role("heading", name="Journey", exact=True)).to_be_visible()


async def test_nothing_found_and_nonsense_are_said_in_words(counter: Counter, three: list[Wanderer]) -> None:
    async with counter.page(expects_errors=True) as page:
        await page.goto(f"{counter.base}/journeys?path=push&path=sms&path=push")
        await expect(page.get_by_text("No journeys are like that.")).to_be_visible()
        await counter.look(page, "journeys_none")
        await page.goto(f"{counter.base}/journeys?stuck=forever")
        await expect(page.get_by_role("alert")).to_contain_text("number of hours")
        await page.goto(f"{counter.base}/journeys/report?from=2001-01-01&to=2001-01-31")
        await expect(page.get_by_text("No journeys began on these days.")).to_be_visible()
        await counter.look(page, "report_none")


async def test_the_report_shows_how_customers_move_and_each_number_leads_to_its_journeys(
    counter: Counter, three: list[Wanderer]
) -> None:
    async with counter.page() as page:
        await page.goto(f"{counter.base}/journeys/report")
        await counter.look(page, "journey_report")
        ribbon = page.get_by_role("link", name=re.compile("from mobile app to call centre: .* half of them within"))
        await expect(ribbon).to_have_count(1)
        ways = page.get_by_role("region", name="Ways through the channels").locator("tbody tr")
        way = ways.filter(has_text=re.compile(r"web\s*mobile app\s*call centre\s*store\s*web")).first
        number = way.get_by_role("link").first
        count = int(await number.inner_text())
        assert count >= len(three)
        await number.click()
        await expect(page.get_by_role("checkbox", name=re.compile("exactly so"))).to_be_checked()
        assert await rows_over_all_pages(page) == count
        await page.go_back()
        await ribbon.press("Enter")
        await expect(page.get_by_label("First (step 1)")).to_have_value("mobile_app")
        await expect(page.get_by_label("Then (step 2)")).to_have_value("call_centre")


NUMBER = re.compile(r'<a href="/journeys\?([^"]+)">(\d+)</a>')
ROW = re.compile(r'<a href="/customers/[^/"]+/journeys/[^/"]+">')
FURTHER = re.compile(r'<a href="(/journeys\?[^"]+&amp;page=[^"]+)">')


async def test_every_number_of_the_report_leads_to_as_many_journeys(
    counter: Counter, three: list[Wanderer], sample: list[str]
) -> None:
    await counter.desk.sign_in()
    http = counter.desk.http

    async def found(query: str) -> int:
        count, address = 0, f"/journeys?{query}"
        while address:
            page = (await http.get(html.unescape(address))).text
            count += len(ROW.findall(page))
            address = "".join(FURTHER.findall(page)[:1])
        return count

    report = (await http.get("/journeys/report")).text
    assert "Where journeys broke" in report
    numbers = {query: int(number) for query, number in NUMBER.findall(report)}
    assert len(numbers) > 20
    for query, number in numbers.items():
        asked = parse_qs(html.unescape(query))
        at_least = "exact" not in asked and (len(asked.get("path", ())) > 1 or ("outcome" in asked and "path" in asked))
        journeys = await found(query)
        # Who went from here to there, maybe over others, are more than those who were handed over; likewise breaks.
        assert journeys >= number if at_least else journeys == number, f"{query}: {journeys}, not {number}"


async def rows_over_all_pages(page: Page) -> int:
    """Count what was found, to the last page."""
    count = 0
    while True:
        count += await page.get_by_role("region", name="Journeys").locator("tbody tr").count()
        more = page.get_by_role("link", name=re.compile("Earlier ones|Look further back"))
        if not await more.count():
            return count
        here = page.url
        await more.click()
        await expect(page).not_to_have_url(here)
        await page.wait_for_load_state()
