"""Prices that were worked out before, each for as long as all that it depends on is the same.

A customer who goes from page to page has the same cart, and the same offers count: what that costs is worked out once.
The time counts only where some offer has a window; then nothing is remembered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from libs.lately_used import LatelyUsed
from libs.mongo.values import Saved
from libs.rpc.channels import Channel as Registered
from services.cart.offers.values import ActiveOffers
from services.cart.pricing.channel_groups import ChannelGroup
from services.cart.pricing.circumstances import Circumstances
from services.cart.values import Cart

Priced = TypeVar("Priced")

MOST = 1000
MOST_LINES = 50
"""A larger cart's price takes much room, and is rare."""


@dataclass(frozen=True, slots=True)
class Basis:
    """All that prices and standings depend on."""

    saved: Saved[Cart]
    offers: ActiveOffers
    asking: Registered | None
    groups: tuple[ChannelGroup, ...]
    circumstances: Circumstances
    ended: Mapping[str, str]
    """Codes of offers that have ended."""

    @property
    def name(self) -> tuple[str, str]:
        """Under which it is remembered: one for a customer at a channel."""
        return self.saved.customer_id, self.circumstances.channel.id

    @property
    def lasts(self) -> bool:
        """Whether time changes nothing."""
        return not self.offers.has_windows and len(self.saved.state.lines) <= MOST_LINES

    def is_as(self, other: "Basis") -> bool:
        """Say whether nothing has changed since the other: what is read whole is the very same, the rest is equal."""
        return (
            self.saved is other.saved
            and self.offers is other.offers
            and self.asking is other.asking
            and self.groups is other.groups
            and self.ended == other.ended
            and _beside_time(self.circumstances) == _beside_time(other.circumstances)
        )


class RememberedPrices(Generic[Priced]):
    """Those that were asked for lately."""

    def __init__(self, *, most: int = MOST) -> None:
        self._known: LatelyUsed[tuple[str, str], tuple[Basis, Priced]] = LatelyUsed(most=most)

    def find(self, basis: Basis) -> Priced | None:
        """Give what was worked out on the same basis."""
        known = self._known.find(basis.name)
        return known[1] if known is not None and known[0].is_as(basis) else None

    def keep(self, basis: Basis, priced: Priced) -> None:
        """Remember it, where it lasts; the longest unused make room."""
        if basis.lasts:
            self._known.keep(basis.name, (basis, priced))
        else:
            self._known.forget(basis.name)


def _beside_time(circumstances: Circumstances) -> tuple[object, ...]:
    return (
        circumstances.channel,
        circumstances.brand,
        circumstances.facts,
        circumstances.codes,
        circumstances.used_codes,
        circumstances.used_up,
        circumstances.delivery_fee,
    )
