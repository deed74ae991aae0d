"""What is refused of codes and checkouts says why, and changes nothing."""

from collections.abc import AsyncIterator

import pytest
from grpc import StatusCode

from omnithread.cart.v1 import cart_service_pb2 as pb
from omnithread.cart.v1 import offer_service_pb2 as offer_pb
from omnithread.cart.v1.offer_pb2 import OFFER_CODE_RULE_SHARED, OFFER_CODE_RULE_SINGLE_USE
from omnithread.cart.v1.offer_service_pb2 import OFFER_CODE_STATE_FREE
from tests.services.calls import refusal, stamped
from tests.services.cart.checking_out import codes_for, enter, seen, single_use, state_of
from tests.services.cart.marketing import Marketing, new_sku, priced, terms_for
from tests.services.cart.shop import Shop, item, money, pickup

OF_CHECKOUTS = {
    "CART_CHANGED",
    "CODE_LIMIT",
    "OFFER_CODE_TAKEN",
    "OFFER_CODE_UNKNOWN",
    "OFFER_CODE_USED",
    "OFFER_TRIES_EXCEEDED",
    "OFFER_USED_UP",
    "PAYMENT_REFERENCE_INVALID",
    "PRICE_CHANGED",
}
"""Reasons that are refused here, in test_checkouts.py, and OFFER_USED_UP in test_redemptions.py for sure."""


@pytest.fixture
async def marketing(shop: Shop) -> AsyncIterator[Marketing]:
    async with Marketing(shop) as marketing:
        yield marketing


def shared(sku: str) -> str:
    """A code like no other story's."""
    return sku.replace("_", "")[-20:].upper()


async def test_a_code_that_nobody_gave_out_is_unknown_and_so_is_one_of_an_offer_that_is_being_written(
    shop: Shop, marketing: Marketing
) -> None:
    customer_id, sku = await shop.new_customer(), new_sku()
    draft = await marketing.draft(terms_for(sku, code_rule=OFFER_CODE_RULE_SINGLE_USE))
    await marketing.calls.AddOfferCodes(offer_pb.AddOfferCodesRequest(offer_id=draft.offer_id, codes=[shared(sku)]))
    for code in ("NOBODY-KNOWS", shared(sku)):
        refused = await refusal(enter(shop, customer_id, code))
        assert (refused.code, refused.reason) == (StatusCode.NOT_FOUND, "OFFER_CODE_UNKNOWN")
    assert not (await shop.cart(customer_id)).offer_codes
    refused = await refusal(marketing.calls.GetOfferCode(offer_pb.GetOfferCodeRequest(code="NOBODY-KNOWS")))
    assert refused.reason == "OFFER_CODE_UNKNOWN"


async def test_a_code_of_an_offer_that_ended_is_taken_and_does_not_count(shop: Shop, marketing: Marketing) -> None:
    customer_id, sku = await shop.new_customer(), new_sku()
    offer = await marketing.offer(terms_for(sku, code_rule=OFFER_CODE_RULE_SHARED, shared_code=shared(sku)))
    await shop.web.AddItem(item(customer_id, sku))
    entered = await enter(shop, customer_id, shared(sku).lower())
    assert (entered.offer_id, len(entered.price.applied_offers)) == (offer.offer_id, 1)
    assert (await state_of(marketing, shared(sku))).state == OFFER_CODE_STATE_FREE
    await marketing.end(offer.offer_id)

    late = await shop.new_customer()
    await shop.web.AddItem(item(late, sku))
    entered = await enter(shop, late, shared(sku))
    assert (entered.offer_id, len(entered.price.applied_offers)) == (offer.offer_id, 0)

    taken_out = await shop.web.RemoveOfferCode(pb.RemoveOfferCodeRequest(customer_id=late, code=shared(sku)))
    assert not taken_out.cart.offer_codes
    again = await shop.web.RemoveOfferCode(pb.RemoveOfferCodeRequest(customer_id=late, code=shared(sku)))
    assert again.cart.offer_codes == taken_out.cart.offer_codes


async def test_ten_unknown_codes_are_tried_on_a_channel_whether_entered_or_asked_the_price_of(
    shop: Shop, another_replica: Shop, marketing: Marketing
) -> None:
    customer_id, sku = await shop.new_customer(), new_sku()
    codes = await single_use(marketing, sku, drawn=3)
    await shop.web.AddItem(item(customer_id, sku))
    for number in range(5):
        await refusal(enter((shop, another_replica)[number % 2], customer_id, f"GUESS{number}"))
    guesses = [f"GUESS{number}" for number in range(5)]
    asked = await shop.at_web.offers.PriceCart(
        offer_pb.PriceCartRequest(customer_id=customer_id, offer_codes=[*guesses, codes[0]])
    )
    assert len(asked.price.applied_offers) == 1
    for call in (
        enter(another_replica, customer_id, codes[1]),
        shop.at_web.offers.PriceCart(offer_pb.PriceCartRequest(customer_id=customer_id, offer_codes=[codes[1]])),
    ):
        refused = await refusal(call)
        assert (refused.code, refused.reason) == (StatusCode.RESOURCE_EXHAUSTED, "OFFER_TRIES_EXCEEDED")
        assert list(refused.metadata) == ["retry_time"]
    await shop.store.ApplyOfferCode(pb.ApplyOfferCodeRequest(customer_id=customer_id, code=codes[1]))


