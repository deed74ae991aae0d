"""Translates words about codes: what is kept of them into what the contract says."""

from libs.timestamps import to_timestamp
from omnithread.cart.v1 import offer_service_pb2 as pb
from services.cart.redemption.codes import Code, CodeState

STATES = {
    CodeState.SHARED: pb.OFFER_CODE_STATE_FREE,
    CodeState.FREE: pb.OFFER_CODE_STATE_FREE,
    CodeState.RESERVED: pb.OFFER_CODE_STATE_RESERVED,
    CodeState.REDEEMED: pb.OFFER_CODE_STATE_REDEEMED,
}


def code_to_proto(code: Code) -> pb.GetOfferCodeResponse:
    """Write what became of a code."""
    return pb.GetOfferCodeResponse(
        offer_id=code.offer_id,
        state=STATES[code.state],
        order_id=code.order_id,
        redeem_time=to_timestamp(code.redeem_time) if code.redeem_time else None,
    )
