"""Begins a visit with what a customer carried over from another channel. A hand-over is no login.

Whoever holds a token may go on with the cart and the journey; it does not say who they are. What the identifiers of
the visit say decides (docs/decisions/0021): a guest who handed over is joined to whom they name; a known customer is
joined to nobody, and what is personal is shown only where the identifiers name that very customer.

A retry comes to the same end: the hand-over is redeemed and the customer identified under the same request ids, and
both know what they did.
"""

import hashlib
from dataclasses import dataclass

from libs.errors import OmnithreadError
from omnithread.cart.v1.handover_service_pb2 import RedeemHandoverRequest, RedeemHandoverResponse
from omnithread.context.v1.context_service_pb2 import (
    HANDOVER_OUTCOME_CARRIED_ON,
    HANDOVER_OUTCOME_JOINED,
    HANDOVER_OUTCOME_SAME_CUSTOMER,
    HANDOVER_OUTCOME_SOMEBODY_ELSE,
    HandoverOutcome,
    HandoverResult,
    StartSessionRequest,
)
from omnithread.profile.v1.profile_pb2 import (
    CUSTOMER_KIND_KNOWN,
    IDENTIFIER_KIND_COOKIE,
    IDENTIFIER_KIND_DEVICE,
    Identifier,
)
from omnithread.profile.v1.profile_service_pb2 import (
    IDENTIFY_OUTCOME_MERGED,
    GetProfileRequest,
    GetProfileResponse,
    IdentifyResponse,
)
from services.aggregator.arrivals import Arrival, identified_arrival, withheld_arrival
from services.aggregator.budget import Budget
from services.aggregator.identifying import Identifying, needed
from services.aggregator.sources import Sources

REDEEM_SHARE = 0.5
"""Of the caller's time: without cart's answer nobody knows whose visit it is."""
MACHINES = frozenset({IDENTIFIER_KIND_COOKIE, IDENTIFIER_KIND_DEVICE})


@dataclass(frozen=True, slots=True)
class Handovers:
    """Goes on with hand-overs."""

    sources: Sources
    identifying: Identifying

    async def arrive(self, request: StartSessionRequest, budget: Budget) -> Arrival:
        """Redeem the hand-over in the channel's name, and find out whose visit it is and what may be shown.

        Raises cart's refusals and profile's, and DEPENDENCY_UNAVAILABLE where one of the two does not answer.
        """
        redeemed = await self._redeem(request, budget)
        # Cart may not have heard yet that they were merged; profile knows.
        owner = await self.identifying.find(GetProfileRequest(customer_id=redeemed.customer_id), budget, own=True)
        if owner.profile.kind == CUSTOMER_KIND_KNOWN:
            refused = await self._outcome_without_identifying(request, owner, budget)
        else:
            refused = None if request.identifiers else HANDOVER_OUTCOME_CARRIED_ON
        if refused is not None:
            return withheld_arrival(owner, _result(redeemed, refused))
        handed_over_by = redeemed.handed_over_by_customer_id
        identified = await self.identifying.identify(request, budget, continued_guest_id=handed_over_by)
        if not await self._is_one(owner, identified, budget):
            owner = await self.identifying.find(GetProfileRequest(customer_id=redeemed.customer_id), budget, own=True)
            return withheld_arrival(owner, _result(redeemed, HANDOVER_OUTCOME_SOMEBODY_ELSE))
        return identified_arrival(
            identified, handover=_result(redeemed, _outcome_of_one(owner, identified, handed_over_by))
        )

    async def _outcome_without_identifying(
        self, request: StartSessionRequest, owner: GetProfileResponse, budget: Budget
    ) -> HandoverOutcome.ValueType | None:
        """Say what becomes of a known customer's hand-over; None where the identifiers name that very customer.

        Only then they are used.
        """
        proofs, machines = _sorted_out(request)
        if owner.profile.customer_id in await self.identifying.named_by(proofs or machines, budget):
            return None
        return HANDOVER_OUTCOME_SOMEBODY_ELSE if proofs else HANDOVER_OUTCOME_CARRIED_ON

    async def _is_one(self, owner: GetProfileResponse, identified: IdentifyResponse, budget: Budget) -> bool:
        """Say whether the one who handed over and the one who was identified are one customer by now."""
        customer_id = identified.profile.customer_id
        if owner.profile.customer_id == customer_id:
            return True
        standing = await self.identifying.find(
            GetProfileRequest(customer_id=owner.profile.customer_id), budget, own=True
        )
        return standing.profile.customer_id == customer_id

    async def _redeem(self, request: StartSessionRequest, budget: Budget) -> RedeemHandoverResponse:
        asked = RedeemHandoverRequest(
            request_id=f"visit-{hashlib.sha256(request.request_id.encode()).hexdigest()[:40]}",
            issue_time=request.issue_time,
        )
        if request.HasField("handover_token"):
            asked.token = request.handover_token
        else:
            asked.code = request.handover_code
        try:
            return await self.sources.redeem(asked, timeout_seconds=budget.share_seconds(REDEEM_SHARE))
        except OmnithreadError as error:
            raise needed(error, "cart") from error


def _sorted_out(request: StartSessionRequest) -> tuple[list[Identifier], list[Identifier]]:
    """Give the identifiers that prove who is there, and those of a machine that several people may use."""
    machines = [one for one in request.identifiers if one.kind in MACHINES]
    return [one for one in request.identifiers if one.verified and one.kind not in MACHINES], machines


def _outcome_of_one(
    owner: GetProfileResponse, identified: IdentifyResponse, handed_over_by: str
) -> HandoverOutcome.ValueType:
    """Say whether it was the same customer all along, or a guest became part of another, then or now."""
    customer_id = identified.profile.customer_id
    took_another = identified.outcome == IDENTIFY_OUTCOME_MERGED and owner.profile.kind != CUSTOMER_KIND_KNOWN
    is_same = handed_over_by == customer_id and not took_another
    return HANDOVER_OUTCOME_SAME_CUSTOMER if is_same else HANDOVER_OUTCOME_JOINED


def _result(redeemed: RedeemHandoverResponse, outcome: HandoverOutcome.ValueType) -> HandoverResult:
    return HandoverResult(
        handover_id=redeemed.handover_id,
        outcome=outcome,
        cart_id=redeemed.cart_id,
        cart_state=redeemed.handed_cart_state,
        order_id=redeemed.order_id,
        from_channel=redeemed.from_channel,
    )
