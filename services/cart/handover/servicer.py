"""Translates calls: one short method per RPC of `HandoverService`."""

from libs.rpc.call import stamp_of
from libs.telemetry.journey import add_journey_labels
from omnithread.cart.v1 import handover_service_pb2 as pb
from omnithread.cart.v1.handover_service_pb2_grpc import HandoverServiceServicer
from services.cart.handover.convert import handed_over_to_proto, redeemed_to_proto, wish_from_request
from services.cart.handover.operations import Handovers


class HandoverServicer(HandoverServiceServicer):
    """Answers what channels ask to hand a cart over, and to go on with it."""

    def __init__(self, handovers: Handovers) -> None:
        self._handovers = handovers

    async def CreateHandover(self, request: pb.CreateHandoverRequest, _context: object) -> pb.CreateHandoverResponse:
        made = await self._handovers.create(request.customer_id, wish_from_request(request), stamp_of(request))
        return handed_over_to_proto(made)

    async def RedeemHandover(self, request: pb.RedeemHandoverRequest, _context: object) -> pb.RedeemHandoverResponse:
        stamp = stamp_of(request)
        if request.HasField("token"):
            redeemed = await self._handovers.redeem_token(request.token, stamp)
        else:
            redeemed = await self._handovers.redeem_code(request.code, stamp)
        add_journey_labels(customer_id=redeemed.outcome.saved.customer_id)
        return redeemed_to_proto(redeemed)

    async def RevokeHandover(self, request: pb.RevokeHandoverRequest, _context: object) -> pb.RevokeHandoverResponse:
        await self._handovers.revoke(request.customer_id, request.handover_id, stamp_of(request))
        return pb.RevokeHandoverResponse()
