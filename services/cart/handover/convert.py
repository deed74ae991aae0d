"""Translates words of hand-overs: what the contract says, and what the model says."""

from datetime import timedelta

from libs.timestamps import to_timestamp
from omnithread.cart.v1 import cart_internal_service_pb2, cart_pb2
from omnithread.cart.v1 import handover_service_pb2 as pb
from services.cart.convert import cart_to_proto
from services.cart.handover.operations import HandedOver, Redeemed, Wish
from services.cart.values import Cart, PastState

DEFAULT_LIFETIME_SECONDS = 900
LEAST_LIFETIME_SECONDS = 60


def wish_from_request(request: pb.CreateHandoverRequest) -> Wish:
    """Read how the customer will carry it over."""
    return Wish(
        lifetime=timedelta(seconds=max(LEAST_LIFETIME_SECONDS, request.lifetime_seconds or DEFAULT_LIFETIME_SECONDS)),
        single_use=request.single_use,
        with_code=request.with_code,
        link_template=request.link_template,
        with_picture=request.with_picture,
    )


def wish_of_link(request: cart_internal_service_pb2.CreateResumeLinkRequest) -> Wish:
    """Read where a link in a message leads, and how long."""
    return Wish(lifetime=timedelta(seconds=request.lifetime_seconds), link_template=request.link_template)


def handed_over_to_proto(made: HandedOver) -> pb.CreateHandoverResponse:
    """Write what is carried over."""
    handover = made.handover
    return pb.CreateHandoverResponse(
        handover_id=handover.handover_id,
        token=made.token,
        link=made.link,
        code=made.code,
        picture_png=made.picture_png,
        expire_time=to_timestamp(handover.expire_time),
        code_expire_time=to_timestamp(handover.code.expire_time) if handover.code else None,
        replayed=made.replayed,
    )


def redeemed_to_proto(redeemed: Redeemed) -> pb.RedeemHandoverResponse:
    """Write with what to go on."""
    handover, saved = redeemed.handover, redeemed.outcome.saved
    state, order_id = fate_of(handover.cart_id, saved.state)
    return pb.RedeemHandoverResponse(
        handover_id=handover.handover_id,
        customer_id=saved.customer_id,
        cart_id=handover.cart_id,
        handed_cart_state=state,
        order_id=order_id,
        cart=_without_person(cart_to_proto(saved)),
        from_channel=handover.channel.to_proto(),
        traceparent=handover.traceparent,
        replayed=redeemed.outcome.replayed,
        head=saved.head(),
        handed_over_by_customer_id=handover.customer_id,
    )


def _without_person(cart: cart_pb2.Cart) -> cart_pb2.Cart:
    """Leave out what staff noted and what was ordered before: whoever has the token has not said who they are."""
    cart.ClearField("notes")
    cart.ClearField("past_carts")
    cart.ClearField("offer_codes")
    return cart


def fate_of(cart_id: str, cart: Cart) -> tuple[cart_pb2.CartState.ValueType, str]:
    """Say what became of a cart that the customer had, and with ORDERED its order; unspecified once that is forgotten.

    Who had not put in anything yet handed over whatever is there now.
    """
    if cart_id in {"", cart.cart_id}:
        return cart_pb2.CART_STATE_LOCKED if cart.lock else cart_pb2.CART_STATE_ACTIVE, ""
    past = next((past for past in cart.past_carts if past.cart_id == cart_id), None)
    if past is not None:
        order_id = past.order_id if past.state is PastState.ORDERED else ""
        return cart_pb2.CartState.Value(f"CART_STATE_{past.state.name}"), order_id
    order = next((order for order in cart.recent_orders if order.cart_id == cart_id), None)
    if order is not None:
        return cart_pb2.CART_STATE_ORDERED, order.order_id
    return cart_pb2.CART_STATE_UNSPECIFIED, ""
