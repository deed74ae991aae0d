"""Translates words about a cart with its prices: what the model says into what the contract says."""

from omnithread.cart.v1 import cart_pb2, cart_service_pb2
from services.cart.offers.convert import standing_to_proto
from services.cart.offers.problems import CodeProblem
from services.cart.pricing.convert import elsewhere_to_proto, price_to_proto
from services.cart.pricing.operations import PricedCart

MOST_PROBLEMS = 100


def with_prices(answer: cart_service_pb2.GetCartResponse, priced: PricedCart) -> cart_service_pb2.GetCartResponse:
    """Write into an answer what the cart costs here and elsewhere, and how the offers stand."""
    if priced.here:
        answer.price.CopyFrom(price_to_proto(priced.here))
    answer.other_channel_prices.extend(elsewhere_to_proto(price) for price in priced.elsewhere)
    room = max(0, MOST_PROBLEMS - len(answer.problems))
    answer.problems.extend(_problem_to_proto(problem) for problem in priced.problems[:room])
    answer.offers.extend(standing_to_proto(standing) for standing in priced.offers)
    answer.offers_version = priced.offers_version
    return answer


def _problem_to_proto(problem: CodeProblem) -> cart_pb2.CartProblem:
    return cart_pb2.CartProblem(
        kind=cart_pb2.CartProblemKind.Value(f"CART_PROBLEM_KIND_{problem.kind.name}"),
        offer_code=problem.offer_code,
        offer_id=problem.offer_id,
    )
