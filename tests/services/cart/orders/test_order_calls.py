"""What channels tell of orders, over the wire: each once, however often and from wherever it is told."""

import asyncio
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path

import pytest
from grpc import StatusCode

from libs.mongo.connection import connect
from omnithread.cart.v1 import cart_internal_service_pb2 as internal_pb
from omnithread.cart.v1 import cart_service_pb2 as pb
from omnithread.cart.v1 import order_pb2
from omnithread.cart.v1 import order_service_pb2 as order_pb
from services.cart.orders.external_numbers import SALE, Claim, ExternalNumbers, sale_order_id
from services.cart.orders.requests import sale_hash
from services.cart.orders.values import External
from services.cart.service import SERVICE as CART
from services.profile.service import SERVICE as PROFILE
from tests.services.calls import refusal, stamped
from tests.services.cart.shop import Shop, item, money, pickup, shop_at
from tests.services.cart.tills import back, coming_to, minutes_ago, number, sale, sold
from tests.services.running import NOBODY, Services

SKUS = ("shoe", "sock")


async def placed(shop: Shop, customer_id: str, *skus: str) -> order_pb2.Order:
    """An order of the cart."""
    for sku in skus or SKUS:
        await shop.web.AddItem(item(customer_id, sku, 2))
    return (await shop.store.Checkout(pickup(customer_id))).order


async def order_of(shop: Shop, customer_id: str, order_id: str) -> order_pb2.Order:
    request = order_pb.GetOrderRequest(customer_id=customer_id, order_id=order_id)
    return (await shop.at_web.orders.GetOrder(request)).order


async def told(shop: Shop, customer_id: str) -> list[str | None]:
    return [event.WhichOneof("payload") for event in await shop.events(customer_id)]


async def test_every_channel_sees_how_far_an_order_has_come(shop: Shop, another_replica: Shop) -> None:
    customer_id = await shop.new_customer()
    order = await placed(shop, customer_id)
    ready = stamped(coming_to(customer_id, order.order_id, order_pb2.ORDER_STATE_READY))
    first = await shop.at_store.orders.AdvanceOrder(ready)
    await shop.at_store.orders.RecordPayment(
        order_pb.RecordPaymentRequest(
            customer_id=customer_id,
            order_id=order.order_id,
            payment_state=order_pb2.PAYMENT_STATE_PAID,
            payment_reference="pay_1",
        )
    )
    again = await another_replica.at_store.orders.AdvanceOrder(ready)
    assert (first.replayed, again.replayed) == (False, True)
    assert (again.order.state, again.order.payment_state, again.order.payment_reference) == (
        order_pb2.ORDER_STATE_READY,
        order_pb2.PAYMENT_STATE_PAID,
        "pay_1",
    )
    assert again.order == await order_of(shop, customer_id, order.order_id)
    assert (again.order.revision, again.order.steps[-1].actor_id) == (3, "anna")
    (newest,) = (await shop.web.GetCart(pb.GetCartRequest(customer_id=customer_id))).recent_orders
    assert (newest.state, newest.payment_state) == (again.order.state, again.order.payment_state)
    assert (await told(shop, customer_id))[-3:] == ["cart_checked_out", "order_advanced", "order_payment_changed"]


async def test_two_channels_advance_one_order_at_once_and_it_makes_one_way(shop: Shop, another_replica: Shop) -> None:
    customer_id = await shop.new_customer()
    order = await placed(shop, customer_id)

    async def reach(replica: Shop, state: order_pb2.OrderState.ValueType) -> bool:
        try:
            await replica.at_store.orders.AdvanceOrder(coming_to(customer_id, order.order_id, state))
        except Exception:  # noqa: BLE001  who comes too late is refused
            return False
        return True

    ends = (order_pb2.ORDER_STATE_CANCELLED, order_pb2.ORDER_STATE_PICKED_UP, order_pb2.ORDER_STATE_DELIVERED)
    reached = await asyncio.gather(*(reach(one, end) for one in (shop, another_replica) for end in ends))
    now = await order_of(shop, customer_id, order.order_id)
    assert now.state in ends
    assert sum(reached) == 2  # who says where it stands already is not refused
    assert (await told(shop, customer_id)).count("order_advanced") == 1


