"""Who is watched may be merged, parted and forgotten: a watcher is led on, or told that it is over."""

from omnithread.context.v1 import context_pb2 as context
from omnithread.context.v1.privacy_service_pb2 import EraseCustomerRequest
from omnithread.profile.v1.identity_service_pb2 import MergeCustomersRequest, UnmergeCustomersRequest
from tests.services.aggregator.company import Company, item, visitor
from tests.services.aggregator.watching.eyes import skus, watching

CART = [context.SECTION_CART]


async def shopper(company: Company, sku: str) -> str:
    """A guest with something in the cart."""
    customer_id = (await company.web.start_session([visitor()])).customer_id
    await company.web.cart.AddItem(item(customer_id, sku))
    return customer_id


async def merged(company: Company, one: str, other: str) -> str:
    answer = await company.call_centre.identity.MergeCustomers(
        MergeCustomersRequest(customer_id=one, other_customer_id=other, reason="same name")
    )
    return answer.merge.merge_id


async def test_a_watcher_is_led_on_to_whom_its_customer_is_merged_into(company: Company) -> None:
    anna, bob = await shopper(company, "boots"), await shopper(company, "gloves")
    async with (
        watching(company.store, bob, sections=CART, changed_sections_only=True) as his,
        watching(company.store, anna, sections=CART) as hers,
    ):
        await his.sees(lambda update: skus(update) == ["gloves"])
        await hers.sees(lambda update: skus(update) == ["boots"])
        await merged(company, anna, bob)
        both = await his.sees(lambda update: sorted(skus(update)) == ["boots", "gloves"])
        assert both.context.customer_id == anna
        assert any(update.snapshot and update.context.customer_id == anna for update in his.updates)
        await hers.sees(lambda update: sorted(skus(update)) == ["boots", "gloves"])
        await company.web.cart.AddItem(item(anna, "hat"))
        for eyes in (his, hers):
            await eyes.sees(lambda update: sorted(skus(update)) == ["boots", "gloves", "hat"])
        token = his.token
    async with watching(company.store, bob, sections=CART, resume_token=token) as his:
        await his.until(lambda eyes: eyes.heartbeats == 1)


async def test_who_was_led_on_is_told_when_the_merge_is_undone_and_the_survivor_is_watched_on(company: Company) -> None:
    anna, bob = await shopper(company, "boots"), await shopper(company, "gloves")
    merge_id = await merged(company, anna, bob)
    async with (
        watching(company.store, bob, sections=CART) as his,
        watching(company.store, anna, sections=CART) as hers,
    ):
        for eyes in (his, hers):
            await eyes.sees(lambda update: sorted(skus(update)) == ["boots", "gloves"])
        await company.call_centre.identity.UnmergeCustomers(
            UnmergeCustomersRequest(customer_id=anna, merge_id=merge_id, reason="two persons of one name")
        )
        assert (await his.ended()).reason == "WATCH_PARTED"
        await hers.sees(lambda update: skus(update) == ["boots"])
        token = his.token
    async with watching(company.store, bob, sections=CART, resume_token=token) as his:
        assert (await his.ended()).reason == "WATCH_PARTED"
    async with watching(company.store, bob, sections=CART) as his:
        await his.sees(lambda update: skus(update) == ["gloves"] and update.context.customer_id == bob)


async def test_the_stream_of_who_is_forgotten_ends(company: Company) -> None:
    anna = await shopper(company, "boots")
    async with watching(company.store, anna, sections=CART) as eyes:
        await eyes.sees(lambda update: skus(update) == ["boots"])
        await company.call_centre.privacy.EraseCustomer(
            EraseCustomerRequest(customer_id=anna, reason="requested-by-customer")
        )
        assert (await eyes.ended()).reason == "CUSTOMER_NOT_FOUND"
    async with watching(company.store, "cus_nobody") as eyes:
        assert (await eyes.ended()).reason == "CUSTOMER_NOT_FOUND"
