"""Who has come: for whom a visit begins, and what may be shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from omnithread.context.v1.context_service_pb2 import HandoverResult
from omnithread.profile.v1.profile_pb2 import Merge
from omnithread.profile.v1.profile_service_pb2 import (
    IDENTIFY_OUTCOME_UNSPECIFIED,
    GetProfileResponse,
    IdentifyOutcome,
    IdentifyResponse,
    SetAsideIdentifier,
)
from services.aggregator.context import SectionRead
from services.aggregator.sources import profile_section


@dataclass(frozen=True, slots=True)
class Arrival:
    """The customer for whom a visit begins."""

    customer_id: str
    profile: SectionRead
    """As it has just been answered."""
    outcome: IdentifyOutcome.ValueType = IDENTIFY_OUTCOME_UNSPECIFIED
    """Unspecified where nobody was identified."""
    set_aside: Sequence[SetAsideIdentifier] = ()
    pending_merges: Sequence[Merge] = ()
    entrance_customer_id: str = ""
    handover: HandoverResult | None = None
    withheld: bool = False
    """Whether what is personal is left out: nobody has said that the customer is there."""


def identified_arrival(identified: IdentifyResponse, *, handover: HandoverResult | None = None) -> Arrival:
    """Give the arrival of somebody who said who they are."""
    return Arrival(
        customer_id=identified.profile.customer_id,
        profile=profile_section(identified.profile, identified.head),
        outcome=identified.outcome,
        set_aside=identified.set_aside,
        pending_merges=identified.pending_merges,
        entrance_customer_id=identified.entrance_customer_id,
        handover=handover,
    )


def withheld_arrival(owner: GetProfileResponse, handover: HandoverResult) -> Arrival:
    """Give the arrival of somebody who goes on with another one's cart, or with their own without saying so."""
    return Arrival(
        customer_id=owner.profile.customer_id,
        profile=profile_section(owner.profile, owner.head),
        handover=handover,
        withheld=True,
    )
