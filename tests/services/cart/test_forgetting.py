"""What stays of an order when its customer is forgotten: the trade, and not the person."""

from omnithread.cart.v1 import cart_internal_service_pb2 as internal_pb
from services.cart.order_fields import order_from_document
from services.cart.privacy import order_without_person
from tests.services.calls import refusal
from tests.services.cart.shop import Shop, item, pickup


async def test_an_order_keeps_what_was_sold_and_nothing_that_somebody_wrote(shop: Shop) -> None:
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
