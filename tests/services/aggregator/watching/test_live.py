"""Whoever looks at a customer sees at once what happens elsewhere."""

from tests.services.aggregator.company import Company, item, visitor
from tests.services.aggregator.watching.eyes import skus, watching


async def test_what_is_put_into_the_cart_in_one_place_is_seen_in_another(company: Company) -> None:
    customer_id = (await company.web.start_session([visitor()])).customer_id
    async with watching(company.store, customer_id) as eyes:
        first = await eyes.sees(lambda update: update.snapshot)
        assert skus(first) == []
        await company.web.cart.AddItem(item(customer_id))
        await eyes.sees(lambda update: skus(update) == ["boots"])
