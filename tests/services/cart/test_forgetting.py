"""What stays of an order when its customer is forgotten: the trade, and not the person."""

from dataclasses import replace

from omnithread.cart.v1 import cart_internal_service_pb2 as internal_pb
from omnithread.cart.v1 import cart_service_pb2 as pb
from services.cart.events import CartCheckedOut
from services.cart.line_values import Article, TaxRate
from services.cart.money import Money
from services.cart.orders.fields import order_from_document, order_to_document
from services.cart.orders.values import External, OrderReturn, ReturnedLine
from services.cart.pricing.values import AppliedOffer
from services.cart.privacy import order_without_person
from tests.services.calls import refusal
from tests.services.cart.samples import NOON, STORE, act, article, cart_of, check_out
from tests.services.cart.shop import Shop, item, pickup


async def test_an_order_keeps_what_was_sold_and_nothing_that_somebody_wrote() -> None:
    line = {
        "line_id": "lin_1",
        "sku": "ring",
        "name": "Ring",
        "unit_price": {"minor": 9000, "currency_code": "CHF"},
        "image_uri": "https://cdn.example.com/quiet.png",
        "link_uri": "https://shop.example.com/quiet",
        "attributes": [["engraving", "For quiet Anna"]],
        "quantity": 2,
        "channel": {"id": "web-shop", "kind": 1},
        "add_time": None,
        "update_time": None,
        "session_id": "ses_quiet",
    }
    order = {
        "_id": "ord_1",
        "customer_id": "cus_1",
        "sort_time": None,
        "cart_id": "crt_1",
        "lines": [line],
        "total": {"minor": 18000, "currency_code": "CHF"},
        "store_id": "store-042",
        "payment_reference": "quiet-payment",
        "channel": {"id": "store-042", "kind": 3},
        "a_field_of_tomorrow": "quiet",
    }
    stays = order_without_person(order)
    assert "quiet" not in str(stays)
    read = order_from_document({"_id": "ord_1", "sort_time": None, **stays})
    assert [(one.article.sku, one.quantity) for one in read.lines] == [("ring", 2)]
    assert (read.total.minor, read.store_id) == (18000, "store-042")


def test_an_order_keeps_its_price_tax_and_returns_and_neither_codes_nor_who_served() -> None:
    cart = cart_of((taxed(article("ring")), 2))
    placed = check_out(cart, act=act(5, STORE)).events[0]
    assert isinstance(placed, CartCheckedOut)
    order, price = placed.order, placed.order.price
    assert price is not None
    code = AppliedOffer("off_1", 3, "Ten off", Money(1000, "CHF"), offer_code="QUIETCODE")
    back = OrderReturn(External("till", "R-1"), (ReturnedLine(order.lines[0].line_id, "ring", 1),), NOON, act().channel)
    order = replace(order, price=replace(price, applied=(code,)), returns=(back,), external=External("till", "77"))
    stays = order_without_person(order_to_document(order))
    assert "QUIETCODE" not in str(stays)
    assert "anna" not in str(stays)
    read = order_from_document({"_id": order.order_id, "sort_time": order.place_time, **stays})
    assert read.lines[0].article.tax == TaxRate(770, included=True)
    assert (read.returns, read.external, read.state) == ((back,), order.external, order.state)
    assert read.price == replace(price, applied=(replace(code, offer_code=""),))


def taxed(what: Article) -> Article:
    return replace(what, tax=TaxRate(770, included=True))


async def test_what_was_refused_is_forgotten_with_the_customer(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    await shop.web.AddItem(item(customer_id))
    await shop.web.AddNote(pb.AddNoteRequest(customer_id=customer_id, text="quiet words"))
    await refusal(shop.web.RemoveItem(pb.RemoveItemRequest(customer_id=customer_id, sku="boot")))
    exported = await shop.internal.ExportArea(internal_pb.ExportAreaRequest(customer_id=customer_id, page_size=100))
    assert "rejected_changes" in {document.collection for document in exported.documents}
    assert "quiet words" in str(exported.documents)
    await shop.internal.EraseArea(internal_pb.EraseAreaRequest(erasure_id="era_quiet", customer_id=customer_id))
    left = await shop.internal.ExportArea(internal_pb.ExportAreaRequest(customer_id=customer_id, page_size=100))
    assert "rejected_changes" not in {document.collection for document in left.documents}
    assert "quiet words" not in str(left.documents)


async def test_only_the_suite_itself_forgets_and_exports(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    await shop.web.AddItem(item(customer_id))
    await shop.store.Checkout(pickup(customer_id))
    for call in (
        shop.internal_as_web.EraseArea(internal_pb.EraseAreaRequest(erasure_id="era_1", customer_id=customer_id)),
        shop.internal_as_web.ExportArea(internal_pb.ExportAreaRequest(customer_id=customer_id)),
    ):
        assert (await refusal(call)).reason == "CALLER_NOT_ALLOWED"
    page = await shop.internal.ExportArea(internal_pb.ExportAreaRequest(customer_id=customer_id, page_size=1))
    assert len(page.documents) == 1
    other = internal_pb.ExportAreaRequest(customer_id="cus_other", page_token=page.next_page_token)
    assert (await refusal(shop.internal.ExportArea(other))).reason == "PAGE_TOKEN_INVALID"
