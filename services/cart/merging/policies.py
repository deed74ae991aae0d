"""By which policy the lines of a merged customer's cart come to the customer who remains."""

import enum


class MergePolicy(enum.StrEnum):
    """What becomes of an article that both carts have, or of the whole cart of the merged customer.

    Whatever is not taken over stays in the merged customer's sealed record and in the report of the merge.
    """

    SUM = "sum"
    """Its pieces are added."""
    MAX = "max"
    """The larger number of pieces stands."""
    KNOWN_WINS = "known_wins"
    """The number of the customer who remains stands; what only the merged one has is added."""
    GUEST_WINS = "guest_wins"
    """The number of the merged customer stands; what only they have is added."""
    GUEST_IF_EMPTY = "guest_if_empty"
    """The merged customer's cart is taken over only where that of the customer who remains is empty."""
