"""What can go wrong with codes, limits and checkouts, one function per reason of `omnithread.cart.v1.ErrorReason`."""

from collections.abc import Sequence
from datetime import UTC, datetime

from libs.errors import OmnithreadError, aborted, failed_precondition, not_found, resource_exhausted
from omnithread.cart.v1 import cart_service_pb2 as pb
from services.cart.checkout.seen_lines import ChangedLine, Difference
from services.cart.money import Money, money_to_proto

MOST_NAMED = 30


def cart_changed(difference: Difference, etag: str) -> OmnithreadError:
    """Say that the cart has other lines than the payer saw, and which."""
    added, removed = difference.added, difference.removed
    detail = pb.CartDifference(
        added_lines=[_changed(line) for line in added[:MOST_NAMED]],
        removed_lines=[_changed(line) for line in removed[:MOST_NAMED]],
        truncated=max(len(added), len(removed)) > MOST_NAMED,
        etag=etag,
    )
    return aborted("CART_CHANGED", "The cart has other lines than the payer saw.", details=(detail,))


def price_changed(expected: Money, total: Money, applied_offer_ids: Sequence[str]) -> OmnithreadError:
    """Say that the cart costs something else than the payer expects."""
    detail = pb.PriceDifference(
        expected_total=money_to_proto(expected),
        total=money_to_proto(total),
        applied_offer_ids=sorted(applied_offer_ids)[:MOST_NAMED],
    )
    return aborted("PRICE_CHANGED", "The cart costs something else than the payer expects.", details=(detail,))


def code_limit(limit: int) -> OmnithreadError:
    """Refuse one code too many."""
    return failed_precondition("CODE_LIMIT", f"{limit} codes are entered.", metadata={"limit": str(limit)})


def offer_code_unknown() -> OmnithreadError:
    """Say that no offer has the code."""
    return not_found("OFFER_CODE_UNKNOWN", "No offer has this code.")


def offer_code_used() -> OmnithreadError:
    """Say that the single-use code is no longer free, or not at this moment."""
    return aborted("OFFER_CODE_USED", "The code was used, or a checkout is just using it.")


def offer_used_up(offer_id: str) -> OmnithreadError:
    """Say that an offer that the price counted was redeemed as often as it may be."""
    return aborted("OFFER_USED_UP", "The offer was redeemed as often as it may be.", metadata={"offer_id": offer_id})


def offer_code_taken(code: str) -> OmnithreadError:
    """Refuse a code that belongs to another offer."""
    return failed_precondition("OFFER_CODE_TAKEN", "The code belongs to another offer.", metadata={"code": code})


def offer_tries_exceeded(retry_time: datetime) -> OmnithreadError:
    """Refuse to look at another code after many that nobody knows."""
    return resource_exhausted(
        "OFFER_TRIES_EXCEEDED",
        "Too many unknown codes were tried; try again later.",
        metadata={"retry_time": retry_time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")},
    )


def _changed(line: ChangedLine) -> pb.ChangedLine:
    return pb.ChangedLine(line_id=line.line_id, sku=line.sku, quantity=line.quantity)
