"""What agents do for a customer: answer, work on the cart, hand it over; once, and in words where it fails."""

from playwright.async_api import Page, expect

from omnithread.cart.v1.cart_service_pb2 import (
    GetCartRequest,
    LockCartRequest,
    SetItemQuantityRequest,
    UnlockCartRequest,
)
from omnithread.messaging.v1.conversation_service_pb2 import GetConversationDeskRequest, GetConversationDeskResponse
from omnithread.messaging.v1.messaging_pb2 import AUTHOR_AGENT, AUTHOR_CUSTOMER
from omnithread.messaging.v1.messaging_service_pb2 import PostMessageRequest
from services.console.acting.conversations import newest_entries
from tests.browser.console.people import Somebody, add_item, somebody
from tests.browser.console.watching import Counter
from tests.services.calls import until


async def asks(counter: Counter, who: Somebody, text: str = "Where is my order?") -> str:
    """The customer writes in the app; gives the conversation."""
    said = await counter.channel("mobile-app").messaging.PostMessage(
        PostMessageRequest(customer_id=who.customer_id, topic="order", author=AUTHOR_CUSTOMER, text=text)
    )
    return said.conversation.conversation_id


async def desk_of(counter: Counter, who: Somebody, conversation_id: str) -> GetConversationDeskResponse:
    """What a colleague elsewhere sees."""
    colleague = counter.channel("call-centre", actor="ben")
    return await colleague.conversations.GetConversationDesk(
        GetConversationDeskRequest(customer_id=who.customer_id, conversation_id=conversation_id)
    )


async def pieces(counter: Counter, who: Somebody) -> dict[str, int]:
    """What is in the cart, as the web shop sees it."""
    answer = await counter.channel("web-shop").cart.GetCart(GetCartRequest(customer_id=who.customer_id))
    return {line.sku: line.quantity for line in answer.cart.lines}


async def open_cart(counter: Counter, page: Page, who: Somebody) -> None:
    await page.goto(f"{counter.base}/customers/{who.customer_id}/cart")
    await expect(page.get_by_role("heading", name="Work on the cart")).to_be_visible()


async def test_an_agent_takes_a_conversation_from_the_queue_answers_and_ends_it(counter: Counter) -> None:
    clara = await somebody(counter)
    conversation_id = await asks(counter, clara, "Where is my <b>order</b>?")
    async with counter.page() as page:
        await expect(page.get_by_role("link", name="Conversations")).to_be_visible()
        link = page.locator(f"a[href='/customers/{clara.customer_id}/conversations/{conversation_id}']")

        async def is_listed() -> bool:
            await page.goto(f"{counter.base}/conversations")
            return await link.count() == 1

        assert await until(is_listed)
        await counter.look(page, "conversations")
        await link.click()
        await expect(page.locator(".talk")).to_contain_text("Where is my <b>order</b>?")
        await page.get_by_role("button", name="Look after it").click()
        await expect(page.get_by_role("status")).to_contain_text("You look after this conversation now.")
        await page.get_by_label("A note that no customer sees").fill("Parcel is at the depot.")
        await page.get_by_role("button", name="Add the note").click()
        await page.get_by_role("button", name="Add the note").click()
        await page.get_by_label("Your answer").fill("It comes tomorrow.\nSorry!")
        await page.get_by_role("button", name="Send").click()
        await expect(page.get_by_role("heading")).to_contain_text("It cannot be taken back.")
        await expect(page.locator("blockquote")).to_contain_text("It comes tomorrow.")
        await counter.look(page, "answer_sure")
        await page.get_by_role("button", name="No, go on writing").click()
        await expect(page.get_by_label("Your answer")).to_have_value("It comes tomorrow.\nSorry!")
        await page.get_by_role("button", name="Send").click()
        await expect(page.locator("blockquote")).to_contain_text("It comes tomorrow.")
        await page.get_by_role("button", name="Send").click()
        await expect(page.get_by_role("status")).to_contain_text("Your answer was sent.")
        await expect(page.locator(".talk")).to_contain_text("It comes tomorrow.")
        await counter.look(page, "conversation")
        await page.get_by_role("button", name="Close it").click()
        await expect(page.get_by_role("button", name="Open it again")).to_be_visible()
    desk = await desk_of(counter, clara, conversation_id)
    said = desk.entries[-1].entry
    assert (said.author, said.actor_id, said.text) == (AUTHOR_AGENT, "anna", "It comes tomorrow.\nSorry!")
    assert [(note.actor_id, note.text) for note in desk.notes] == [("anna", "Parcel is at the depot.")]


