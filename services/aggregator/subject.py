"""What contexts are told apart by, for those who share what is read. Values only."""

from dataclasses import dataclass, replace

from libs.rpc.call import Caller
from omnithread.context.v1.context_pb2 import SECTION_CART, SECTION_JOURNEY, SECTION_OFFERS, SECTION_PROFILE
from services.aggregator.context import ALL_SECTIONS, AREAS


@dataclass(frozen=True, slots=True)
class Subject:
    """A customer, some sections, and a channel: whoever asks for the same is told the same."""

    customer_id: str
    """As those who ask name the customer; one who was merged away goes on under the survivor's id."""
    wanted: frozenset[int]
    caller: Caller
    """The channel, without the member of staff who looks: what is told does not depend on them."""

    @classmethod
    def of(cls, customer_id: str, wanted: frozenset[int], caller: Caller) -> "Subject":
        """Name what a caller asks for."""
        return cls(customer_id, wanted, replace(caller, actor_id=""))

    @property
    def follows_facts(self) -> bool:
        """Whether what is told follows from profile and journey by way of cart, which is told of them by events."""
        return bool(self.wanted & {SECTION_CART, SECTION_OFFERS})

    def concerns(self, area: str) -> bool:
        """Say whether an event of an area can change what is told; profile says who the customer is."""
        return area in _areas_behind(self.wanted)


def _areas_behind(wanted: frozenset[int]) -> frozenset[str]:
    sections = ALL_SECTIONS if SECTION_JOURNEY in wanted else wanted | {SECTION_PROFILE}
    return frozenset(AREAS[section] for section in sections)
