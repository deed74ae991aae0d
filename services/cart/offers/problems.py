"""What somebody should know about the codes that were entered, before the customer pays. Pure."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from services.cart.offers.values import ActiveOffers
from services.cart.offers.windows import is_over
from services.cart.pricing.bars import bar_of
from services.cart.pricing.circumstances import Circumstances
from services.cart.pricing.values import UnappliedReason
from services.cart.values import Cart

FOR_OTHERS = frozenset(
    (UnappliedReason.NOT_IN_AUDIENCE, UnappliedReason.LIMIT_REACHED, UnappliedReason.CUSTOMER_LIMIT_REACHED)
)


class CodeProblemKind(enum.StrEnum):
    """What is the matter with a code."""

    OFFER_ENDED = "offer_ended"
    OFFER_NOT_HERE = "offer_not_here"
    CODE_NOT_USABLE = "code_not_usable"


@dataclass(frozen=True, slots=True)
class CodeProblem:
    """One code that does not do what the customer hopes for."""

    kind: CodeProblemKind
    offer_code: str
    offer_id: str = ""
    """Empty where no offer is known by the code."""


def code_problems(
    cart: Cart, offers: ActiveOffers, circumstances: Circumstances, *, ended: Mapping[str, str]
) -> tuple[CodeProblem, ...]:
    """Give the problems of the codes in the cart, in the order of entry; `ended` are the codes of offers that ended."""
    found = (_problem(code, cart, offers, circumstances, ended) for code in cart.offer_codes)
    return tuple(problem for problem in found if problem)


def _problem(
    code: str, cart: Cart, offers: ActiveOffers, circumstances: Circumstances, ended: Mapping[str, str]
) -> CodeProblem | None:
    offer_id = circumstances.codes.get(code) or circumstances.used_codes.get(code, "")
    if not offer_id:
        kind = CodeProblemKind.OFFER_ENDED if code in ended else CodeProblemKind.CODE_NOT_USABLE
        return CodeProblem(kind, code, ended.get(code, ""))
    offer = offers.by_id.get(offer_id)
    if offer is None or (offer.terms.window and is_over(offer.terms.window, circumstances.now)):
        return CodeProblem(CodeProblemKind.OFFER_ENDED, code, offer_id)
    if code in circumstances.used_codes:
        return CodeProblem(CodeProblemKind.CODE_NOT_USABLE, code, offer_id)
    bar = bar_of(offer, cart, circumstances)
    if bar is UnappliedReason.OTHER_CHANNEL:
        return CodeProblem(CodeProblemKind.OFFER_NOT_HERE, code, offer_id)
    return CodeProblem(CodeProblemKind.CODE_NOT_USABLE, code, offer_id) if bar in FOR_OTHERS else None
