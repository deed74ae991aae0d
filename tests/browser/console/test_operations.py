"""What operations looks at, in a real browser with the whole suite behind it."""

import dataclasses
import re

from playwright.async_api import expect

import omnithread
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from omnithread.messaging.v1.delivery_service_pb2 import GetDeadLetterRequest, ListDeadLettersRequest
from omnithread.messaging.v1.messaging_pb2 import Template, TemplateForm
from omnithread.messaging.v1.messaging_service_pb2 import PutTemplateRequest, SendMessageRequest
from tests.browser.console.watching import Counter
from tests.services.calls import until
from tests.services.console.desk import console_desk

NOTICE = Template(
    template_id="notice",
    default_language="en",
    forms=[TemplateForm(delivery_kind=DELIVERY_KIND_EMAIL, language="en", subject="Hello", body_text="Your order.")],
)


async def a_dead_letter(counter: Counter) -> tuple[str, str]:
    """Give a customer, and a message that their mail server refused."""
    address = "moved.away@example.com"
    counter.post.unwelcome[address] = "554 5.7.1 Not today"
    shop = counter.channel("web-shop")
    await shop.messaging.PutTemplate(PutTemplateRequest(template=NOTICE))
    who = await shop.start_session([omnithread.email(address, verified=True)])
    sent = await shop.messaging.SendMessage(
        SendMessageRequest(customer_id=who.customer_id, template_id="notice", purpose="order_confirmation")
    )

    async def dead() -> bool:
        listed = await shop.delivery.ListDeadLetters(ListDeadLettersRequest(customer_id=who.customer_id))
        return bool(listed.dead_letters)

    assert await until(dead)
    del counter.post.unwelcome[address]
    return who.customer_id, sent.message.message_id


async def test_all_that_runs_is_seen_to_and_kept_up_to_date(counter: Counter) -> None:
    async with counter.page() as page:
        await page.goto(f"{counter.base}/operations")
        await expect(page.locator("#health").get_by_text("serving", exact=True)).to_have_count(5)
        calls = page.get_by_role("region", name="Calls of each process")
        await expect(calls.get_by_role("row", name="cart")).not_to_contain_text("not answering")
        await expect(page.get_by_role("region", name="How far consumers are")).to_contain_text("aggregator")
        await counter.look(page, "operations")
        calls_region = page.locator("#calls-region")
        await calls_region.focus()
        looked = await page.locator("#looked").text_content()
        await expect(page.locator("#looked")).not_to_have_text(looked or "", timeout=20_000)
        await expect(page.get_by_role("status")).to_have_text("kept up to date")
        await expect(calls_region).to_be_focused()
        await page.get_by_role("button", name="Pause").click()
        await expect(page.get_by_role("status")).to_have_text("paused")


async def test_a_message_that_could_not_be_sent_is_sent_again_after_asking(counter: Counter) -> None:
    customer_id, message_id = await a_dead_letter(counter)
    async with counter.page() as page:
        await page.goto(f"{counter.base}/operations")
        row = page.get_by_role("region", name="Dead letters").get_by_role("row").filter(has_text=customer_id)
        await expect(row).to_contain_text("REFUSED")
        await counter.look(page, "operations_dead_letter")
        await row.get_by_role("link", name="send again").click()
        await expect(page.get_by_role("heading", name="Send it again?")).to_be_visible()
        await counter.look(page, "dead_letter")
        await page.get_by_role("button", name="Send it again").click()
        await expect(page.get_by_role("status")).to_contain_text("It was sent again")
        await counter.look(page, "dead_letter_sent")
    asked = GetDeadLetterRequest(customer_id=customer_id, message_id=message_id)
    letter = (await counter.channel("call-centre").delivery.GetDeadLetter(asked)).dead_letter
    assert re.fullmatch(r"msg_\w+", letter.replayed_as)


async def test_what_does_not_answer_is_shown_as_that_and_not_as_zero(counter: Counter) -> None:
    given = counter.desk.settings
    away = "127.0.0.1:1"
    where = dataclasses.replace(counter.services.where(), cart=away)
    async with (
        console_desk(
            given.token_key_file.parent,
            addresses=where,
            metrics_addresses=f"cart={away}",
            health_addresses=f"door={away}",
        ) as desk,
        (half := dataclasses.replace(counter, desk=desk)).page(expects_errors=True) as page,
    ):
        await page.goto(f"{desk.base}/operations")
        await expect(page.locator("#health li").filter(has_text="cart")).to_contain_text("not answering")
        await expect(page.locator("#health li").filter(has_text="door")).to_contain_text("not answering")
        await expect(page.locator("#health li").filter(has_text="profile")).to_contain_text("serving")
        await expect(page.get_by_role("region", name="Calls of each process")).to_contain_text("cannot be reached")
        await half.look(page, "operations_away")
        await page.context.set_offline(True)
        await expect(page.get_by_role("status")).to_contain_text("does not answer", timeout=20_000)
        await page.context.set_offline(False)
        await expect(page.get_by_role("status")).to_have_text("kept up to date", timeout=20_000)
