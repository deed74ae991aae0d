"""What marketing looks at, in a real browser with the whole suite behind it."""

from datetime import timedelta

import pytest
from playwright.async_api import expect

import omnithread
from deploy.sample.campaigns import VIEWED, sample_campaigns
from libs.clock import system_clock
from omnithread.cart.v1.offer_service_pb2 import ActivateOfferRequest, GetOfferRequest, SaveOfferRequest
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_PRODUCT_VIEWED
from omnithread.context.v1.context_service_pb2 import RecordTouchpointRequest
from omnithread.messaging.v1.campaign_pb2 import CampaignDefinition
from omnithread.messaging.v1.campaign_service_pb2 import ActivateCampaignRequest, PutCampaignRequest
from services.console.marketing.looking import get_report, period_of
from tests.browser.console.watching import Counter
from tests.services.calls import until

CAMPAIGN = "looked_at_it"
NAME = "Looked at, not bought"
VIEWERS = 16
"""As many view something: so few that nothing can be said of an effect."""


async def put_a_campaign(staff: omnithread.Omnithread) -> None:
    """Put the sample campaign for a purpose that is known here, begun at once, with half of all to compare with."""
    definition = CampaignDefinition()
    definition.CopyFrom(sample_campaigns()[VIEWED])
    definition.name, definition.purpose, definition.control_percent = NAME, "cart_reminder", 50
    definition.trigger.delay_seconds = 0
    await staff.campaigns.PutCampaign(PutCampaignRequest(campaign_id=CAMPAIGN, definition=definition))
    await staff.campaigns.ActivateCampaign(ActivateCampaignRequest(campaign_id=CAMPAIGN))


async def put_a_limit(staff: omnithread.Omnithread) -> None:
    """Let 500 orders redeem the winter code."""
    terms = (await staff.offers.GetOffer(GetOfferRequest(offer_id="winter"))).offer.terms
    terms.max_redemptions = 500
    await staff.offers.SaveOffer(SaveOfferRequest(offer_id="winter", terms=terms))
    await staff.offers.ActivateOffer(ActivateOfferRequest(offer_id="winter"))


async def look_at_something(counter: Counter) -> None:
    """Have customers view a lamp, and wait until the campaign has begun with each."""
    shop = counter.channel("web-shop")
    for number in range(VIEWERS):
        session = await shop.start_session([omnithread.cookie(f"looks-at-lamps-{number}")])
        with session.carry():
            viewed = RecordTouchpointRequest(
                customer_id=session.customer_id, kind=TOUCHPOINT_KIND_PRODUCT_VIEWED, subject="LAMP-1"
            )
            await shop.context.RecordTouchpoint(viewed)
    period = period_of("", "", now=system_clock() + timedelta(days=1))
    assert period is not None

    async def begun() -> bool:
        report = await get_report(shop, CAMPAIGN, version=0, period=period)
        return sum(arm.entered for arm in report.arms) == VIEWERS

    assert await until(begun)


@pytest.fixture(scope="module")
async def busy(counter: Counter) -> Counter:
    """Give a company that has a campaign with customers in it, and an offer that is counted."""
    staff = counter.channel("call-centre")
    await put_a_campaign(staff)
    await put_a_limit(staff)
    await look_at_something(counter)
    return counter


async def test_a_campaign_is_read_in_words_and_seen_as_a_picture(busy: Counter) -> None:
    async with busy.page() as page:
        await page.goto(f"{busy.base}/campaigns")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Campaigns")
        await busy.look(page, "campaigns")
        await page.get_by_role("link", name=NAME).click()
        await expect(page.get_by_text("Customers enter who viewed a product.")).to_be_visible()
        await expect(page.get_by_role("img", name=f"The steps of {NAME}")).to_be_visible()
        await busy.look(page, "campaign")
        await page.goto(f"{busy.base}/campaigns?state=ended")
        await expect(page.get_by_text("There is no campaign in this state.")).to_be_visible()
        await busy.look(page, "no_campaigns")


async def test_what_a_campaign_achieved_is_told_with_how_sure_it_is(busy: Counter) -> None:
    async with busy.page() as page:
        await page.goto(f"{busy.base}/campaigns/{CAMPAIGN}")
        compared = page.get_by_role("region", name="Differences to the control group")
        await expect(compared).to_contain_text("too few to say anything")
        await expect(page.get_by_role("region", name="Numbers by arm")).to_contain_text("control")
        await expect(page.get_by_text("No order came after a message yet.")).to_be_visible()
        await page.get_by_label("Who entered from").fill("2024-01-01")
        await page.get_by_label("to", exact=True).fill("2024-01-31")
        await page.get_by_role("button", name="Count").click()
        await expect(page.get_by_text("Nobody entered in these days.")).to_be_visible()
        await busy.look(page, "campaign_of_nobody")


async def test_an_offer_is_read_in_words_with_what_was_redeemed(busy: Counter) -> None:
    async with busy.page() as page:
        await page.goto(f"{busy.base}/offers")
        await busy.look(page, "offers")
        await page.get_by_role("link", name="5 % mit dem Wintercode").click()
        await expect(page.get_by_text("5 % off the cart.")).to_be_visible()
        await expect(page.get_by_role("paragraph").filter(has_text="0 of 500 redeemed.")).to_be_visible()
        await busy.look(page, "offer")


async def test_a_mail_is_shown_as_it_goes_out_and_can_do_nothing(busy: Counter) -> None:
    async with busy.page() as page:
        await page.goto(f"{busy.base}/templates")
        await busy.look(page, "templates")
        await page.get_by_role("link", name="cart_reminder", exact=True).click()
        mail = page.frame_locator("iframe").first
        await expect(mail.locator("body")).to_contain_text("you left this in your cart")
        frame = page.frames[1]
        assert await frame.evaluate("() => document.scripts.length") == 0
        assert await frame.evaluate("() => self.origin") == "null"
        await busy.look(page, "template")
        await page.get_by_label("Way").select_option("SMS")
        await page.get_by_role("button", name="Show").click()
        await expect(page.get_by_text("charged as 1 SMS").first).to_be_visible()
        assert await page.locator("iframe").count() == 0


async def test_why_a_customer_got_no_message_is_said_in_words_and_shown_as_a_table(busy: Counter) -> None:
    shop = busy.channel("web-shop")
    nobody = (await shop.start_session([omnithread.cookie("hears-nothing")])).customer_id
    async with busy.page() as page:
        await page.goto(f"{busy.base}/customers/{nobody}/silence")
        await busy.look(page, "silence_asked")
        await page.get_by_label("What did not come").select_option("purpose:cart_reminder")
        await page.get_by_role("button", name="Ask why").click()
        await expect(page.get_by_role("heading", name="The answer")).to_be_visible()
        await expect(page.get_by_role("heading", name="What could have led to one")).to_be_visible()
        await busy.look(page, "silence")


async def test_what_there_is_not_is_said_in_words(busy: Counter) -> None:
    async with busy.page(expects_errors=True) as page:
        for path, words in (
            ("/campaigns/nothing", "There is no such campaign"),
            ("/offers/nothing", "There is no such offer"),
            ("/templates/nothing", "There is no such template"),
            ("/customers/cus_nobody/silence?missed=campaign:looked_at_it", "There is no such customer"),
            ("/campaigns?page=forged", "Begin with the first."),
        ):
            await page.goto(f"{busy.base}{path}")
            await expect(page.get_by_role("main")).to_contain_text(words)
            await busy.look(page, "not_found")