async def test_a_sale_in_the_stores_own_till_empties_the_cart_and_is_an_order_like_others(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    added = await shop.web.AddItem(item(customer_id, "shoe", 2))
    request = stamped(sale(customer_id, sold("shoe", 2), total=money(150), payment_reference="term-9/77"))
    answer = await shop.at_store.orders.RecordOrder(request)
    assert (len(answer.cart.lines), answer.cart.cart_id) == (0, added.cart.cart_id)
    order = answer.order
    assert (order.total, order.state, order.payment_state) == (
        money(150),
        order_pb2.ORDER_STATE_PICKED_UP,
        order_pb2.PAYMENT_STATE_PAID,
    )
    assert (order.external, order.cart_id, order.pickup.store_id) == (request.external, "", "042")
    assert order.place_time == request.occur_time
    assert await order_of(shop, customer_id, order.order_id) == order
    seen = await shop.web.GetCart(pb.GetCartRequest(customer_id=customer_id))
    assert [one.order_id for one in seen.recent_orders] == [order.order_id]
    event = (await shop.events(customer_id))[-1]
    assert (event.order_recorded.taken_quantity, event.order_recorded.cart_emptied) == (2, True)
    assert (event.header.occur_time, event.header.channel.id) == (request.occur_time, "store-042")
    assert (await shop.at_store.orders.RecordOrder(request)).replayed


async def test_one_number_is_one_order_however_many_tell_of_it(shop: Shop, another_replica: Shop) -> None:
    customer_id = await shop.new_customer()
    await shop.web.AddItem(item(customer_id, "shoe", 9))
    request = sale(customer_id, sold("shoe"))
    answers = await asyncio.gather(
        *(one.at_store.orders.RecordOrder(stamped(deepcopy(request))) for one in (shop, another_replica) * 3)
    )
    assert len({answer.order.order_id for answer in answers}) == 1
    assert sum(not answer.replayed for answer in answers) == 1
    assert [line.quantity for line in (await shop.cart(customer_id)).lines] == [8]
    assert (await told(shop, customer_id)).count("order_recorded") == 1


async def test_a_number_with_other_content_or_for_another_customer_is_refused(shop: Shop) -> None:
    one, other = await shop.new_customer(), await shop.new_customer()
    request = sale(one, sold("shoe"))
    await shop.at_store.orders.RecordOrder(request)
    for changed in ({"customer_id": other}, {"lines": [sold("hat")]}, {"store_id": "043"}):
        again = deepcopy(request)
        again.MergeFrom(order_pb.RecordOrderRequest(**changed))
        refused = await refusal(shop.at_store.orders.RecordOrder(again))
        assert (refused.code, refused.reason) == (StatusCode.FAILED_PRECONDITION, "EXTERNAL_NUMBER_REUSED")


async def test_one_number_for_two_customers_at_once_is_the_order_of_one_of_them(
    shop: Shop, another_replica: Shop
) -> None:
    customers = [await shop.new_customer() for _ in range(4)]
    external = number()
    requests = [sale(customer_id, occur_time=minutes_ago(3)) for customer_id in customers]
    for request in requests:
        request.external.CopyFrom(external)
        request.occur_time.CopyFrom(requests[0].occur_time)
    shops = (shop, another_replica) * 2
    answers = await asyncio.gather(
        *(one.at_store.orders.RecordOrder(request) for one, request in zip(shops, requests, strict=True)),
        return_exceptions=True,
    )
    assert sum(not isinstance(answer, BaseException) for answer in answers) == 1


async def test_somebody_unknown_does_not_use_up_a_number(shop: Shop) -> None:
    request = sale("cus_nobody")
    assert (await refusal(shop.at_store.orders.RecordOrder(request))).reason == "CUSTOMER_NOT_FOUND"
    request.customer_id = await shop.new_customer()
    assert not (await shop.at_store.orders.RecordOrder(request)).replayed


async def test_somebody_whom_nobody_can_look_up_now_does_not_use_up_a_number_either(
    mongo_uri: str, kafka_bootstrap: str, unique_prefix: str, tmp_path: Path
) -> None:
    async with Services(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=unique_prefix, state=tmp_path
    ) as services:
        await services.start(PROFILE)
        shop = shop_at(services, await services.start(CART))
        without_profile = shop_at(services, await services.start(CART, profile_address=NOBODY))
        request = sale("cus_nobody")
        refused = await refusal(without_profile.at_store.orders.RecordOrder(request))
        assert (refused.code, refused.reason) == (StatusCode.UNAVAILABLE, "DEPENDENCY_UNAVAILABLE")
        request.customer_id = await shop.new_customer()
        assert not (await shop.at_store.orders.RecordOrder(request)).replayed


async def test_a_sale_to_somebody_who_was_forgotten_since_is_no_order_of_another_one(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    request = sale(customer_id)
    await shop.at_store.orders.RecordOrder(request)
    await shop.internal.EraseArea(internal_pb.EraseAreaRequest(erasure_id="era_sold", customer_id=customer_id))
    request.customer_id = await shop.new_customer()
    assert (await refusal(shop.at_store.orders.RecordOrder(request))).reason == "EXTERNAL_NUMBER_REUSED"
    listed = await shop.at_store.orders.ListOrders(order_pb.ListOrdersRequest(customer_id=request.customer_id))
    assert not listed.orders


async def test_a_return_is_told_once_and_never_of_more_than_was_bought(shop: Shop, another_replica: Shop) -> None:
    customer_id = await shop.new_customer()
    order = (await shop.at_store.orders.RecordOrder(sale(customer_id, sold("shoe", 2), sold("sock", 1)))).order
    request = back(customer_id, order.order_id, ("shoe", 1))
    answers = await asyncio.gather(
        *(one.at_store.orders.RecordReturn(stamped(deepcopy(request))) for one in (shop, another_replica) * 2)
    )
    assert sum(not answer.replayed for answer in answers) == 1
    assert {answer.order.state for answer in answers} == {order_pb2.ORDER_STATE_RETURNED_PARTLY}
    too_many = back(customer_id, order.order_id, ("shoe", 2))
    refused = await refusal(shop.at_web.orders.RecordReturn(too_many))
    assert (refused.reason, refused.metadata) == ("RETURN_TOO_MANY", {"left": "1"})

    too_many.lines[0].quantity = 1  # what was refused has not used its number up
    too_many.lines.add(sku="sock", quantity=1)
    rest = await shop.at_web.orders.RecordReturn(too_many)
    assert (rest.order.state, len(rest.order.returns)) == (order_pb2.ORDER_STATE_RETURNED, 2)
    returned = [event.order_returned for event in await shop.events(customer_id) if event.HasField("order_returned")]
    assert [(one.quantity, one.state) for one in returned] == [
        (1, order_pb2.ORDER_STATE_RETURNED_PARTLY),
        (2, order_pb2.ORDER_STATE_RETURNED),
    ]


async def test_a_return_names_the_sale_as_the_till_called_it(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    request = sale(customer_id, sold("shoe", 2))
    await shop.at_store.orders.RecordOrder(request)
    by_name = back(customer_id, "", ("shoe", 1), external_order=request.external)
    answer = await shop.at_store.orders.RecordReturn(by_name)
    again = back(customer_id, answer.order.order_id, ("shoe", 1))
    again.external.CopyFrom(by_name.external)
    again.occur_time.CopyFrom(by_name.occur_time)
    assert (await shop.at_store.orders.RecordReturn(again)).replayed
    again.lines[0].quantity = 2
    assert (await refusal(shop.at_store.orders.RecordReturn(again))).reason == "EXTERNAL_NUMBER_REUSED"


async def test_what_was_bought_in_the_web_comes_back_in_the_store(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    order = await placed(shop, customer_id)
    await shop.at_web.orders.AdvanceOrder(coming_to(customer_id, order.order_id, order_pb2.ORDER_STATE_SHIPPED))
    answer = await shop.at_store.orders.RecordReturn(
        order_pb.RecordReturnRequest(
            customer_id=customer_id,
            order_id=order.order_id,
            external=number(),
            lines=[order_pb.ReturnChoice(line_id=line.line_id, quantity=line.quantity) for line in order.lines],
            occur_time=minutes_ago(0),
        )
    )
    assert answer.order.state == order_pb2.ORDER_STATE_RETURNED
    assert [step.state for step in answer.order.steps][-2:] == [
        order_pb2.ORDER_STATE_SHIPPED,
        order_pb2.ORDER_STATE_RETURNED,
    ]


@pytest.mark.parametrize("days", [-1, 401])
async def test_a_sale_of_tomorrow_or_of_long_ago_is_refused(shop: Shop, days: int) -> None:
    request = sale(await shop.new_customer(), occur_time=minutes_ago(days * 24 * 60))
    refused = await refusal(shop.at_store.orders.RecordOrder(request))
    assert (refused.reason, [fault.field for fault in refused.fields]) == ("OCCUR_TIME_INVALID", ["occur_time"])


async def test_a_sale_whose_first_telling_broke_off_after_its_number_was_claimed_is_completed(
    shop: Shop, services: Services, mongo_uri: str
) -> None:
    customer_id = await shop.new_customer()
    request = sale(customer_id)
    external = External(request.external.system, request.external.number)
    order_id = sale_order_id(external)
    claim = Claim(SALE, external, customer_id, sale_hash(request), order_id, datetime.now(UTC))
    client = connect(mongo_uri, app_name="crash")
    try:
        await ExternalNumbers(client[services.database_name("cart")]).claim(claim)
    finally:
        client.close()
    answer = await shop.at_store.orders.RecordOrder(request)
    assert (answer.replayed, answer.order.order_id) == (False, order_id)
    assert (await shop.at_store.orders.RecordOrder(request)).replayed
