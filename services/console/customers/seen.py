"""A customer's context as a page shows it: in parts, each of which comes from one section. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from omnithread import LiveContext
from omnithread.cart.v1.cart_pb2 import CartProblem
from omnithread.cart.v1.price_pb2 import CartPrice, ChannelPrice
from omnithread.context.v1.context_pb2 import (
    SECTION_CART,
    SECTION_JOURNEY,
    SECTION_MESSAGING,
    SECTION_OFFERS,
    SECTION_PREFERENCES,
    SECTION_PROBLEM_REASON_BEHIND,
    SECTION_PROBLEM_REASON_DEADLINE_EXCEEDED,
    SECTION_PROBLEM_REASON_FAILED,
    SECTION_PROBLEM_REASON_MERGE_PENDING,
    SECTION_PROBLEM_REASON_UNAVAILABLE,
    SECTION_PROBLEM_REASON_WITHHELD,
    SECTION_PROFILE,
    CustomerContext,
    Section,
    SectionProblem,
    SectionProblemReason,
)
from omnithread.context.v1.context_service_pb2 import GetCustomerContextResponse

MISSING = frozenset(
    {
        SECTION_PROBLEM_REASON_UNAVAILABLE,
        SECTION_PROBLEM_REASON_DEADLINE_EXCEEDED,
        SECTION_PROBLEM_REASON_FAILED,
        SECTION_PROBLEM_REASON_WITHHELD,
    }
)
WORDS: Mapping[SectionProblemReason.ValueType, str] = {
    SECTION_PROBLEM_REASON_UNAVAILABLE: "Not shown: the service that knows it does not answer.",
    SECTION_PROBLEM_REASON_DEADLINE_EXCEEDED: "Not shown: the service that knows it did not answer in time.",
    SECTION_PROBLEM_REASON_FAILED: "Not shown: the service that knows it answered with an error.",
    SECTION_PROBLEM_REASON_WITHHELD: "Not shown: nobody has said yet who is there.",
    SECTION_PROBLEM_REASON_MERGE_PENDING: "Not complete: what a merged customer had is still to come.",
    SECTION_PROBLEM_REASON_BEHIND: "Not complete: the newest events are still to come.",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One card on the page."""

    name: str
    title: str
    section: Section.ValueType


COLUMNS: Sequence[Sequence[Part]] = (
    (
        Part("cart", "Cart", SECTION_CART),
        Part("conversations", "Conversations", SECTION_MESSAGING),
        Part("journey", "Journey", SECTION_JOURNEY),
    ),
    (
        Part("who", "Who they are", SECTION_PROFILE),
        Part("messages", "Messages", SECTION_MESSAGING),
        Part("preferences", "Consents and preferences", SECTION_PREFERENCES),
        Part("offers", "Offers", SECTION_OFFERS),
        Part("orders", "Orders", SECTION_CART),
        Part("merges", "Merged customers", SECTION_PROFILE),
    ),
)
"""Side by side where there is room, else one below the other."""
PARTS: Sequence[Part] = tuple(part for column in COLUMNS for part in column)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a part is missing or not complete."""

    words: str
    reason: str
    missing: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What the suite says of a customer now."""

    context: CustomerContext
    problems: Sequence[SectionProblem]
    price: CartPrice
    other_prices: Sequence[ChannelPrice]
    cart_problems: Sequence[CartProblem]

    @property
    def customer_id(self) -> str:
        """Who it is."""
        return self.context.customer_id

    @property
    def name(self) -> str:
        """How to call them; empty where nobody has said it."""
        return " ".join(filter(None, (self.context.profile.given_name, self.context.profile.family_name)))

    @property
    def journey_id(self) -> str:
        """The present journey, or the last one; empty where that is not known."""
        return self.context.journey.journey.journey_id

    def trouble(self, part: Part) -> Trouble | None:
        """Say what is the matter with a part; None where nothing is."""
        for problem in self.problems:
            if problem.section == part.section:
                return Trouble(
                    words=WORDS.get(problem.reason, "Not complete."),
                    reason=SectionProblemReason.Name(problem.reason).removeprefix("SECTION_PROBLEM_REASON_"),
                    missing=problem.reason in MISSING,
                )
        return None

    def values(self, part: Part) -> dict[str, object]:
        """Give what the template of a part is told."""
        return {
            "part": part,
            "trouble": self.trouble(part),
            "customer_id": self.customer_id,
            "context": self.context,
            "price": self.price,
            "line_prices": {line.line_id: line for line in self.price.lines},
            "other_prices": self.other_prices,
            "cart_problems": self.cart_problems,
        }


def seen_of(answer: GetCustomerContextResponse | LiveContext) -> Seen:
    """Read an answer, or what a watcher knows; that has to be the whole context."""
    return Seen(
        context=answer.context,
        problems=answer.problems,
        price=answer.cart_price or CartPrice(),
        other_prices=answer.other_channel_prices,
        cart_problems=answer.cart_problems,
    )
