"""Calls about orders, offers and carts that are handed over, as they can be made by a customer of one's own."""

from google.protobuf.message import Message

from libs.clock import system_clock
from libs.timestamps import to_timestamp
from omnithread.cart.v1 import cart_service_pb2 as cart_pb
from omnithread.cart.v1 import handover_service_pb2 as handover_pb
from omnithread.cart.v1 import offer_service_pb2 as offer_pb
from omnithread.cart.v1 import order_pb2
from omnithread.cart.v1 import order_service_pb2 as order_pb
from omnithread.cart.v1.cart_internal_service_pb2 import CreateResumeLinkRequest
from omnithread.cart.v1.offer_pb2 import OFFER_CODE_RULE_SINGLE_USE, OfferArticles, OfferTerms, PercentageOff
from tests.faults.retries.case import Case, seed
from tests.faults.retries.house import STORE, Who
from tests.faults.retries.requests_cart import CART, PRICE, with_a_cart

ORDERS, OFFERS, HANDOVERS = "cart.v1.OrderService/", "cart.v1.OfferService/", "cart.v1.HandoverService/"


async def ordered(case: Case) -> tuple[str, str]:
    """Who has ordered, and what."""
    customer_id, _ = await with_a_cart(case, "shoe", "sock")
    request = cart_pb.CheckoutRequest(customer_id=customer_id, pickup=cart_pb.PickupChoice(store_id="store-042"))
    answer = await case.do(f"{CART}Checkout", request, cart_pb.CheckoutResponse)
    return customer_id, answer.order.order_id


async def drafted(case: Case, **fields: int) -> str:
    """An offer that does not count yet; its id."""
    offer_id = f"off-{case.key}"
    request = offer_pb.SaveOfferRequest(offer_id=offer_id, terms=terms(case, **fields))
    await case.do(f"{OFFERS}SaveOffer", request, offer_pb.SaveOfferResponse)
    return offer_id


def terms(case: Case, **fields: int) -> OfferTerms:
    """A fifth off an article."""
    articles, off = OfferArticles(skus=[f"shoe-{case.key}"]), PercentageOff(basis_points=2000)
    return OfferTerms(name="Spring", articles=articles, percentage_off=off, **fields)  # type: ignore[arg-type]


async def activated(case: Case, **fields: int) -> str:
    """An offer that counts; its id."""
    offer_id = await drafted(case, **fields)
    request = offer_pb.ActivateOfferRequest(offer_id=offer_id)
    await case.do(f"{OFFERS}ActivateOffer", request, offer_pb.ActivateOfferResponse)
    return offer_id


async def handed_over(case: Case) -> tuple[str, handover_pb.CreateHandoverResponse]:
    """Who hands their cart over, and how."""
    customer_id, _ = await with_a_cart(case)
    request = handover_pb.CreateHandoverRequest(customer_id=customer_id, single_use=True, with_code=True)
    return customer_id, await case.do(f"{HANDOVERS}CreateHandover", request, handover_pb.CreateHandoverResponse)


def external(case: Case, number: str) -> order_pb2.ExternalOrder:
    """A number of the store's own."""
    return order_pb2.ExternalOrder(system="till-7", number=f"{number}-{case.key}")


@seed(f"{ORDERS}AdvanceOrder", STORE)
async def advance_order(case: Case) -> Message:
    customer_id, order_id = await ordered(case)
    return order_pb.AdvanceOrderRequest(customer_id=customer_id, order_id=order_id, state=order_pb2.ORDER_STATE_READY)


@seed(f"{ORDERS}RecordPayment", STORE)
async def record_payment(case: Case) -> Message:
    customer_id, order_id = await ordered(case)
    return order_pb.RecordPaymentRequest(
        customer_id=customer_id,
        order_id=order_id,
        payment_state=order_pb2.PAYMENT_STATE_PAID,
        payment_reference="pay_1",
    )


@seed(f"{ORDERS}RecordOrder", STORE)
async def record_order(case: Case) -> Message:
    customer_id, _ = await with_a_cart(case, "shoe", "sock")
    line = order_pb.ExternalLine(sku=f"shoe-{case.key}", name="The shoe", unit_price=PRICE, quantity=1)
    return order_pb.RecordOrderRequest(
        customer_id=customer_id,
        external=external(case, "S"),
        lines=[line],
        occur_time=to_timestamp(system_clock()),
        store_id="042",
    )


@seed(f"{ORDERS}RecordReturn", STORE)
async def record_return(case: Case) -> Message:
    customer_id, order_id = await ordered(case)
    taking = order_pb.AdvanceOrderRequest(
        customer_id=customer_id, order_id=order_id, state=order_pb2.ORDER_STATE_PICKED_UP
    )
    await case.do(f"{ORDERS}AdvanceOrder", taking, order_pb.AdvanceOrderResponse, STORE)
    return order_pb.RecordReturnRequest(
        customer_id=customer_id,
        order_id=order_id,
        external=external(case, "R"),
        lines=[order_pb.ReturnChoice(sku=f"shoe-{case.key}", quantity=1)],
        occur_time=to_timestamp(system_clock()),
    )


@seed(f"{OFFERS}SaveOffer")
async def save_offer(case: Case) -> Message:
    return offer_pb.SaveOfferRequest(offer_id=f"off-{case.key}", terms=terms(case))


@seed(f"{OFFERS}ActivateOffer")
async def activate_offer(case: Case) -> Message:
    return offer_pb.ActivateOfferRequest(offer_id=await drafted(case))


@seed(f"{OFFERS}EndOffer")
async def end_offer(case: Case) -> Message:
    return offer_pb.EndOfferRequest(offer_id=await activated(case))


@seed(f"{OFFERS}AddOfferCodes")
async def add_offer_codes(case: Case) -> Message:
    offer_id = await activated(case, code_rule=OFFER_CODE_RULE_SINGLE_USE)
    return offer_pb.AddOfferCodesRequest(offer_id=offer_id, drawn_count=3)


@seed(f"{HANDOVERS}CreateHandover")
async def create_handover(case: Case) -> Message:
    customer_id, _ = await with_a_cart(case)
    return handover_pb.CreateHandoverRequest(customer_id=customer_id, single_use=True)


@seed(f"{HANDOVERS}RedeemHandover", STORE)
async def redeem_handover(case: Case) -> Message:
    _, made = await handed_over(case)
    return handover_pb.RedeemHandoverRequest(token=made.token)


@seed(f"{HANDOVERS}RevokeHandover")
async def revoke_handover(case: Case) -> Message:
    customer_id, made = await handed_over(case)
    return handover_pb.RevokeHandoverRequest(customer_id=customer_id, handover_id=made.handover_id)


@seed("cart.v1.CartInternalService/CreateResumeLink", Who("messaging", is_service=True))
async def create_resume_link(case: Case) -> Message:
    customer_id, _ = await with_a_cart(case)
    return CreateResumeLinkRequest(
        customer_id=customer_id, link_template="https://shop.example/cart#{token}", lifetime_seconds=86400
    )
