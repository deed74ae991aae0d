"""What others know of a customer that offers look at: the value, in a copy that `audience/book.py` keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

NO_TRAITS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class AudienceFacts:
    """Facts of others about one customer, as the copy has them."""

    version: int = 0
    """Of the copy; grows with every change of it; 0 where there is none."""
    known: bool = False
    """Whether the customer has a confirmed identity."""
    segment_ids: frozenset[str] = frozenset()
    traits: Mapping[str, str] = field(default_factory=lambda: NO_TRAITS)
    """As text; only those that some offer names."""
    journey_channel_kinds: frozenset[int] = frozenset()
    """Values of `ChannelKind`: where the customer acted in the present journey."""
    campaign_ids: frozenset[str] = frozenset()
    """The campaigns whose advertisements they clicked in the present journey."""


NO_FACTS = AudienceFacts()
