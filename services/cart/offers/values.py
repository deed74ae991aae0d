"""What an offer gives, to whom, when and where: frozen values, as its author wrote them."""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import TypeAlias

from services.cart.money import Money

NO_IDS: frozenset[str] = frozenset()
NO_KINDS: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class PercentageOff:
    """A share off."""

    basis_points: int
    """Hundredths of a percent."""


@dataclass(frozen=True, slots=True)
class AmountOff:
    """An amount off: on lines each piece, on the cart once."""

    amount: Money


@dataclass(frozen=True, slots=True)
class PiecesForLess:
    """Some pieces for the price of fewer."""

    take_quantity: int
    pay_quantity: int
    max_times: int = 0
    """0 means without limit."""


@dataclass(frozen=True, slots=True)
class FreeGift:
    """An article free of charge, once per order."""

    sku: str
    name: str
    quantity: int


@dataclass(frozen=True, slots=True)
class FreeDelivery:
    """The delivery fee off."""


Benefit: TypeAlias = PercentageOff | AmountOff | PiecesForLess | FreeGift | FreeDelivery


@dataclass(frozen=True, slots=True)
class OfferArticles:
    """Which lines an offer is for: those named by sku or category; every line where neither is given."""

    skus: frozenset[str] = NO_IDS
    categories: frozenset[str] = NO_IDS
    excluded_skus: frozenset[str] = NO_IDS


@dataclass(frozen=True, slots=True)
class OfferWindow:
    """When an offer counts, by the clock on a wall; `offers/windows.py` knows what that means."""

    time_zone: str
    """IANA name."""
    start_local_time: str = ""
    """`YYYY-MM-DDTHH:MM`; empty for from the beginning."""
    end_local_time: str = ""
    """`YYYY-MM-DDTHH:MM`, not included; empty for without end."""
    weekdays: frozenset[int] = NO_KINDS
    """1 (Monday) to 7; empty for every day."""
    day_start_minute: int = 0
    day_end_minute: int = 0
    """Not included; equal to the start for all day, before it for the next day."""


@dataclass(frozen=True, slots=True)
class OfferChannels:
    """Where an offer counts: on channels named by id or kind; everywhere where neither is given."""

    kinds: frozenset[int] = NO_KINDS
    channel_ids: frozenset[str] = NO_IDS


@dataclass(frozen=True, slots=True)
class TraitChoice:
    """Fulfilled where the customer's trait has one of the values."""

    name: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class OfferAudience:
    """For whom an offer is: whoever fulfils all that is given."""

    segment_ids: frozenset[str] = NO_IDS
    excluded_segment_ids: frozenset[str] = NO_IDS
    traits: tuple[TraitChoice, ...] = ()
    first_order: bool = False
    known: bool = False
    journey_channel_kinds: frozenset[int] = NO_KINDS
    campaign_ids: frozenset[str] = NO_IDS

    @property
    def looks_at_facts(self) -> bool:
        """Whether it takes more than cart's own orders to decide."""
        return replace(self, first_order=False) != EVERYBODY


EVERYBODY = OfferAudience()


class CodeRule(enum.StrEnum):
    """How a code opens an offer."""

    NONE = "none"
    SHARED = "shared"
    SINGLE_USE = "single_use"


@dataclass(frozen=True, slots=True)
class OfferTerms:
    """What an offer gives, to whom, when and where."""

    name: str
    benefit: Benefit
    description: str = ""
    brand: str = ""
    """Empty for all."""
    on_cart: bool = False
    articles: OfferArticles = OfferArticles()
    min_amount: Money | None = None
    min_quantity: int = 0
    window: OfferWindow | None = None
    """None means always."""
    channels: OfferChannels = OfferChannels()
    audience: OfferAudience = EVERYBODY
    code_rule: CodeRule = CodeRule.NONE
    shared_code: str = ""
    """In its normal form (`redemption/codes.py`)."""
    max_redemptions: int = 0
    """0 means without limit."""
    max_redemptions_per_customer: int = 0
    """0 means without limit."""
    priority: int = 0
    """The higher the earlier."""
    combinable: bool = False
    excluded_offer_ids: frozenset[str] = NO_IDS


class OfferState(enum.StrEnum):
    """Where an offer stands."""

    DRAFT = "draft"
    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer with its draft and the terms that count or counted last."""

    offer_id: str
    state: OfferState = OfferState.DRAFT
    version: int = 0
    """Counts its activations."""
    draft: OfferTerms | None = None
    terms: OfferTerms | None = None
    """Of `version`; None for what was never active."""
    create_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class ActiveOffer:
    """An offer that counts within its window."""

    offer_id: str
    version: int
    terms: OfferTerms


NO_OFFER: Mapping[str, ActiveOffer] = MappingProxyType({})
NO_CODES: Mapping[str, str] = MappingProxyType({})
NO_LIMITS: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ActiveOffers:
    """All offers that count, as they were committed at one moment."""

    offers: tuple[ActiveOffer, ...] = ()
    """In the order of their application: the higher priority first, of equal ones the smaller id."""
    edition: int = 0
    """Grows with every change of any offer."""
    by_id: Mapping[str, ActiveOffer] = field(default_factory=lambda: NO_OFFER)
    by_shared_code: Mapping[str, str] = field(default_factory=lambda: NO_CODES)
    """The offer's id by the code, in its normal form."""
    trait_names: frozenset[str] = NO_IDS
    """The traits that some offer looks at."""
    look_at_facts: bool = False
    """Whether some offer looks at facts that others know of the customer."""
    has_windows: bool = False
    """Whether some offer counts at some times only."""
    limits: Mapping[str, int] = field(default_factory=lambda: NO_LIMITS)
    """How often each may be redeemed in all, by the ids of those that have such a limit."""

    @classmethod
    def of(cls, offers: Iterable[ActiveOffer], edition: int) -> "ActiveOffers":
        """Put offers into their order. Of two with one code the smaller id has it."""
        ordered = tuple(sorted(offers, key=lambda offer: (-offer.terms.priority, offer.offer_id)))
        by_id = {offer.offer_id: offer for offer in sorted(ordered, key=lambda offer: offer.offer_id, reverse=True)}
        return cls(
            offers=ordered,
            edition=edition,
            by_id=MappingProxyType(by_id),
            by_shared_code=MappingProxyType(
                {one.terms.shared_code: one.offer_id for one in by_id.values() if one.terms.shared_code}
            ),
            trait_names=frozenset(trait.name for one in ordered for trait in one.terms.audience.traits),
            look_at_facts=any(one.terms.audience.looks_at_facts for one in ordered),
            has_windows=any(one.terms.window is not None for one in ordered),
            limits=MappingProxyType(
                {one.offer_id: one.terms.max_redemptions for one in ordered if one.terms.max_redemptions}
            ),
        )


NO_OFFERS = ActiveOffers()
