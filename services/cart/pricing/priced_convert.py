"""Translates words about a cart with its prices: what the model says into what the contract says."""

from omnithread.cart.v1 import cart_pb2, cart_service_pb2
from services.cart.offers.convert import standing_to_proto
from services.cart.offers.problems import CodeProblem
from services.cart.pricing.convert import elsewhere_to_proto, price_to_proto
from services.cart.pricing.operations import PricedCart

MOST_PROBLEMS = 100
"""Of an answer: those of the cart itself come first."""


def prices_to_answer(priced: PricedCart) -> cart_service_pb2.GetCartResponse:
    """Write what the cart costs here and elsewhere, what is the matter with its codes, and how the offers stand."""
    return cart_service_pb2.GetCartResponse(
        price=price_to_proto(priced.here) if priced.here else None,
        other_channel_prices=[elsewhere_to_proto(price) for price in priced.elsewhere],
        problems=[_problem_to_proto(problem) for problem in priced.problems],
        offers=[standing_to_proto(standing) for standing in priced.offers],
        offers_version=priced.offers_version,
    )


def _problem_to_proto(problem: CodeProblem) -> cart_pb2.CartProblem:
    return cart_pb2.CartProblem(
        kind=cart_pb2.CartProblemKind.Value(f"CART_PROBLEM_KIND_{problem.kind.name}"),
        offer_code=problem.offer_code,
        offer_id=problem.offer_id,
    )
