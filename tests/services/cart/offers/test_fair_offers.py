"""What two channels give at the same moment, and what each says of the other."""

from collections.abc import AsyncIterator

import pytest

from omnithread.cart.v1.offer_pb2 import OfferChannels, PercentageOff, PiecesForLess
from omnithread.cart.v1.price_pb2 import UNAPPLIED_REASON_OTHER_CHANNEL
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_STORE, CHANNEL_KIND_WEB
from tests.services.cart.marketing import Marketing, item_at, new_sku, priced, terms_for
from tests.services.cart.shop import Shop, money


@pytest.fixture
async def marketing(shop: Shop) -> AsyncIterator[Marketing]:
    async with Marketing(shop) as marketing:
        yield marketing


async def test_the_web_gives_one_more_and_the_store_a_fifth_off_and_both_say_what_the_other_gives(
    shop: Shop, marketing: Marketing
) -> None:
    sku, customer_id = new_sku(), await shop.new_customer()
    on_web, in_store = OfferChannels(kinds=[CHANNEL_KIND_WEB]), OfferChannels(kinds=[CHANNEL_KIND_STORE])
    one_more = await marketing.offer(
        terms_for(sku, name="1+1", channels=on_web, pieces_for_less=PiecesForLess(take_quantity=2, pay_quantity=1))
    )
    fifth = await marketing.offer(
        terms_for(sku, name="20 %", channels=in_store, percentage_off=PercentageOff(basis_points=2000))
    )
    await shop.web.AddItem(item_at(customer_id, sku, 2, money(50)))

    web, store = await priced(shop, customer_id), await priced(shop, customer_id, at_store=True)
    assert (web.price.total, [offer.offer_id for offer in web.price.applied_offers]) == (money(50), [one_more.offer_id])
    assert (store.price.total, [offer.offer_id for offer in store.price.applied_offers]) == (
        money(80),
        [fifth.offer_id],
    )
    reasons = {unapplied.offer_id: unapplied.reason for unapplied in web.price.unapplied_offers}
    assert reasons[fifth.offer_id] == UNAPPLIED_REASON_OTHER_CHANNEL
    shown_on_web = {there.channel.id: there for there in web.other_channel_prices}
    shown_in_store = {there.channel.id: there for there in store.other_channel_prices}
    assert shown_on_web["store-042"].total == money(80)
    assert shown_on_web["store-042"].applied_offers == store.price.applied_offers
    assert shown_in_store["web-shop"].total == money(50)
    assert shown_in_store["web-shop"].applied_offers == web.price.applied_offers
    assert shown_on_web["mobile-app"].total == money(100)
    assert (web.offers, web.offers_version) == (store.offers, store.offers_version)
