"""What is refused of offers and prices: its status, its reason and what it names."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from grpc import StatusCode

from omnithread.cart.v1 import offer_service_pb2 as pb
from omnithread.cart.v1.offer_pb2 import (
    OFFER_CODE_RULE_SHARED,
    AmountOff,
    FreeGift,
    OfferArticles,
    OfferAudience,
    OfferChannels,
    OfferWindow,
    PiecesForLess,
)
from tests.services.calls import refusal
from tests.services.cart.marketing import Marketing, new_code, new_sku, terms_for
from tests.services.cart.shop import Shop, item, money

OF_OFFERS = {
    "CHANNEL_NOT_REGISTERED",
    "OFFER_CODE_TAKEN",
    "OFFER_HAS_NO_DRAFT",
    "OFFER_LIMIT",
    "OFFER_LIMITS_CONFLICT",
    "OFFER_NOT_FOUND",
    "OFFER_REFERS_TO_ITSELF",
    "OFFER_TERMS_INVALID",
}
"""The reasons that are told here; OFFER_LIMIT in test_offer_book.py."""
INVALID = StatusCode.INVALID_ARGUMENT
PRECONDITION = StatusCode.FAILED_PRECONDITION
Call = Callable[[Shop, str], Awaitable[object]]


@pytest.fixture
async def marketing(shop: Shop) -> AsyncIterator[Marketing]:
    async with Marketing(shop) as marketing:
        yield marketing


def saving(**fields: Any) -> Call:
    """Write an offer for shoes."""
    return lambda shop, _: shop.at_web.offers.SaveOffer(
        pb.SaveOfferRequest(offer_id="wrong", terms=terms_for("shoe", **fields))
    )


def pricing(**fields: Any) -> Call:
    return lambda shop, customer_id: shop.at_web.offers.PriceCart(
        pb.PriceCartRequest(customer_id=customer_id, **fields)
    )


def window(start: str = "", end: str = "", time_zone: str = "Europe/Berlin") -> OfferWindow:
    return OfferWindow(start_local_time=start, end_local_time=end, time_zone=time_zone)


TERMS = "OFFER_TERMS_INVALID"
ONE_FOR_ONE = PiecesForLess(take_quantity=2, pay_quantity=2)


@pytest.mark.parametrize(
    ("code", "reason", "call", "fields"),
    [
        (INVALID, TERMS, saving(window=window(time_zone="Europe/Atlantis")), ["terms.window.time_zone"]),
        (INVALID, TERMS, saving(window=window(time_zone="../etc")), ["terms.window.time_zone"]),
        (INVALID, TERMS, saving(window=window("2026-02-30T00:00")), ["terms.window.start_local_time"]),
        (
            INVALID,
            TERMS,
            saving(window=window("2026-05-02T00:00", "2026-05-01T00:00")),
            ["terms.window.end_local_time"],
        ),
        (  # both are left out when clocks go forward: no moment lies between
            INVALID,
            TERMS,
            saving(window=window("2026-03-29T02:10", "2026-03-29T02:50")),
            ["terms.window.end_local_time"],
        ),
        (INVALID, TERMS, saving(shared_code="SPRING"), ["terms.shared_code"]),
        (INVALID, TERMS, saving(code_rule=OFFER_CODE_RULE_SHARED), ["terms.shared_code"]),
        (INVALID, TERMS, saving(code_rule=OFFER_CODE_RULE_SHARED, shared_code="A - B"), ["terms.shared_code"]),
        (
            INVALID,
            TERMS,
            saving(pieces_for_less=ONE_FOR_ONE, on_cart=True),
            ["terms.pieces_for_less.pay_quantity", "terms.on_cart"],
        ),
        (INVALID, TERMS, saving(amount_off=AmountOff(amount=money(0))), ["terms.amount_off.amount"]),
        (
            INVALID,
            TERMS,
            saving(amount_off=AmountOff(amount=money(1)), min_amount=money(9, 0, "EUR")),
            ["terms.min_amount.currency_code"],
        ),
        (
            INVALID,
            TERMS,
            saving(channels=OfferChannels(channel_ids=["web-shop", "kiosk"])),
            ["terms.channels.channel_ids"],
        ),
        (INVALID, TERMS, saving(articles=OfferArticles(excluded_skus=["shoe"])), ["terms.articles.excluded_skus"]),
        (
            INVALID,
            TERMS,
            saving(audience=OfferAudience(segment_ids=["vip"], excluded_segment_ids=["vip"])),
            ["terms.audience.excluded_segment_ids"],
        ),
        (INVALID, "PRICE_INVALID", saving(amount_off=AmountOff(amount=money(-1))), ["terms.amount_off.amount"]),
        (INVALID, "PRICE_INVALID", saving(min_amount=money(1, 1)), ["terms.min_amount"]),
        (INVALID, "INVALID_FIELD", saving(min_amount=money(10**18)), ["terms.min_amount"]),
        (INVALID, "CURRENCY_UNKNOWN", saving(min_amount=money(1, 0, "DEM")), ["terms.min_amount.currency_code"]),
        (INVALID, "INVALID_FIELD", saving(max_redemptions_per_customer=1001), ["terms.max_redemptions_per_customer"]),
        (INVALID, "OFFER_REFERS_TO_ITSELF", saving(excluded_offer_ids=["wrong"]), ["terms.excluded_offer_ids"]),
        (
            INVALID,
            "OFFER_REFERS_TO_ITSELF",
            saving(free_gift=FreeGift(sku="shoe", name="The shoe", quantity=1)),
            ["terms.free_gift.sku"],
        ),
        (
            INVALID,
            "OFFER_LIMITS_CONFLICT",
            saving(max_redemptions=2, max_redemptions_per_customer=3),
            ["terms.max_redemptions_per_customer"],
        ),
        (INVALID, "CHANNEL_NOT_REGISTERED", pricing(channel_id="kiosk"), ["channel_id"]),
        (PRECONDITION, "CURRENCY_MISMATCH", pricing(delivery_fee=money(1, 0, "EUR")), []),
        (INVALID, "PRICE_INVALID", pricing(delivery_fee=money(-1)), ["delivery_fee"]),
        (INVALID, "INVALID_FIELD", pricing(delivery_fee=money(2**63 - 1)), ["delivery_fee"]),
    ],
)
async def test_what_is_refused_of_offers_says_why(
    shop: Shop, code: StatusCode, reason: str, call: Call, fields: list[str]
) -> None:
    customer_id = await shop.new_customer()
    await shop.web.AddItem(item(customer_id))
    refused = await refusal(call(shop, customer_id))
    assert (refused.code, refused.reason, refused.domain) == (code, reason, "cart.omnithread")
    assert [violation.field for violation in refused.fields] == fields


async def test_what_does_not_exist_is_not_activated_ended_or_read(marketing: Marketing) -> None:
    calls = marketing.calls
    for call in (
        calls.ActivateOffer(pb.ActivateOfferRequest(offer_id="nothing")),
        calls.EndOffer(pb.EndOfferRequest(offer_id="nothing")),
        calls.GetOffer(pb.GetOfferRequest(offer_id="nothing")),
    ):
        refused = await refusal(call)
        assert (refused.code, refused.reason) == (StatusCode.NOT_FOUND, "OFFER_NOT_FOUND")


async def test_an_active_offer_without_a_draft_cannot_be_activated_again(marketing: Marketing) -> None:
    offer = await marketing.offer(terms_for(new_sku()))
    refused = await refusal(marketing.calls.ActivateOffer(pb.ActivateOfferRequest(offer_id=offer.offer_id)))
    assert (refused.code, refused.reason) == (PRECONDITION, "OFFER_HAS_NO_DRAFT")


async def test_of_two_offers_with_one_code_that_are_activated_at_once_one_has_it(marketing: Marketing) -> None:
    code = new_code()
    drafts = [
        await marketing.draft(terms_for(new_sku(), code_rule=OFFER_CODE_RULE_SHARED, shared_code=code))
        for _ in range(2)
    ]
    activations = (marketing.calls.ActivateOffer(pb.ActivateOfferRequest(offer_id=draft.offer_id)) for draft in drafts)
    outcomes = await asyncio.gather(*activations, return_exceptions=True)
    for draft in drafts:
        await marketing.end(draft.offer_id)
    (refused,) = [await refusal(_raising(one)) for one in outcomes if isinstance(one, BaseException)]
    assert (refused.code, refused.reason, refused.metadata) == (PRECONDITION, "OFFER_CODE_TAKEN", {"code": code})


async def _raising(error: BaseException) -> object:
    raise error
