"""Calls about carts, as they can be made by a customer of one's own."""

from google.protobuf.message import Message
from google.type.money_pb2 import Money

from omnithread.cart.v1 import cart_service_pb2 as pb
from omnithread.cart.v1.offer_pb2 import OFFER_CODE_RULE_SHARED, OfferArticles, OfferTerms, PercentageOff
from omnithread.cart.v1.offer_service_pb2 import (
    ActivateOfferRequest,
    ActivateOfferResponse,
    SaveOfferRequest,
    SaveOfferResponse,
)
from tests.faults.retries.case import Case, seed
from tests.faults.retries.house import STAFF, STORE, WEB, Who

CART = "cart.v1.CartService/"
PRICED = ("price",)
"""Worked out with the offers of the moment, and others make some."""
PRICE = Money(currency_code="CHF", units=89, nanos=900_000_000)


def item(case: Case, customer_id: str, sku: str = "shoe", quantity: int = 2) -> pb.AddItemRequest:
    """Some pieces of an article that only this case sells."""
    return pb.AddItemRequest(
        customer_id=customer_id, sku=f"{sku}-{case.key}", name=f"The {sku}", unit_price=PRICE, quantity=quantity
    )


async def with_a_cart(case: Case, *skus: str, who: Who = WEB) -> tuple[str, list[str]]:
    """A guest with some articles: their id, and those of the lines."""
    customer_id = await case.guest()
    lines = []
    for sku in skus or ("shoe",):
        added = await case.do(f"{CART}AddItem", item(case, customer_id, sku), pb.AddItemResponse, who)
        lines.append(added.line_id)
    return customer_id, lines


async def offered(case: Case) -> str:
    """An offer for who says a word; the word."""
    offer_id, code = f"off-{case.key}", f"X{case.key.upper()}"
    terms = OfferTerms(
        name="Spring",
        articles=OfferArticles(skus=[f"shoe-{case.key}"]),
        percentage_off=PercentageOff(basis_points=2000),
        code_rule=OFFER_CODE_RULE_SHARED,
        shared_code=code,
    )
    await case.do("cart.v1.OfferService/SaveOffer", SaveOfferRequest(offer_id=offer_id, terms=terms), SaveOfferResponse)
    activation = ActivateOfferRequest(offer_id=offer_id)
    await case.do("cart.v1.OfferService/ActivateOffer", activation, ActivateOfferResponse)
    return code


@seed(f"{CART}AddItem")
async def add_item(case: Case) -> Message:
    customer_id, _ = await with_a_cart(case)
    return item(case, customer_id, "sock")


@seed(f"{CART}SetItemQuantity")
async def set_item_quantity(case: Case) -> Message:
    customer_id, [line] = await with_a_cart(case)
    return pb.SetItemQuantityRequest(customer_id=customer_id, line_id=line, quantity=5)


@seed(f"{CART}RemoveItem")
async def remove_item(case: Case) -> Message:
    customer_id, [_, line] = await with_a_cart(case, "shoe", "sock")
    return pb.RemoveItemRequest(customer_id=customer_id, line_id=line)


@seed(f"{CART}ClearCart")
async def clear_cart(case: Case) -> Message:
    customer_id, _ = await with_a_cart(case, "shoe", "sock")
    return pb.ClearCartRequest(customer_id=customer_id)


@seed(f"{CART}SaveForLater")
async def save_for_later(case: Case) -> Message:
    customer_id, [line, _] = await with_a_cart(case, "shoe", "sock")
    return pb.SaveForLaterRequest(customer_id=customer_id, line_id=line)


@seed(f"{CART}MoveToCart")
async def move_to_cart(case: Case) -> Message:
    customer_id, [line, _] = await with_a_cart(case, "shoe", "sock")
    saving = pb.SaveForLaterRequest(customer_id=customer_id, line_id=line)
    saved = await case.do(f"{CART}SaveForLater", saving, pb.SaveForLaterResponse)
    return pb.MoveToCartRequest(customer_id=customer_id, line_id=saved.line_id)


@seed(f"{CART}AddNote", STORE)
async def add_note(case: Case) -> Message:
    customer_id, _ = await with_a_cart(case)
    return pb.AddNoteRequest(customer_id=customer_id, text="She will call back.")


@seed(f"{CART}RemoveNote", STORE)
async def remove_note(case: Case) -> Message:
    customer_id, _ = await with_a_cart(case)
    noting = pb.AddNoteRequest(customer_id=customer_id, text="She will call back.")
    noted = await case.do(f"{CART}AddNote", noting, pb.AddNoteResponse, STORE)
    return pb.RemoveNoteRequest(customer_id=customer_id, note_id=noted.note_id)


@seed(f"{CART}LockCart", STAFF)
async def lock_cart(case: Case) -> Message:
    customer_id, _ = await with_a_cart(case)
    return pb.LockCartRequest(customer_id=customer_id, reason="on the telephone", duration_seconds=600)


@seed(f"{CART}UnlockCart", STAFF)
async def unlock_cart(case: Case) -> Message:
    customer_id, _ = await with_a_cart(case)
    locking = pb.LockCartRequest(customer_id=customer_id, reason="on the telephone", duration_seconds=600)
    await case.do(f"{CART}LockCart", locking, pb.LockCartResponse, STAFF)
    return pb.UnlockCartRequest(customer_id=customer_id)


@seed(f"{CART}ApplyOfferCode", goes_on=PRICED)
async def apply_offer_code(case: Case) -> Message:
    customer_id, _ = await with_a_cart(case)
    return pb.ApplyOfferCodeRequest(customer_id=customer_id, code=await offered(case))


@seed(f"{CART}RemoveOfferCode", goes_on=PRICED)
async def remove_offer_code(case: Case) -> Message:
    customer_id, _ = await with_a_cart(case)
    code = await offered(case)
    entering = pb.ApplyOfferCodeRequest(customer_id=customer_id, code=code)
    await case.do(f"{CART}ApplyOfferCode", entering, pb.ApplyOfferCodeResponse)
    return pb.RemoveOfferCodeRequest(customer_id=customer_id, code=code)


@seed(f"{CART}Checkout")
async def check_out(case: Case) -> Message:
    customer_id, _ = await with_a_cart(case, "shoe", "sock")
    return pb.CheckoutRequest(customer_id=customer_id, pickup=pb.PickupChoice(store_id="store-042"))
