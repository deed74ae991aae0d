"""Translates what is asked for beside putting in and taking out, and the problems of a cart."""

from datetime import timedelta

from libs.errors import invalid_field
from omnithread.cart.v1 import cart_pb2
from omnithread.cart.v1 import cart_service_pb2 as pb
from services.cart.desk.locking import LockWish
from services.cart.problems import Problem

SHORTEST_LOCK_SECONDS = 30
USUAL_LOCK_SECONDS = 900


def lock_wish_from_request(request: pb.LockCartRequest) -> LockWish:
    """Read why a cart is to be locked, and for how long. Raises INVALID_FIELD."""
    seconds = request.duration_seconds or USUAL_LOCK_SECONDS
    if seconds < SHORTEST_LOCK_SECONDS:
        raise invalid_field("duration_seconds", f"is neither 0 nor at least {SHORTEST_LOCK_SECONDS}")
    return LockWish(request.reason, timedelta(seconds=seconds))


def problem_to_proto(problem: Problem) -> cart_pb2.CartProblem:
    """Write what somebody should know."""
    return cart_pb2.CartProblem(
        kind=cart_pb2.CartProblemKind.Value(f"CART_PROBLEM_KIND_{problem.kind.name}"),
        line_ids=problem.line_ids,
        sku=problem.sku,
    )
