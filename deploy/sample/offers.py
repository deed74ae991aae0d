"""Offers to begin with: two for one online, a fifth off in the stores, and a code for everybody.

A company replaces them by its own with SaveOffer; `make up` and the demo put them where none are.
"""

from collections.abc import Mapping

from omnithread.cart.v1.offer_pb2 import (
    OFFER_CODE_RULE_SHARED,
    OfferArticles,
    OfferChannels,
    OfferTerms,
    PercentageOff,
    PiecesForLess,
)
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_MOBILE_APP, CHANNEL_KIND_STORE, CHANNEL_KIND_WEB

LEATHER = "leather"
CARE = "care"
SAMPLE_CODE = "WINTER5"


def sample_offers() -> Mapping[str, OfferTerms]:
    """Give the offers by id."""
    return {
        "care-two-for-one": OfferTerms(
            name="Pflege: zwei zum Preis von einer",
            description="In Web und App",
            pieces_for_less=PiecesForLess(take_quantity=2, pay_quantity=1),
            articles=OfferArticles(categories=[CARE]),
            channels=OfferChannels(kinds=[CHANNEL_KIND_WEB, CHANNEL_KIND_MOBILE_APP]),
            priority=20,
            combinable=True,
        ),
        "leather-in-store": OfferTerms(
            name="20 % auf Leder in der Filiale",
            description="In allen Filialen",
            percentage_off=PercentageOff(basis_points=2000),
            articles=OfferArticles(categories=[LEATHER]),
            channels=OfferChannels(kinds=[CHANNEL_KIND_STORE]),
            priority=20,
            combinable=True,
        ),
        "winter": OfferTerms(
            name="5 % mit dem Wintercode",
            percentage_off=PercentageOff(basis_points=500),
            on_cart=True,
            code_rule=OFFER_CODE_RULE_SHARED,
            shared_code=SAMPLE_CODE,
            combinable=True,
        ),
    }
