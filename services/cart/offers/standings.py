"""How offers stand for one customer: the same on every channel and at every time. Pure."""

import enum
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.cart.audience.facts import AudienceFacts
from services.cart.offers.values import ActiveOffer, ActiveOffers, CodeRule
from services.cart.pricing.bars import has_redeemed_all, is_for
from services.cart.values import Cart

MOST_STANDINGS = 100
CONTENT_BITS = 20


class Eligibility(enum.StrEnum):
    """Whether a customer can have an offer, wherever and whenever it counts."""

    ELIGIBLE = "eligible"
    NEEDS_CODE = "needs_code"
    USED_UP = "used_up"


@dataclass(frozen=True, slots=True)
class Standing:
    """An offer as it stands for one customer."""

    offer: ActiveOffer
    eligibility: Eligibility


def standings_of(
    cart: Cart, offers: ActiveOffers, facts: AudienceFacts, *, codes: Mapping[str, str], used_up: frozenset[str]
) -> tuple[Standing, ...]:
    """Give the offers whose audience the customer is in, by id: of more than 100 those that would apply first."""
    theirs = [offer for offer in offers.offers if is_for(offer.terms.audience, facts, cart)][:MOST_STANDINGS]
    opened = frozenset(codes.values())
    return tuple(
        Standing(offer, _eligibility(offer, cart, opened, used_up))
        for offer in sorted(theirs, key=lambda offer: offer.offer_id)
    )


def version_of(standings: Sequence[Standing], depends_on: Sequence[int]) -> int:
    """Give a number that stands for this list: it grows with each version it depends on.

    What has no version here, such as a limit that other customers reached, is told by the lowest 20 bits, which are
    a checksum of the list; so is which of two replicas had read newer offers and which a newer cart.
    """
    lines = (f"{one.offer.offer_id}:{one.offer.version}:{one.eligibility}" for one in standings)
    checksum = zlib.crc32("\n".join(lines).encode()) % (1 << CONTENT_BITS)
    return (sum(depends_on) << CONTENT_BITS) + checksum


def _eligibility(offer: ActiveOffer, cart: Cart, opened: frozenset[str], used_up: frozenset[str]) -> Eligibility:
    if offer.offer_id in used_up or has_redeemed_all(offer, cart):
        return Eligibility.USED_UP
    if offer.terms.code_rule is not CodeRule.NONE and offer.offer_id not in opened:
        return Eligibility.NEEDS_CODE
    return Eligibility.ELIGIBLE