async def test_of_a_conversation_that_is_too_long_the_end_is_shown(counter: Counter) -> None:
    clara = await somebody(counter)
    conversation_id = await asks(counter, clara, "Question 0")
    for number in range(1, 7):
        await asks(counter, clara, f"Question {number}")
    colleague = counter.channel("call-centre", actor="ben")
    read, entries = await newest_entries(colleague, clara.customer_id, conversation_id, most_shown=3, per_call=2)
    assert [one.entry.text for one in entries] == ["Question 4", "Question 5", "Question 6"]
    assert read.desk.conversation.entry_count == 7


async def test_a_form_that_is_sent_twice_is_done_once(counter: Counter) -> None:
    clara = await somebody(counter)
    conversation_id = await asks(counter, clara)
    async with counter.page(javascript=False) as page:
        await page.goto(f"{counter.base}/customers/{clara.customer_id}/conversations/{conversation_id}")
        await page.get_by_label("Your answer").fill("Tomorrow.")
        await page.get_by_role("button", name="Send").click()
        await expect(page.get_by_role("heading")).to_contain_text("It cannot be taken back.")
        await page.get_by_role("button", name="Send").dblclick()
        await expect(page.get_by_role("status")).to_contain_text("Your answer was sent.")
        await open_cart(counter, page, clara)
        await page.get_by_label("Article number").fill("PURSE-17")
        await page.get_by_label("Name", exact=True).fill("Handtasche Marlene")
        await page.get_by_label("Price of one").fill("129,50")
        await page.get_by_role("button", name="Put it in").dblclick()
        await expect(page.get_by_role("status")).to_contain_text("It is in the cart.")
    answers = [one.entry.text for one in (await desk_of(counter, clara, conversation_id)).entries]
    assert answers == ["Where is my order?", "Tomorrow."]
    assert await pieces(counter, clara) == {"PURSE-17": 1}


async def test_what_a_customer_adds_while_an_agent_types_is_told_and_takes_nothing_away(counter: Counter) -> None:
    clara = await somebody(counter)
    conversation_id = await asks(counter, clara)
    async with counter.page() as page:
        await page.goto(f"{counter.base}/customers/{clara.customer_id}/conversations/{conversation_id}")
        await page.get_by_label("Your answer").fill("It comes tom")
        await expect(page.locator("#stale")).to_have_attribute("data-listening", "yes", timeout=20_000)
        await expect(page.locator("#stale")).to_be_hidden()
        await asks(counter, clara, "Never mind, it is here!")
        await expect(page.locator("#stale")).to_be_visible(timeout=20_000)
        await expect(page.get_by_label("Your answer")).to_have_value("It comes tom")
        await page.get_by_role("link", name="Load it again").click()
        await expect(page.locator(".talk")).to_contain_text("Never mind, it is here!")


async def test_an_agent_hands_a_conversation_to_a_team_with_what_they_have_to_know(counter: Counter) -> None:
    clara = await somebody(counter)
    conversation_id = await asks(counter, clara)
    async with counter.page(expects_errors=True) as page:
        await page.goto(f"{counter.base}/customers/{clara.customer_id}/conversations/{conversation_id}")
        await page.get_by_label("a team").check()
        await page.get_by_label("Which one").fill("returns and more")
        await page.get_by_label("What they have to know").fill("She wants her money back.")
        await page.get_by_role("button", name="Hand it over").click()
        await expect(page.get_by_role("alert")).to_contain_text("Nothing was done.")
        await expect(page.get_by_label("What they have to know")).to_have_value("She wants her money back.")
        await page.get_by_label("Which one").fill("returns")
        await page.get_by_role("button", name="Hand it over").click()
        await expect(page.get_by_role("status")).to_contain_text("handed over")
        await expect(page.locator("main")).to_contain_text("returns (team) looks after it")
    assert (await desk_of(counter, clara, conversation_id)).notes[0].handed_to.id == "returns"


async def test_an_agent_locks_edits_and_frees_a_cart_and_others_wait_meanwhile(counter: Counter) -> None:
    clara = await somebody(counter)
    await add_item(counter, clara.customer_id, "PURSE-17", "Handtasche Marlene")
    await add_item(counter, clara.customer_id, "LAMP-1", "Lamp")
    async with counter.page() as page:
        await page.goto(f"{counter.base}/customers/{clara.customer_id}")
        await page.get_by_role("link", name="Work on the cart").click()
        await page.get_by_role("button", name="Lock the cart").click()
        await expect(page.locator("main")).to_contain_text("You keep this cart until")
        seen = await counter.channel("web-shop").cart.GetCart(GetCartRequest(customer_id=clara.customer_id))
        assert (seen.cart.lock.actor_id, seen.cart.lock.channel.id) == ("anna", "console")
        await page.get_by_label("Pieces of Handtasche Marlene").fill("3")
        await page.get_by_role("button", name="Set pieces of Handtasche Marlene").click()
        await expect(page.get_by_role("status")).to_contain_text("The quantity is set.")
        await page.get_by_role("button", name="Save for later Lamp").click()
        await page.get_by_role("button", name="Back into the cart Lamp").click()
        await page.get_by_role("button", name="Remove Lamp").click()
        await expect(page.get_by_role("heading")).to_contain_text("Take this line out of the cart?")
        await page.get_by_role("link", name="No, leave it").click()
        assert await pieces(counter, clara) == {"PURSE-17": 3, "LAMP-1": 1}
        await page.get_by_role("button", name="Remove Lamp").click()
        await page.get_by_role("button", name="Remove").click()
        await page.get_by_label("A note for whoever serves").fill("Calls back at five.")
        await page.get_by_role("button", name="Add the note").click()
        await expect(page.locator("main")).to_contain_text("Calls back at five.")
        await counter.look(page, "cart_locked")
        await page.get_by_role("button", name="Unlock the cart").click()
        await expect(page.get_by_role("status")).to_contain_text("The cart is free again.")
        await counter.look(page, "cart_work")
    assert await pieces(counter, clara) == {"PURSE-17": 3}


