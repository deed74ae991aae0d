"""Writing offers, letting them count and ending them, over the wire."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from grpc import StatusCode

from libs.ids import new_id
from omnithread.cart.v1 import cart_service_pb2 as cart_pb
from omnithread.cart.v1 import offer_service_pb2 as pb
from omnithread.cart.v1.cart_pb2 import (
    CART_PROBLEM_KIND_CODE_NOT_USABLE,
    CART_PROBLEM_KIND_OFFER_ENDED,
    CART_PROBLEM_KIND_OFFER_NOT_HERE,
)
from omnithread.cart.v1.offer_pb2 import (
    ELIGIBILITY_ELIGIBLE,
    ELIGIBILITY_NEEDS_CODE,
    OFFER_CODE_RULE_SHARED,
    OFFER_STATE_ACTIVE,
    OFFER_STATE_DRAFT,
    OFFER_STATE_ENDED,
    OFFER_STATE_UNSPECIFIED,
    AmountOff,
    FreeDelivery,
    OfferArticles,
    OfferAudience,
    OfferChannels,
    OfferState,
    OfferTerms,
    OfferWindow,
    PercentageOff,
    TraitChoice,
)
from omnithread.cart.v1.price_pb2 import UNAPPLIED_REASON_NO_DELIVERY
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_STORE, CHANNEL_KIND_WEB
from tests.services.calls import refusal, stamped
from tests.services.cart.marketing import Marketing, item_at, new_code, new_sku, priced, terms_for
from tests.services.cart.samples import article
from tests.services.cart.shop import Shop, money, pickup
from tests.services.cart.stocking import stock
from tests.services.running import Services


@pytest.fixture
async def marketing(shop: Shop) -> AsyncIterator[Marketing]:
    async with Marketing(shop) as marketing:
        yield marketing


async def test_what_marketing_wrote_is_what_it_reads(marketing: Marketing) -> None:
    terms = OfferTerms(
        name="Spring",
        description="Ten francs off",
        brand="main",
        amount_off=AmountOff(amount=money(10)),
        on_cart=True,
        articles=OfferArticles(skus=["a", "b"], categories=["shoes"], excluded_skus=["c"]),
        min_amount=money(50),
        min_quantity=2,
        window=OfferWindow(
            start_local_time="2026-03-01T00:00",
            end_local_time="2026-04-01T00:00",
            time_zone="Europe/Zurich",
            weekdays=[5, 6],
            day_start_minute=1320,
            day_end_minute=120,
        ),
        channels=OfferChannels(kinds=[CHANNEL_KIND_WEB], channel_ids=["store-042"]),
        audience=OfferAudience(
            segment_ids=["vip"],
            excluded_segment_ids=["staff"],
            traits=[TraitChoice(name="tier", values=["gold", "silver"])],
            first_order=True,
            known=True,
            journey_channel_kinds=[CHANNEL_KIND_STORE],
            campaign_ids=["spring"],
        ),
        code_rule=OFFER_CODE_RULE_SHARED,
        shared_code="SPRING26",
        max_redemptions=100,
        max_redemptions_per_customer=2,
        priority=-3,
        combinable=True,
        excluded_offer_ids=["other"],
    )
    draft = await marketing.draft(terms)
    assert (draft.terms, draft.state, draft.version, draft.has_draft) == (terms, OFFER_STATE_DRAFT, 0, True)
    read = await marketing.calls.GetOffer(pb.GetOfferRequest(offer_id=draft.offer_id))
    assert read.offer == draft


async def test_a_draft_counts_nowhere_until_it_is_activated_and_no_more_once_it_has_ended(
    shop: Shop, marketing: Marketing
) -> None:
    sku, customer_id = new_sku(), await shop.new_customer()
    await shop.web.AddItem(item_at(customer_id, sku, 1, money(50)))
    draft = await marketing.draft(terms_for(sku))
    assert (await priced(shop, customer_id)).price.total == money(50)
    active = await marketing.offer(terms_for(sku), draft.offer_id)
    assert (active.state, active.version, active.has_draft) == (OFFER_STATE_ACTIVE, 1, False)
    seen = await priced(shop, customer_id)
    assert (seen.price.total, [applied.version for applied in seen.price.applied_offers]) == (money(40), [1])
    ended = await marketing.end(draft.offer_id)
    assert ended.state == OFFER_STATE_ENDED
    after = await priced(shop, customer_id)
    assert (after.price.total, [one for one in after.offers if one.offer_id == draft.offer_id]) == (money(50), [])
    assert after.offers_version > seen.offers_version


async def test_the_next_version_counts_from_its_activation_and_the_one_before_it_stays_readable(
    shop: Shop, marketing: Marketing
) -> None:
    sku, customer_id = new_sku(), await shop.new_customer()
    await shop.web.AddItem(item_at(customer_id, sku, 1, money(50)))
    first = await marketing.offer(terms_for(sku))
    await marketing.draft(terms_for(sku, percentage_off=PercentageOff(basis_points=5000)), first.offer_id)
    assert (await priced(shop, customer_id)).price.total == money(40)
    second = await marketing.offer(terms_for(sku, percentage_off=PercentageOff(basis_points=5000)), first.offer_id)
    assert (second.version, (await priced(shop, customer_id)).price.total) == (2, money(25))

    before = (await marketing.calls.GetOffer(pb.GetOfferRequest(offer_id=first.offer_id, version=1))).offer
    assert (before.terms, before.version) == (first.terms, 1)
    now = (await marketing.calls.GetOffer(pb.GetOfferRequest(offer_id=first.offer_id))).offer
    assert now == second
    refused = await refusal(marketing.calls.GetOffer(pb.GetOfferRequest(offer_id=first.offer_id, version=3)))
    assert (refused.code, refused.reason) == (StatusCode.NOT_FOUND, "OFFER_NOT_FOUND")


async def test_an_activation_that_is_sent_again_activates_nothing_more(marketing: Marketing) -> None:
    offer = await marketing.offer(terms_for(new_sku()))
    await marketing.draft(terms_for(new_sku()), offer.offer_id)
    request = stamped(pb.ActivateOfferRequest(offer_id=offer.offer_id))
    first, again = [await marketing.calls.ActivateOffer(request) for _ in range(2)]
    assert (first.replayed, first.offer.version) == (False, 2)
    assert (again.replayed, again.offer) == (True, first.offer)


async def test_two_who_write_one_offer_at_once_are_told_so(marketing: Marketing) -> None:
    draft = await marketing.draft(terms_for(new_sku()))
    request = pb.SaveOfferRequest(offer_id=draft.offer_id, terms=terms_for(new_sku()), etag=draft.etag)
    await marketing.calls.SaveOffer(request)
    refused = await refusal(marketing.calls.SaveOffer(request))
    assert (refused.code, refused.reason) == (StatusCode.ABORTED, "ETAG_MISMATCH")


async def test_offers_are_listed_by_id_page_by_page_and_by_state(marketing: Marketing) -> None:
    prefix = new_id("lst").lower()
    made = [(await marketing.offer(terms_for(new_sku()), f"{prefix}_{number}")).offer_id for number in range(5)]
    drafted = (await marketing.draft(terms_for(new_sku()), f"{prefix}_5")).offer_id
    await marketing.end(made[0])
    listed: dict[OfferState.ValueType, list[str]] = {}
    for state in (OFFER_STATE_UNSPECIFIED, OFFER_STATE_ACTIVE, OFFER_STATE_DRAFT, OFFER_STATE_ENDED):
        listed[state], token = [], ""
        while True:
            page = await marketing.calls.ListOffers(pb.ListOffersRequest(state=state, page_size=2, page_token=token))
            listed[state] += [offer.offer_id for offer in page.offers if offer.offer_id.startswith(prefix)]
            token = page.next_page_token
            if not token:
                break
    assert listed == {
        OFFER_STATE_UNSPECIFIED: [*made, drafted],
        OFFER_STATE_ACTIVE: made[1:],
        OFFER_STATE_DRAFT: [drafted],
        OFFER_STATE_ENDED: made[:1],
    }


async def test_a_full_cart_with_many_offers_can_be_paid_and_its_order_keeps_the_price(
    services: Services, mongo_uri: str, shop: Shop, marketing: Marketing
) -> None:
    customer_id, shelf = await shop.new_customer(), new_sku()
    full = [replace(article(f"{shelf}-{number}"), categories=(shelf,)) for number in range(200)]
    await stock(services, mongo_uri, customer_id, full)
    all_of_it = OfferTerms(name="Spring", articles=OfferArticles(categories=[shelf]), combinable=True)
    all_of_it.percentage_off.basis_points = 100
    for _ in range(20):
        await marketing.offer(all_of_it)
    seen = (await priced(shop, customer_id, at_store=True)).price
    assert len(seen.applied_offers) == 20
    order = (await shop.store.Checkout(pickup(customer_id, expected_total=seen.total))).order
    assert (order.price.lines, order.price.applied_offers) == (seen.lines, seen.applied_offers)


async def test_another_replica_knows_of_an_offer_after_a_moment(
    shop: Shop, another_replica: Shop, marketing: Marketing
) -> None:
    sku, customer_id = new_sku(), await shop.new_customer()
    await shop.web.AddItem(item_at(customer_id, sku, 1, money(50)))
    assert (await priced(another_replica, customer_id)).price.total == money(50)
    await marketing.offer(terms_for(sku))
    async with asyncio.timeout(20):
        while (await priced(another_replica, customer_id)).price.total != money(40):
            await asyncio.sleep(0.1)


async def test_a_price_can_be_asked_for_another_channel_with_a_delivery_and_a_code(
    shop: Shop, marketing: Marketing
) -> None:
    sku, customer_id = new_sku(), await shop.new_customer()
    added = await shop.web.AddItem(item_at(customer_id, sku, 1, money(50)))
    in_store = OfferChannels(channel_ids=["store-042"])
    code = new_code()
    fifth = await marketing.offer(
        terms_for(sku, channels=in_store, code_rule=OFFER_CODE_RULE_SHARED, shared_code=code, combinable=True)
    )
    free = await marketing.offer(terms_for(sku, name="Free delivery", free_delivery=FreeDelivery(), combinable=True))
    plain = await shop.at_web.offers.PriceCart(pb.PriceCartRequest(customer_id=customer_id))
    assert (plain.price.total, plain.price.channel.id, plain.cart_version) == (
        money(50),
        "web-shop",
        added.cart.version,
    )
    assert {one.offer_id: one.reason for one in plain.price.unapplied_offers}[free.offer_id] == (
        UNAPPLIED_REASON_NO_DELIVERY
    )
    there = await shop.at_web.offers.PriceCart(
        pb.PriceCartRequest(
            customer_id=customer_id,
            channel_id="store-042",
            delivery_fee=money(7),
            offer_codes=[f"{code[:3]}-{code[3:]}"],
        )
    )
    assert (there.price.total, there.price.delivery_discount, there.price.channel.id) == (
        money(40),
        money(7),
        "store-042",
    )
    assert {one.offer_id: one.offer_code for one in there.price.applied_offers} == {
        fifth.offer_id: code,
        free.offer_id: "",
    }


async def test_an_offer_for_guests_and_codes_stands_the_same_for_every_channel(
    shop: Shop, marketing: Marketing
) -> None:
    sku, customer_id = new_sku(), await shop.new_customer()
    await shop.web.AddItem(item_at(customer_id, sku, 1, money(50)))
    in_store = OfferChannels(kinds=[CHANNEL_KIND_STORE])
    first = await marketing.offer(terms_for(sku, channels=in_store, audience=OfferAudience(first_order=True)))
    coded = await marketing.offer(terms_for(sku, code_rule=OFFER_CODE_RULE_SHARED, shared_code=new_code()))
    known = await marketing.offer(terms_for(sku, audience=OfferAudience(known=True)))
    web, store = await priced(shop, customer_id), await priced(shop, customer_id, at_store=True)
    assert (web.offers, web.offers_version) == (store.offers, store.offers_version)
    standing = {one.offer_id: one for one in web.offers}
    assert (standing[first.offer_id].eligibility, standing[first.offer_id].channels) == (ELIGIBILITY_ELIGIBLE, in_store)
    assert standing[coded.offer_id].eligibility == ELIGIBILITY_NEEDS_CODE
    assert known.offer_id not in standing


async def test_a_code_that_does_nothing_here_says_so_beside_the_cart(shop: Shop, marketing: Marketing) -> None:
    sku, customer_id, code = new_sku(), await shop.new_customer(), new_code()
    await shop.web.AddItem(item_at(customer_id, sku, 1, money(50)))
    coded = await marketing.offer(
        terms_for(
            sku,
            channels=OfferChannels(kinds=[CHANNEL_KIND_STORE]),
            code_rule=OFFER_CODE_RULE_SHARED,
            shared_code=code,
        )
    )
    await shop.web.ApplyOfferCode(cart_pb.ApplyOfferCodeRequest(customer_id=customer_id, code=code))
    on_web, in_store = await priced(shop, customer_id), await priced(shop, customer_id, at_store=True)
    assert [(one.kind, one.offer_code, one.offer_id) for one in on_web.problems] == [
        (CART_PROBLEM_KIND_OFFER_NOT_HERE, code, coded.offer_id)
    ]
    assert (list(in_store.problems), in_store.price.total) == ([], money(40))

    strangers = terms_for(
        sku, code_rule=OFFER_CODE_RULE_SHARED, shared_code=code, audience=OfferAudience(segment_ids=["strangers"])
    )
    await marketing.offer(strangers, coded.offer_id)
    assert [one.kind for one in (await priced(shop, customer_id)).problems] == [CART_PROBLEM_KIND_CODE_NOT_USABLE]
    await marketing.end(coded.offer_id)
    assert [(one.kind, one.offer_id) for one in (await priced(shop, customer_id)).problems] == [
        (CART_PROBLEM_KIND_OFFER_ENDED, coded.offer_id)
    ]
