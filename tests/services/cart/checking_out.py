"""Checkouts as tests make them, and what became of them."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any, TypeVar

import grpc

from omnithread import ErrorDetails, details_of
from omnithread.cart.v1 import cart_service_pb2 as pb
from omnithread.cart.v1 import offer_service_pb2 as offer_pb
from omnithread.cart.v1.offer_pb2 import OFFER_CODE_RULE_SINGLE_USE, OfferTerms
from omnithread.cart.v1.order_pb2 import Order
from omnithread.cart.v1.order_service_pb2 import ListOrdersRequest
from tests.services.cart.marketing import Marketing, terms_for
from tests.services.cart.shop import Shop, pickup

ResultT = TypeVar("ResultT")


async def outcome_of(call: Awaitable[ResultT]) -> ResultT | ErrorDetails:
    """Make a call, and give its answer or what it was refused with."""
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        return details_of(error)


async def all_at_once(calls: Iterable[Awaitable[ResultT]]) -> tuple[list[ResultT], list[ErrorDetails]]:
    """Make calls at the same moment, and give the answers and the refusals."""
    outcomes = await asyncio.gather(*(outcome_of(call) for call in calls))
    answers = [outcome for outcome in outcomes if not isinstance(outcome, ErrorDetails)]
    return answers, [outcome for outcome in outcomes if isinstance(outcome, ErrorDetails)]


async def orders_of(shop: Shop, customer_id: str) -> list[Order]:
    """All orders of a customer, newest first."""
    return list((await shop.at_web.orders.ListOrders(ListOrdersRequest(customer_id=customer_id, page_size=100))).orders)


async def single_use(marketing: Marketing, sku: str, *codes: str, drawn: int = 0, **fields: Any) -> list[str]:
    """Make an offer of 20 % off for who has a code, and give its codes."""
    terms = terms_for(sku, code_rule=OFFER_CODE_RULE_SINGLE_USE, **fields)
    return await codes_for(marketing, terms, *codes, drawn=drawn)


async def codes_for(marketing: Marketing, terms: OfferTerms, *codes: str, drawn: int = 0) -> list[str]:
    """Make an offer that takes codes of single use, and give those codes."""
    offer = await marketing.offer(terms)
    request = offer_pb.AddOfferCodesRequest(offer_id=offer.offer_id, codes=codes, drawn_count=drawn)
    return list((await marketing.calls.AddOfferCodes(request)).codes)


async def enter(shop: Shop, customer_id: str, code: str) -> pb.ApplyOfferCodeResponse:
    """Enter a code on the web."""
    return await shop.web.ApplyOfferCode(pb.ApplyOfferCodeRequest(customer_id=customer_id, code=code))


async def state_of(marketing: Marketing, code: str) -> offer_pb.GetOfferCodeResponse:
    """What became of a code."""
    return await marketing.calls.GetOfferCode(offer_pb.GetOfferCodeRequest(code=code))


def seen(customer_id: str, cart: pb.GetCartResponse, **fields: Any) -> pb.CheckoutRequest:
    """A request to check out what somebody saw, at the price that they saw."""
    lines = [pb.SeenLine(line_id=line.line_id, quantity=line.quantity) for line in cart.cart.lines]
    return pickup(customer_id, seen_lines=lines, expected_total=cart.price.total, **fields)
