"""What a cart costs on one channel at one time, and why: frozen values, kept with an order as they were."""

import enum
from dataclasses import dataclass
from datetime import datetime

from libs.channel import Channel
from services.cart.line_values import LineId
from services.cart.money import Money


class UnappliedReason(enum.StrEnum):
    """Why an offer does not count in a price: the first that was met, in this order."""

    OTHER_CHANNEL = "other_channel"
    OUTSIDE_WINDOW = "outside_window"
    NOT_IN_AUDIENCE = "not_in_audience"
    CODE_MISSING = "code_missing"
    CODE_USED = "code_used"
    LIMIT_REACHED = "limit_reached"
    CUSTOMER_LIMIT_REACHED = "customer_limit_reached"
    NO_MATCHING_LINE = "no_matching_line"
    BELOW_MINIMUM = "below_minimum"
    NOT_COMBINABLE = "not_combinable"
    OTHER_CURRENCY = "other_currency"
    NOTHING_LEFT = "nothing_left"
    NO_DELIVERY = "no_delivery"


@dataclass(frozen=True, slots=True)
class LineDiscount:
    """What one offer takes off one line."""

    offer_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class LinePrice:
    """The price of one line."""

    line_id: LineId
    full: Money
    discounts: tuple[LineDiscount, ...]
    """In the order of application."""
    total: Money
    tax: Money
    """On the total, be it in it or not."""


@dataclass(frozen=True, slots=True)
class Gift:
    """Something that an offer gives free of charge."""

    offer_id: str
    sku: str
    name: str
    quantity: int


@dataclass(frozen=True, slots=True)
class AppliedOffer:
    """An offer that counts, as it was."""

    offer_id: str
    version: int
    name: str
    amount: Money
    """What it takes off in all."""
    offer_code: str = ""
    """The code that opened it, in its normal form."""


@dataclass(frozen=True, slots=True)
class UnappliedOffer:
    """An offer that does not count."""

    offer_id: str
    version: int
    name: str
    reason: UnappliedReason
    missing_amount: Money | None = None
    missing_quantity: int = 0


@dataclass(frozen=True, slots=True)
class Price:
    """What a cart with at least one line costs."""

    channel: Channel
    time: datetime
    lines: tuple[LinePrice, ...]
    gifts: tuple[Gift, ...]
    subtotal: Money
    discount_total: Money
    delivery_fee: Money | None
    """None where it was not stated."""
    delivery_discount: Money
    tax_total: Money
    total: Money
    applied: tuple[AppliedOffer, ...] = ()
    """In the order of application."""
    unapplied: tuple[UnappliedOffer, ...] = ()
    """By offer id. Not kept with an order."""
    facts_version: int = 0
    offers_edition: int = 0
