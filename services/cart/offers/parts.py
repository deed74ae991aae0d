"""Puts together what concerns offers: what is written of them, what this replica knows, and what was redeemed."""

from dataclasses import dataclass

from libs.rpc.channels import ChannelRegistry
from libs.service import Foundation
from services.cart.audience.book import AudienceBook
from services.cart.offers.book import OfferBook
from services.cart.offers.fields import OFFER_SHAPE, OFFERS
from services.cart.offers.operations import Offers
from services.cart.pricing.operations import Pricing
from services.cart.redemption.codes import Codes
from services.cart.redemption.counters import RedemptionCounters
from services.cart.redemption.operations import Redemptions


@dataclass(frozen=True, slots=True)
class OfferParts:
    """The parts that know offers."""

    offers: Offers
    book: OfferBook
    codes: Codes
    redemptions: Redemptions
    channels: ChannelRegistry


def offer_parts(foundation: Foundation) -> OfferParts:
    """Put them together."""
    database, clock = foundation.database, foundation.clock
    documents = foundation.documents(OFFERS, OFFER_SHAPE)
    book = OfferBook(documents=documents)
    codes = Codes(database, clock=clock)
    channels = foundation.channels
    offers = Offers(documents=documents, database=database, book=book, codes=codes, channels=channels, clock=clock)
    redemptions = Redemptions(codes, RedemptionCounters(database, clock=clock))
    return OfferParts(offers, book, codes, redemptions, channels)


def pricing_of(parts: OfferParts, foundation: Foundation, audience: AudienceBook) -> Pricing:
    """Put together what works out prices."""
    return Pricing(
        book=parts.book,
        audience=audience,
        codes=parts.codes,
        redemptions=parts.redemptions,
        channels=parts.channels,
        clock=foundation.clock,
    )