async def test_ten_codes_are_entered_and_no_eleventh(shop: Shop, marketing: Marketing) -> None:
    customer_id = await shop.new_customer()
    codes = await single_use(marketing, new_sku(), drawn=11)
    for code in (*codes[:10], codes[0]):
        await enter(shop, customer_id, code)
    refused = await refusal(enter(shop, customer_id, codes[10]))
    assert (refused.code, refused.reason, refused.metadata) == (
        StatusCode.FAILED_PRECONDITION,
        "CODE_LIMIT",
        {"limit": "10"},
    )
    assert list((await shop.cart(customer_id)).offer_codes) == codes[:10]


async def test_a_used_code_is_refused_when_it_is_entered(shop: Shop, marketing: Marketing) -> None:
    customer_id, sku = await shop.new_customer(), new_sku()
    (code,) = await single_use(marketing, sku, drawn=1)
    await shop.web.AddItem(item(customer_id, sku))
    await enter(shop, customer_id, code)
    await shop.web.Checkout(seen(customer_id, await priced(shop, customer_id)))
    refused = await refusal(enter(shop, customer_id, code))
    assert (refused.code, refused.reason) == (StatusCode.ABORTED, "OFFER_CODE_USED")


async def test_codes_that_are_added_twice_are_the_same_and_belong_to_one_offer(
    shop: Shop, another_replica: Shop, marketing: Marketing
) -> None:
    sku, other_sku = new_sku(), new_sku()
    offer = await marketing.offer(terms_for(sku, code_rule=OFFER_CODE_RULE_SINGLE_USE))
    given = [shared(sku), f" {shared(other_sku)}-2".strip()]
    request = stamped(offer_pb.AddOfferCodesRequest(offer_id=offer.offer_id, codes=given, drawn_count=50))
    first = await shop.at_web.offers.AddOfferCodes(request)
    again = await another_replica.at_web.offers.AddOfferCodes(request)
    assert (first.codes, first.replayed, again.replayed) == (again.codes, False, True)
    assert list(first.codes[:2]) == [shared(sku), f"{shared(other_sku)}2"]
    assert len(set(first.codes)) == 52
    assert all(len(code) == 12 and not set(code) & set("01OIL") for code in first.codes[2:])
    request.drawn_count = 51
    assert (await refusal(shop.at_web.offers.AddOfferCodes(request))).reason == "REQUEST_ID_REUSED"

    refused = await refusal(codes_for(marketing, terms_for(sku, code_rule=OFFER_CODE_RULE_SINGLE_USE), first.codes[9]))
    assert (refused.code, refused.reason) == (StatusCode.FAILED_PRECONDITION, "OFFER_CODE_TAKEN")
    assert refused.metadata == {"code": first.codes[9]}
    refused = await refusal(
        marketing.offer(terms_for(sku, code_rule=OFFER_CODE_RULE_SHARED, shared_code=first.codes[9]))
    )
    assert refused.reason == "OFFER_CODE_TAKEN"


async def test_codes_are_added_only_to_offers_that_take_them(shop: Shop, marketing: Marketing) -> None:
    offer = await marketing.offer(terms_for(new_sku()))
    for offer_id, code, reason in (
        ("no-such-offer", "CODE-0001", "OFFER_NOT_FOUND"),
        (offer.offer_id, "CODE-0001", "OFFER_TERMS_INVALID"),
        (offer.offer_id, "A-B- C-D-E", "INVALID_FIELD"),
    ):
        refused = await refusal(
            shop.at_web.offers.AddOfferCodes(offer_pb.AddOfferCodesRequest(offer_id=offer_id, codes=[code]))
        )
        assert refused.reason == reason


async def test_a_checkout_that_contradicts_itself_is_refused(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    await shop.web.AddItem(item(customer_id))
    line_id = (await shop.cart(customer_id)).lines[0].line_id
    twice = [pb.SeenLine(line_id=line_id, quantity=1)] * 2
    euros = pb.DeliveryChoice(fee=money(5, 0, "EUR"))
    for request, reason in (
        (pickup(customer_id, seen_lines=twice), "INVALID_FIELD"),
        (pickup(customer_id, payment_reference="4111 1111 1111 1111"), "PAYMENT_REFERENCE_INVALID"),
        (pickup(customer_id, expected_total=money(-5)), "PRICE_INVALID"),
        (pb.CheckoutRequest(customer_id=customer_id, delivery=euros), "CURRENCY_MISMATCH"),
        (pickup(customer_id, expected_total=money(89, 900_000_000, "EUR")), "PRICE_CHANGED"),
    ):
        assert (await refusal(shop.store.Checkout(request))).reason == reason
    assert len((await shop.cart(customer_id)).lines) == 1


async def test_a_cart_that_staff_works_on_is_not_paid_by_others(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    await shop.web.AddItem(item(customer_id))
    await shop.store.LockCart(pb.LockCartRequest(customer_id=customer_id, reason="A better price"))
    assert (await refusal(shop.web.Checkout(pickup(customer_id)))).reason == "CART_LOCKED"
    assert (await shop.store.Checkout(pickup(customer_id))).order.actor_id == "anna"
