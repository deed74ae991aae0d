"""Puts together what concerns checkouts: codes that are entered and added, what is reserved, and the orders."""

from dataclasses import dataclass

from libs.service import Foundation
from services.cart.checkout.operations import Checkouts
from services.cart.offers.parts import OfferParts
from services.cart.operations import Carts
from services.cart.pricing.operations import Pricing
from services.cart.redemption.code_batches import CodeBatches
from services.cart.redemption.code_entry import CodeEntry
from services.cart.redemption.code_tries import CodeTries
from services.cart.redemption.settling import Settling
from services.cart.redemption.sweep import RedemptionSweep
from services.cart.settings import CartSettings


@dataclass(frozen=True, slots=True)
class CheckoutParts:
    """The parts that take codes and place orders."""

    checkouts: Checkouts
    code_entry: CodeEntry
    code_batches: CodeBatches
    reservations: RedemptionSweep


def checkout_parts(
    settings: CartSettings, foundation: Foundation, *, carts: Carts, offering: OfferParts, pricing: Pricing
) -> CheckoutParts:
    """Put them together."""
    database, clock = foundation.database, foundation.clock
    codes, documents = offering.codes, offering.offers.documents
    settling = Settling(carts.records, database, offering.redemptions)
    tries = CodeTries(database, clock=clock)
    return CheckoutParts(
        checkouts=Checkouts(carts, pricing, offering.book, settling),
        code_entry=CodeEntry(carts, codes, tries, offering.book, documents),
        code_batches=CodeBatches(database, codes=codes, offers=documents, clock=clock),
        reservations=RedemptionSweep(
            settling=settling,
            clock=clock,
            reservation_seconds=settings.reservation_seconds,
            pause_seconds=settings.reservation_sweep_seconds,
        ),
    )
