"""What is counted about a customer reaches every channel with the context."""

import asyncio

from omnithread.cart.v1.cart_service_pb2 import CheckoutRequest, PickupChoice
from omnithread.context.v1 import context_service_pb2 as pb
from omnithread.profile.v1.profile_pb2 import Facts, Identifier
from tests.services.aggregator.company import Company, item, login, visitor


async def visit(channel: object, *identifiers: Identifier) -> str:
    """Come to a channel, and give who it is."""
    answer = await channel.context.StartSession(pb.StartSessionRequest(identifiers=identifiers))  # type: ignore[attr-defined]
    return str(answer.customer_id)


async def buy(company: Company, customer_id: str) -> None:
    await company.web.cart.AddItem(item(customer_id))
    await company.web.cart.Checkout(CheckoutRequest(customer_id=customer_id, pickup=PickupChoice(store_id="store-042")))


async def facts_with(company: Company, customer_id: str, *, orders: int, visits: int) -> Facts:
    """What the context says of a customer, when so much has been counted."""
    facts = Facts()
    async with asyncio.timeout(60):
        while (facts.order_count, sum(use.visit_count for use in facts.channels)) != (orders, visits):
            await asyncio.sleep(0.05)
            facts = (await company.whole_context(customer_id)).profile.facts
    return facts


async def test_orders_and_visits_are_counted_and_a_merge_brings_them_together_once(company: Company) -> None:
    browser, address = visitor(), login()
    guest = await visit(company.web, browser)
    await buy(company, guest)
    await facts_with(company, guest, orders=1, visits=1)
    known = await visit(company.store, address)
    await buy(company, known)
    assert await visit(company.web, browser, address) == known
    facts = await facts_with(company, known, orders=2, visits=3)
    [spend] = facts.spend
    assert (spend.order_count, spend.total.currency_code) == (2, "EUR")
    assert [(use.channel.id, use.visit_count) for use in facts.channels] == [("store-042", 1), ("web-shop", 2)]
    assert facts.preferred_channel.id == "web-shop"
    assert facts.last_purchase_time.seconds > 0
    await buy(company, guest)
    assert (await facts_with(company, known, orders=3, visits=3)).spend[0].order_count == 3


async def test_every_channel_is_told_the_same_facts(company: Company) -> None:
    customer_id = await visit(company.web, visitor())
    await buy(company, customer_id)
    await facts_with(company, customer_id, orders=1, visits=1)
    request = pb.GetCustomerContextRequest(customer_id=customer_id)
    told = [
        (await channel.context.GetCustomerContext(request, timeout=20)).context
        for channel in (company.web, company.store, company.call_centre)
    ]
    assert len({one.SerializeToString(deterministic=True) for one in told}) == 1
    assert told[0].profile.facts.order_count == 1
