"""What cart reads from its environment beside what all services read."""

from pathlib import Path

from pydantic import Field

from libs.settings import ServiceSettings
from services.cart.merging.policies import MergePolicy


class CartSettings(ServiceSettings):
    """The settings of cart."""

    idle_after_seconds: float = Field(default=3600.0, gt=0, le=30 * 86400)
    """How long nobody has to touch a cart for it to be announced as abandoned. Counts from a cart's next change."""
    idle_sweep_seconds: float = Field(default=5.0, gt=0, le=3600)
    """How often every replica looks for idle and expired carts and for locks that are over; what it does is late by at
    most this."""
    article_look_seconds: float = Field(default=3.0, gt=0, le=3600)
    """How often every replica looks which articles the catalogue told others of; carts show it late by at most this."""
    expire_after_seconds: float = Field(default=90 * 86400.0, ge=0, le=1000 * 86400)
    """How long nobody has to touch a cart for it to expire: its lines are then saved for later. 0 for never.
    Counts from a cart's next change."""
    merge_policy: MergePolicy = MergePolicy.SUM
    """What becomes of the lines of a merged customer's cart: `sum`, `max`, `known_wins`, `guest_wins` or
    `guest_if_empty`; merges that are done stay as they were done."""
    handover_keys_file: Path = Path("handover-keys.json")
    """The secrets that tokens of hand-overs are signed with (JSON, newest first), readable by this service only; read
    again when it changes. Whoever has them can go on with any cart that is handed over."""
    journeys_file: Path | None = None
    """What a journey is (`libs/journey_rules.py`), the same as the aggregator's; empty means the built-in rules."""
    reservation_seconds: float = Field(default=60.0, gt=0, le=3600)
    """How long codes and limited offers stay reserved for an order that nobody says was placed, before the cart is
    asked. Longer than any checkout takes, since one that is slower is refused."""
    reservation_sweep_seconds: float = Field(default=5.0, gt=0, le=3600)
    """How often every replica looks for such reservations."""
