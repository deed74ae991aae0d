"""A customer's context as a watcher knows it: put together from what a stream tells. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from omnithread.cart.v1.cart_pb2 import CartProblem
from omnithread.cart.v1.price_pb2 import CartPrice, ChannelPrice
from omnithread.context.v1.context_pb2 import (
    SECTION_CART,
    SECTION_JOURNEY,
    SECTION_MESSAGING,
    SECTION_OFFERS,
    SECTION_PREFERENCES,
    SECTION_PROFILE,
    CustomerContext,
    Section,
    SectionProblem,
)
from omnithread.context.v1.watch_service_pb2 import CustomerContextUpdate

FIELDS = {
    SECTION_PROFILE: "profile",
    SECTION_CART: "cart",
    SECTION_PREFERENCES: "preferences",
    SECTION_MESSAGING: "messaging",
    SECTION_JOURNEY: "journey",
    SECTION_OFFERS: "offers",
}


@dataclass(frozen=True, slots=True)
class LiveContext:
    """The newest state of a customer's context."""

    context: CustomerContext
    """With `changed_sections_only`, only what changed; else all that was asked for and is there."""
    problems: Sequence[SectionProblem]
    """Which sections are missing or not complete."""
    cart_price: CartPrice | None
    """What the cart costs on this channel; None where it is empty or was not asked for."""
    other_channel_prices: Sequence[ChannelPrice]
    cart_problems: Sequence[CartProblem]
    changed_sections: tuple[Section.ValueType, ...]
    """What differs from the one before, by section; empty where only prices or problems do."""
    snapshot: bool
    """Whether it begins anew: the first one, and after the customer was merged into another (`context.customer_id`)."""


class Live:
    """Takes in updates, and gives the newest state when somebody has time for it."""

    def __init__(self, *, changed_sections_only: bool) -> None:
        self._changed_sections_only = changed_sections_only
        self._whole = CustomerContext()
        self._last = CustomerContextUpdate()
        self._changed: set[Section.ValueType] = set()
        self._snapshot = False
        self._is_new = False

    def take_in(self, update: CustomerContextUpdate) -> None:
        """Put an update, whose context may hold only what changed, to what is known."""
        if update.snapshot:
            self._whole = CustomerContext()
            self._changed, self._snapshot = set(), True
        for section in update.changed_sections:
            name = FIELDS.get(section)
            if name is not None:  # one that a newer suite has
                self._whole.ClearField(name)  # type: ignore[arg-type]  # one of the names of its fields
        partial, self._last = update.context, update
        self._whole.ClearField("versions")
        self._whole.MergeFrom(partial)
        self._changed.update(update.changed_sections)
        self._is_new = True

    def newest(self) -> LiveContext | None:
        """Give what is known; None where it was given already."""
        if not self._is_new:
            return None
        changed, snapshot = tuple(sorted(self._changed)), self._snapshot
        self._changed, self._snapshot, self._is_new = set(), False, False
        update = self._last
        return LiveContext(
            context=self._told(changed, whole=snapshot or not self._changed_sections_only),
            problems=update.problems,
            cart_price=update.cart_price if update.HasField("cart_price") else None,
            other_channel_prices=update.other_channel_prices,
            cart_problems=update.cart_problems,
            changed_sections=changed,
            snapshot=snapshot,
        )

    def _told(self, changed: Sequence[Section.ValueType], *, whole: bool) -> CustomerContext:
        told = CustomerContext()
        told.CopyFrom(self._whole)
        if not whole:
            for section, name in FIELDS.items():
                if section not in changed:
                    told.ClearField(name)  # type: ignore[arg-type]  # as above
        return told
