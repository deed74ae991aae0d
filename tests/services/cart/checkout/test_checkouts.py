"""A checkout is of what the payer saw, at the price that they saw; what counts only so often counts only so often."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from grpc import StatusCode

from omnithread.cart.v1 import cart_service_pb2 as pb
from omnithread.cart.v1.cart_pb2 import CartLine
from omnithread.cart.v1.offer_pb2 import FreeDelivery
from omnithread.cart.v1.offer_service_pb2 import OFFER_CODE_STATE_FREE, OFFER_CODE_STATE_REDEEMED
from omnithread.cart.v1.order_pb2 import ORDER_STATE_PLACED, PAYMENT_STATE_AUTHORIZED, Order
from tests.services.calls import refusal, stamped
from tests.services.cart.checking_out import all_at_once, enter, orders_of, outcome_of, seen, single_use, state_of
from tests.services.cart.marketing import Marketing, item_at, new_sku, priced, terms_for
from tests.services.cart.shop import Shop, item, money, pickup


@pytest.fixture
async def marketing(shop: Shop) -> AsyncIterator[Marketing]:
    async with Marketing(shop) as marketing:
        yield marketing


async def test_an_order_is_as_the_payer_saw_the_cart_and_keeps_the_price_with_its_reasons(
    shop: Shop, marketing: Marketing
) -> None:
    sku, customer_id = new_sku(), await shop.new_customer()
    offer = await marketing.offer(terms_for(sku, combinable=True))
    delivery = await marketing.offer(terms_for(sku, free_delivery=FreeDelivery(), combinable=True))
    await shop.web.AddItem(item_at(customer_id, sku, 2, money(50)))
    saw = await priced(shop, customer_id)
    request = seen(customer_id, saw, payment_state=PAYMENT_STATE_AUTHORIZED)
    request.delivery.fee.CopyFrom(money(7))
    answer = await shop.store.Checkout(request)

    assert answer.order.total == money(80)
    assert (answer.order.price.delivery_fee, answer.order.price.delivery_discount) == (money(7), money(7))
    assert {one.offer_id for one in answer.order.price.applied_offers} == {offer.offer_id, delivery.offer_id}
    assert (answer.order.state, answer.order.payment_state) == (ORDER_STATE_PLACED, PAYMENT_STATE_AUTHORIZED)
    assert [(step.state, step.actor_id) for step in answer.order.steps] == [(ORDER_STATE_PLACED, "anna")]
    assert answer.order.actor_id == "anna"
    assert await orders_of(shop, customer_id) == [answer.order]


async def test_of_ten_checkouts_of_one_cart_at_the_same_moment_one_becomes_an_order(
    shop: Shop, another_replica: Shop, marketing: Marketing
) -> None:
    for number in range(5):
        sku, customer_id = new_sku(), await shop.new_customer()
        (code,) = await single_use(marketing, sku, drawn=1)
        await shop.web.AddItem(item(customer_id, sku))
        await enter(shop, customer_id, code)
        saw = await priced(shop, customer_id)
        answers, refusals = await all_at_once(
            (shop, another_replica)[one % 2].store.Checkout(
                seen(customer_id, saw) if number % 2 else pickup(customer_id, etag=saw.cart.etag)
            )
            for one in range(10)
        )
        assert (len(answers), len(refusals)) == (1, 9)
        assert {refused.reason for refused in refusals} <= {
            "CART_EMPTY",
            "OFFER_CODE_USED",
            "ETAG_MISMATCH",
            "PRICE_CHANGED",
        }
        assert await orders_of(shop, customer_id) == [answers[0].order]
        assert answers[0].order.total == saw.price.total
        used = await state_of(marketing, code)
        assert (used.state, used.order_id) == (OFFER_CODE_STATE_REDEEMED, answers[0].order.order_id)


async def test_a_code_used_in_two_channels_at_the_same_moment_counts_once(
    shop: Shop, another_replica: Shop, marketing: Marketing
) -> None:
    sku = new_sku()
    codes = await single_use(marketing, sku, drawn=20)
    for code in codes:
        anna, ben = await shop.new_customer(), await shop.new_customer()
        for customer_id in (anna, ben):
            await shop.web.AddItem(item(customer_id, sku))
            await enter(shop, customer_id, code)
        saw = {customer_id: await priced(shop, customer_id) for customer_id in (anna, ben)}
        assert all(cart.price.discount_total.units for cart in saw.values())
        answers, refusals = await all_at_once(
            [shop.web.Checkout(seen(anna, saw[anna])), another_replica.store.Checkout(seen(ben, saw[ben]))]
        )
        assert len(answers) == 1
        assert {refused.reason for refused in refusals} <= {"OFFER_CODE_USED", "PRICE_CHANGED"}
        used = await state_of(marketing, code)
        assert (used.state, used.order_id) == (OFFER_CODE_STATE_REDEEMED, answers[0].order.order_id)
        loser = {anna, ben} - {answers[0].order.customer_id}
        assert [len((await shop.cart(customer_id)).lines) for customer_id in loser] == [1], "nothing was lost"


async def test_an_offer_for_three_is_had_by_three_of_thirty_customers(
    shop: Shop, another_replica: Shop, marketing: Marketing
) -> None:
    sku = new_sku()
    offer = await marketing.offer(terms_for(sku, max_redemptions=3))
    customers = [await shop.new_customer() for _ in range(30)]
    await asyncio.gather(*(shop.web.AddItem(item(customer_id, sku)) for customer_id in customers))
    saw = {customer_id: await priced(shop, customer_id) for customer_id in customers}
    answers, refusals = await all_at_once(
        (shop, another_replica)[number % 2].web.Checkout(seen(customer_id, saw[customer_id]))
        for number, customer_id in enumerate(customers)
    )
    assert (len(answers), len(refusals)) == (3, 27)
    assert {refused.reason for refused in refusals} <= {"OFFER_USED_UP", "PRICE_CHANGED"}
    assert all(answer.order.price.applied_offers[0].offer_id == offer.offer_id for answer in answers)
    late = await shop.new_customer()
    await shop.web.AddItem(item(late, sku))
    assert not (await priced(shop, late)).price.applied_offers


async def test_a_customer_has_an_offer_as_often_as_they_may(shop: Shop, marketing: Marketing) -> None:
    sku, customer_id = new_sku(), await shop.new_customer()
    await marketing.offer(terms_for(sku, max_redemptions_per_customer=2))
    discounts = []
    for _ in range(3):
        await shop.web.AddItem(item_at(customer_id, sku, 1, money(50)))
        discounts.append((await shop.store.Checkout(pickup(customer_id))).order.price.discount_total.units)
    assert discounts == [10, 10, 0]


async def test_a_checkout_that_is_sent_again_gives_the_same_order(
    shop: Shop, another_replica: Shop, marketing: Marketing
) -> None:
    sku, customer_id = new_sku(), await shop.new_customer()
    (code,) = await single_use(marketing, sku, drawn=1)
    await shop.web.AddItem(item(customer_id, sku))
    await enter(shop, customer_id, code)
    request = stamped(seen(customer_id, await priced(shop, customer_id)))
    answers, refusals = await all_at_once(
        one.store.Checkout(request) for one in (shop, another_replica, shop, another_replica)
    )
    assert refusals == []
    await shop.web.AddItem(item(customer_id, sku))
    again = await another_replica.store.Checkout(request)
    assert {answer.order.order_id for answer in answers} == {again.order.order_id}
    assert again.replayed
    assert len(again.cart.lines) == 1
    assert (await state_of(marketing, code)).order_id == again.order.order_id


async def test_another_price_than_the_payer_expects_is_refused_with_the_one_of_now(
    shop: Shop, marketing: Marketing
) -> None:
    sku, customer_id = new_sku(), await shop.new_customer()
    await shop.web.AddItem(item_at(customer_id, sku, 2, money(50)))
    saw = await priced(shop, customer_id)
    offer = await marketing.offer(terms_for(sku))
    refused = await refusal(shop.store.Checkout(seen(customer_id, saw)))
    assert (refused.code, refused.reason) == (StatusCode.ABORTED, "PRICE_CHANGED")
    difference = pb.PriceDifference()
    assert refused.others[0].Unpack(difference)
    assert (difference.expected_total, difference.total) == (money(100), money(80))
    assert list(difference.applied_offer_ids) == [offer.offer_id]
    assert await orders_of(shop, customer_id) == []


async def test_what_another_channel_changed_meanwhile_is_told_or_kept_for_the_next_cart(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    await shop.web.AddItem(item(customer_id, "shoe", 2))
    saw = await priced(shop, customer_id)
    await shop.store.AddItem(item(customer_id, "shoe"))
    await shop.store.AddItem(item(customer_id, "sock"))

    refused = await refusal(shop.web.Checkout(seen(customer_id, saw)))
    difference = pb.CartDifference()
    assert refused.reason == "CART_CHANGED"
    assert refused.others[0].Unpack(difference)
    assert [(line.sku, line.quantity) for line in difference.added_lines] == [("shoe", 1), ("sock", 1)]
    assert difference.etag == (await shop.cart(customer_id)).etag

    answer = await shop.web.Checkout(seen(customer_id, saw, keep_added_for_next=True))
    assert [(line.sku, line.quantity) for line in answer.order.lines] == [("shoe", 2)]
    assert [(line.sku, line.quantity) for line in answer.cart.lines] == [("shoe", 1), ("sock", 1)]

    for cart_id in (answer.order.cart_id, answer.cart.cart_id):
        account = await shop.web.AuditCart(pb.AuditCartRequest(customer_id=customer_id, cart_id=cart_id))
        assert account.adds_up

    saw = await priced(shop, customer_id)
    await shop.store.RemoveItem(pb.RemoveItemRequest(customer_id=customer_id, sku="sock"))
    refused = await refusal(shop.web.Checkout(seen(customer_id, saw, keep_added_for_next=True)))
    assert refused.reason == "CART_CHANGED"


async def test_whatever_is_added_while_somebody_pays_is_in_an_order_or_in_the_cart(
    shop: Shop, another_replica: Shop
) -> None:
    chance = random.Random(7)
    for _ in range(12):
        customer_id = await shop.new_customer()
        added: Counter[str] = Counter()

        async def add(customer_id: str = customer_id, added: Counter[str] = added) -> None:
            for _ in range(chance.randint(2, 6)):
                sku, quantity = chance.choice(["shoe", "sock"]), chance.randint(1, 3)
                await chance.choice([shop, another_replica]).store.AddItem(item(customer_id, sku, quantity))
                added[sku] += quantity
                await asyncio.sleep(chance.uniform(0, 0.01))

        async def pay(customer_id: str = customer_id) -> None:
            for _ in range(chance.randint(2, 5)):
                saw = await priced(shop, customer_id)
                keep = chance.random() < 0.7
                request = seen(customer_id, saw, keep_added_for_next=keep) if keep else pickup(customer_id)
                await outcome_of(chance.choice([shop, another_replica]).web.Checkout(request))
                await asyncio.sleep(chance.uniform(0, 0.01))

        await asyncio.gather(add(), add(), pay(), pay())
        found: Counter[str] = Counter()
        for line in [*(await shop.cart(customer_id)).lines, *_lines_of(await orders_of(shop, customer_id))]:
            found[line.sku] += line.quantity
        assert found == added


async def test_what_was_entered_and_did_not_count_can_be_used_by_others(shop: Shop, marketing: Marketing) -> None:
    sku, other = new_sku(), new_sku()
    customer_id = await shop.new_customer()
    (code,) = await single_use(marketing, other, drawn=1)
    await shop.web.AddItem(item(customer_id, sku))
    entered = await enter(shop, customer_id, f"  {code[:4]}-{code[4:].lower()} ")
    assert list(entered.cart.offer_codes) == [code]
    await shop.store.Checkout(pickup(customer_id))
    assert (await state_of(marketing, code)).state == OFFER_CODE_STATE_FREE


def _lines_of(orders: list[Order]) -> list[CartLine]:
    return [line for order in orders for line in order.lines]