async def test_what_somebody_else_did_meanwhile_is_told_in_words(counter: Counter) -> None:
    clara = await somebody(counter)
    await add_item(counter, clara.customer_id, "PURSE-17", "Handtasche Marlene")
    store = counter.channel("store-042", actor="ben")
    async with counter.page(expects_errors=True) as page:
        await open_cart(counter, page, clara)
        await store.cart.SetItemQuantity(
            SetItemQuantityRequest(customer_id=clara.customer_id, sku="PURSE-17", quantity=2)
        )
        await page.get_by_label("Pieces of Handtasche Marlene").fill("5")
        await page.get_by_role("button", name="Set pieces of").click()
        await expect(page.get_by_role("alert")).to_contain_text("Somebody has changed this quantity meanwhile.")
        await expect(page.get_by_label("Pieces of Handtasche Marlene")).to_have_value("2")
        await store.cart.LockCart(
            LockCartRequest(customer_id=clara.customer_id, reason="At the till", duration_seconds=60)
        )
        await page.get_by_label("Article number").fill("LAMP-1")
        await page.get_by_label("Name", exact=True).fill("Lamp")
        await page.get_by_label("Price of one").fill("20")
        await page.get_by_role("button", name="Put it in").click()
        await expect(page.get_by_role("alert")).to_contain_text("Somebody else works on this cart now.")
        await expect(page.locator("main")).to_contain_text("ben on store-042")
        await counter.look(page, "cart_refused")
        await page.get_by_role("button", name="Unlock it all the same").click()
        await expect(page.get_by_role("heading")).to_contain_text("Take their lock away?")
        await page.get_by_role("button", name="Unlock it all the same").click()
        await expect(page.get_by_role("status")).to_contain_text("The cart is free again.")
        await page.get_by_label("Code", exact=True).fill("NO-SUCH-CODE")
        await page.get_by_role("button", name="Enter").click()
        await expect(page.get_by_role("alert")).to_contain_text("No offer has this code.")
        await expect(page.get_by_label("Code", exact=True)).to_have_value("NO-SUCH-CODE")
        await page.get_by_label("Price of one").fill("a lot")
        await page.get_by_label("Article number").fill("LAMP-1")
        await page.get_by_label("Name", exact=True).fill("Lamp")
        await page.get_by_role("button", name="Put it in").click()
        await expect(page.get_by_role("alert")).to_contain_text("The price has to be like 12.50.")
    await store.cart.UnlockCart(UnlockCartRequest(customer_id=clara.customer_id))
    assert await pieces(counter, clara) == {"PURSE-17": 2}


async def test_an_agent_hands_a_cart_over_and_makes_it_useless(counter: Counter) -> None:
    clara = await somebody(counter)
    await add_item(counter, clara.customer_id, "PURSE-17", "Handtasche Marlene")
    async with counter.page() as page:
        await page.goto(f"{counter.base}/customers/{clara.customer_id}")
        await page.get_by_role("link", name="Hand the cart over").click()
        await counter.look(page, "handover")
        await page.get_by_role("button", name="Make it").click()
        await expect(page.get_by_role("heading", name="The cart can be taken over")).to_be_visible()
        digits = (await page.locator(".digits").inner_text()).replace(" ", "")
        assert len(digits) == 6
        await expect(page.locator(".picture svg")).to_be_visible()
        token = await page.locator(".secret").inner_text()
        assert token not in page.url
        await counter.look(page, "handed_over")
        session = await counter.channel("mobile-app").start_session([], handover_code=digits)
        assert session.customer_id == clara.customer_id
        await page.get_by_role("button", name="Make it useless").click()
        await page.get_by_role("button", name="Make it useless").click()
        await expect(page.get_by_role("status")).to_contain_text("The hand-over works no longer.")
