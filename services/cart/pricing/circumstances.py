"""What a price depends on beside the cart and the offers: frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from libs.channel import Channel
from services.cart.audience.facts import AudienceFacts
from services.cart.money import Money


@dataclass(frozen=True, slots=True)
class Circumstances:
    """All that a price depends on beside the cart and the offers."""

    channel: Channel
    brand: str
    """Of the channel."""
    now: datetime
    facts: AudienceFacts
    codes: Mapping[str, str]
    """The offers' ids by the codes that were entered and can be used, in their normal form."""
    used_codes: Mapping[str, str]
    """The same of codes that were used, or are just being used."""
    used_up: frozenset[str]
    """Offers that were redeemed as often as they may be, in all."""
    delivery_fee: Money | None = None
    """In the cart's currency."""
