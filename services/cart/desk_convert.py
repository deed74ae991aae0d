"""Translates what is asked for beside putting in and taking out, and the problems of a cart."""

from datetime import timedelta

from libs.errors import invalid_field
from omnithread.cart.v1 import cart_service_pb2 as pb
from services.cart.locking import LockWish

SHORTEST_LOCK_SECONDS = 30
USUAL_LOCK_SECONDS = 900


def lock_wish_from_request(request: pb.LockCartRequest) -> LockWish:
    """Read why a cart is to be locked, and for how long. Raises INVALID_FIELD."""
    seconds = request.duration_seconds or USUAL_LOCK_SECONDS
    if seconds < SHORTEST_LOCK_SECONDS:
        raise invalid_field("duration_seconds", f"is neither 0 nor at least {SHORTEST_LOCK_SECONDS}")
    return LockWish(request.reason, timedelta(seconds=seconds))
