"""What customers do with the links in their mails, in a real browser, with everything behind it."""

import json

import httpx
from playwright.async_api import expect

from omnithread.preference.v1.preference_pb2 import (
    CONSENT_STATE_GRANTED,
    CONSENT_STATE_PENDING,
    CONSENT_STATE_REVOKED,
    ConsentState,
    Preferences,
    QuietHours,
)
from omnithread.preference.v1.preference_service_pb2 import GetPreferencesRequest
from tests.browser.company import BrowsedCompany
from tests.browser.readable import tab_to
from tests.services.calls import until
from tests.services.messaging.office import EMAIL


async def preferences(company: BrowsedCompany, customer_id: str) -> Preferences:
    return (await company.office.preference.GetPreferences(GetPreferencesRequest(customer_id=customer_id))).preferences


async def state(company: BrowsedCompany, customer_id: str, purpose: str) -> ConsentState.ValueType:
    found = (await preferences(company, customer_id)).consents
    return next((one.state for one in found if one.purpose == purpose), ConsentState.ValueType(0))


async def test_a_reminder_is_unsubscribed_from_and_the_next_one_is_not_sent(company: BrowsedCompany) -> None:
    office = company.office
    anna = await office.person(EMAIL)
    await office.fill_cart(anna.customer_id)
    link = company.header_link(await company.mail(anna.address))
    async with company.page() as page:
        await page.goto(link)
        await expect(page.get_by_role("heading", level=1)).to_have_text("Unsubscribe?")
        await company.look(page, "unsubscribe")
        await page.reload()
        assert await state(company, anna.customer_id, "cart_reminder") == CONSENT_STATE_GRANTED  # it only looked
        await page.get_by_role("button", name="Unsubscribe", exact=True).click()
        await expect(page.get_by_role("status")).to_contain_text("you will not get this any more")
        await company.look(page, "unsubscribed")
    assert await state(company, anna.customer_id, "cart_reminder") == CONSENT_STATE_REVOKED
    await office.check_out(anna.customer_id)
    await office.fill_cart(anna.customer_id)

    async def skipped() -> list[str]:
        messages = await office.messages(anna.customer_id)
        return [one.message_id for one in messages if "NO_CONSENT" in str(one)]

    assert len(await until(skipped)) == 1
    assert len(office.post.mails(anna.address)) == 1


async def test_a_mail_programs_button_does_the_same_without_a_page(company: BrowsedCompany) -> None:
    anna = await company.office.person(EMAIL)
    await company.office.fill_cart(anna.customer_id)
    link = company.header_link(await company.mail(anna.address))
    async with httpx.AsyncClient() as mail_program:
        answer = await mail_program.post(link, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert await state(company, anna.customer_id, "cart_reminder") == CONSENT_STATE_REVOKED


async def test_a_yes_is_confirmed_by_the_click_in_its_mail_and_by_keyboard_alone(company: BrowsedCompany) -> None:
    office = company.office
    anna = await office.person()
    await office.consent(anna.customer_id, EMAIL, purpose="newsletter", contact_point=anna.address)
    mail = await company.mail(anna.address)
    assert await state(company, anna.customer_id, "newsletter") == CONSENT_STATE_PENDING
    async with company.page() as page:
        await page.goto(company.link(mail, "c"))
        await company.look(page, "confirm")
        assert await state(company, anna.customer_id, "newsletter") == CONSENT_STATE_PENDING
        await tab_to(page, "Yes, confirm")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
        await company.look(page, "confirmed")
    assert await state(company, anna.customer_id, "newsletter") == CONSENT_STATE_GRANTED


async def test_the_preference_centre_sets_quiet_hours_choices_and_language_without_javascript(
    company: BrowsedCompany,
) -> None:
    office = company.office
    anna = await office.person(EMAIL)
    await office.fill_cart(anna.customer_id)
    link = await company.preferences_link(anna.customer_id, anna.address)
    async with company.page() as page:
        await page.goto(link)
        await company.look(page, "preferences")
    async with company.page(javascript=False) as page:
        await page.goto(link)
        await page.get_by_label("Keep quiet at certain hours").check()
        await page.get_by_label("From").fill("21:30")
        await page.get_by_label("To", exact=True).fill("07:00")
        await page.get_by_role("group", name="News and offers").get_by_label("E-mail").check()
        await page.get_by_role("group", name="Reminders of your cart").get_by_label("E-mail").uncheck()
        await page.get_by_label("No advertising for a month").check()
        await page.get_by_label("Language of your messages").select_option("de")
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("status")).to_have_text("Gespeichert. So ist es jetzt.")
        await expect(page.get_by_label("Zu bestimmten Stunden Ruhe halten")).to_be_checked()
    now = await preferences(company, anna.customer_id)
    assert now.quiet_hours == QuietHours(start_minute=21 * 60 + 30, end_minute=7 * 60)
    assert now.language == "de"
    assert len(now.pauses) == 1
    assert await state(company, anna.customer_id, "newsletter") == CONSENT_STATE_GRANTED
    assert await state(company, anna.customer_id, "cart_reminder") == CONSENT_STATE_REVOKED
    async with company.page(language="de-DE") as page:
        await page.goto(link)
        await company.look(page, "einstellungen")


async def test_the_way_back_to_the_cart_leads_to_the_shop_only_after_a_click(company: BrowsedCompany) -> None:
    anna = await company.office.person(EMAIL)
    await company.office.fill_cart(anna.customer_id)
    link = company.link(await company.mail(anna.address), "r")
    async with company.page() as page:
        await page.goto(link)
        await company.look(page, "resume")
        await page.get_by_role("button", name="To my cart").click()
        await page.wait_for_url("https://shop.example/cart#*")
        assert page.url.removeprefix("https://shop.example/cart#") == link.rpartition("/")[2]
        assert json.loads(await page.evaluate("() => JSON.stringify(document.referrer)")) == ""


async def test_a_link_that_is_cut_off_gets_a_friendly_page(company: BrowsedCompany) -> None:
    link = await company.preferences_link((await company.office.person()).customer_id, "anna@example.com")
    async with company.page(language="de-DE", expects_errors=True) as page:
        answer = await page.goto(link[:-10])
        assert answer is not None
        assert answer.status == 404
        await expect(page.get_by_role("heading", level=1)).to_have_text("Diesen Link kennen wir nicht")
        await company.look(page, "unknown")
