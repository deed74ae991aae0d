"""Leaves out of a context what is personal, where nobody has said that the customer is there. Pure."""

import hashlib
from dataclasses import replace

from omnithread.cart.v1.price_pb2 import CartPrice, ChannelPrice
from omnithread.context.v1 import context_pb2
from omnithread.context.v1.context_pb2 import (
    SECTION_MESSAGING,
    SECTION_OFFERS,
    SECTION_PREFERENCES,
    SECTION_PROBLEM_REASON_WITHHELD,
    SECTION_PROFILE,
)
from services.aggregator.context import ETAG_CHARACTERS, BesideCart, ContextRead, Problem

PERSONAL = frozenset({SECTION_PROFILE, SECTION_PREFERENCES, SECTION_MESSAGING, SECTION_OFFERS})
"""Which offers somebody is entitled to tells who they are to the company."""


def without_person(read: ContextRead, wanted: frozenset[int]) -> ContextRead:
    """Give a context, read without the personal sections, also without past orders, notes of staff, codes and views.

    What the customer looked at in other journeys is nobody's business; what an advertisement showed in this one stays.
    The sections that were wanted are named as withheld.
    """
    context = context_pb2.CustomerContext()
    context.CopyFrom(read.context)
    if context.HasField("cart"):
        context.cart.ClearField("recent_orders")
        context.cart.cart.ClearField("notes")
        context.cart.cart.ClearField("past_carts")  # they name the orders
        context.cart.cart.ClearField("offer_codes")  # a code for one order is worth something to whoever reads it
    if context.HasField("journey"):
        context.journey.ClearField("viewed_products")
    # The whole of these sections in the same versions has another one.
    context.etag = hashlib.sha256(f"withheld\0{read.context.etag}".encode()).hexdigest()[:ETAG_CHARACTERS]
    problems = [problem for problem in read.problems if problem.section not in PERSONAL]
    problems += [Problem(section, SECTION_PROBLEM_REASON_WITHHELD) for section in sorted(PERSONAL & wanted)]
    return replace(read, context=context, problems=tuple(problems), beside=_without_person(read.beside))


def _without_person(beside: BesideCart) -> BesideCart:
    """Give what a cart costs, here and elsewhere, without the offers that do not count and without codes."""
    price = None
    if beside.price is not None:
        price = CartPrice()
        price.CopyFrom(beside.price)
        price.ClearField("unapplied_offers")
        for offer in price.applied_offers:
            offer.ClearField("offer_code")
    return BesideCart(
        price=price,
        other_channel_prices=tuple(_without_codes(one) for one in beside.other_channel_prices),
        problems=tuple(problem for problem in beside.problems if not problem.offer_code),
    )


def _without_codes(elsewhere: ChannelPrice) -> ChannelPrice:
    price = ChannelPrice()
    price.CopyFrom(elsewhere)
    for offer in price.applied_offers:
        offer.ClearField("offer_code")
    return price
