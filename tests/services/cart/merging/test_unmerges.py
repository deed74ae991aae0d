"""What becomes of carts and orders when two customers turn out not to be one after all, over the wire."""

import asyncio
from datetime import UTC, datetime, timedelta

from grpc import StatusCode

import omnithread
from libs.timestamps import to_timestamp
from omnithread.cart.v1 import cart_internal_service_pb2 as internal_pb
from omnithread.cart.v1 import cart_service_pb2 as pb
from omnithread.cart.v1 import order_pb2
from omnithread.cart.v1 import order_service_pb2 as order_pb
from omnithread.common.v1 import merge_pb2
from tests.services.calls import refusal
from tests.services.cart.shop import Shop, item, pickup
from tests.services.cart.tills import sale

GUESTS_VISIT = "ses_guest"
UNDO_SECONDS = 30.0
"""Four at once beside twenty writes to the same two records take two seconds on a quiet machine."""


async def undo(shop: Shop, merge_id: str, guest: str, known: str) -> internal_pb.ReleaseCustomerResponse:
    """What the aggregator asks for after an undoing."""
    return await shop.internal.ReleaseCustomer(
        internal_pb.ReleaseCustomerRequest(
            merge_id=merge_id,
            source_customer_id=guest,
            survivor_customer_id=known,
            source_session_ids=[GUESTS_VISIT],
            merge_time=to_timestamp(datetime.now(UTC) - timedelta(minutes=1)),
        ),
        timeout=UNDO_SECONDS,
    )


async def skus(shop: Shop, customer_id: str) -> list[tuple[str, int]]:
    return [(line.sku, line.quantity) for line in (await shop.cart(customer_id)).lines]


async def orders(shop: Shop, customer_id: str) -> list[tuple[str, str]]:
    listed = await shop.at_web.orders.ListOrders(order_pb.ListOrdersRequest(customer_id=customer_id))
    return [(order.order_id, order.customer_id) for order in listed.orders]


async def test_both_have_their_cart_and_orders_again_and_what_came_from_their_visits(shop: Shop) -> None:
    guest, known = await shop.new_customer(), await shop.new_customer()
    await shop.web.AddItem(item(guest, "boot"))
    early = (await shop.web.Checkout(pickup(guest))).order
    await shop.web.AddItem(item(guest, "cap", quantity=2))
    await shop.store.AddItem(item(known, "shoe", quantity=3))
    await shop.absorb("mrg_part_1", guest, known)

    with omnithread.carry(omnithread.Labels(session_id=GUESTS_VISIT)):
        late = (await shop.web.Checkout(pickup(known))).order
        await shop.web.AddItem(item(guest, "belt"))
    await shop.web.AddItem(item(known, "sock"))

    released = await undo(shop, "mrg_part_1", guest, known)
    assert released.released_now
    assert await skus(shop, guest) == [("belt", 1)]
    assert await skus(shop, known) == [("shoe", 3), ("sock", 1)]
    assert await orders(shop, guest) == [(late.order_id, guest), (early.order_id, guest)]
    assert await orders(shop, known) == []
    seen = await shop.web.GetCart(pb.GetCartRequest(customer_id=guest))
    assert (seen.cart.customer_id, seen.head) == (guest, released.source_head)
    assert [order.order_id for order in seen.recent_orders] == [late.order_id, early.order_id]
    assert [event.WhichOneof("payload") for event in await shop.events(guest)][-2:] == ["cart_sealed", "cart_released"]
    assert (await shop.events(known))[-1].cart_parted.source_customer_id == guest
    assert not (await undo(shop, "mrg_part_1", guest, known)).released_now
    assert not (await shop.absorb("mrg_part_1", guest, known)).absorbed_now


async def test_a_merge_says_what_it_did_line_by_line(shop: Shop) -> None:
    guest, known = await shop.new_customer(), await shop.new_customer()
    await shop.web.AddItem(item(guest, "shoe", quantity=2))
    await shop.web.AddItem(item(guest, "boot"))
    await shop.web.AddItem(item(known, "shoe", quantity=3))
    asked = internal_pb.GetMergeOutcomeRequest(merge_id="mrg_part_2", survivor_customer_id=known)
    missing = await refusal(shop.internal.GetMergeOutcome(asked))
    assert (missing.code, missing.reason) == (StatusCode.NOT_FOUND, "MERGE_OUTCOME_NOT_FOUND")
    await shop.absorb("mrg_part_2", guest, known)
    outcome = await shop.internal.GetMergeOutcome(asked)
    assert outcome.policy == "sum"
    assert [(thing.kind, thing.action) for thing in outcome.things] == [
        ("cart_line", merge_pb2.MERGE_ACTION_SUMMED),
        ("cart_line", merge_pb2.MERGE_ACTION_KEPT),
    ]
    assert {detail.key: detail.value for detail in outcome.things[0].details} == {
        "sku": "shoe",
        "source_quantity": "2",
        "survivor_quantity": "3",
        "quantity": "5",
    }


async def test_what_is_added_while_two_are_parted_is_with_one_of_them(shop: Shop, another_replica: Shop) -> None:
    guest, known = await shop.new_customer(), await shop.new_customer()
    await shop.web.AddItem(item(guest))
    await shop.web.AddItem(item(known))
    await shop.absorb("mrg_part_3", guest, known)

    async def keep_adding(customer_id: str) -> None:
        for _ in range(10):
            await another_replica.web.AddItem(item(customer_id))

    async def undo_everywhere() -> list[internal_pb.ReleaseCustomerResponse]:
        replicas = (shop, another_replica) * 2
        return await asyncio.gather(*(undo(replica, "mrg_part_3", guest, known) for replica in replicas))

    _, _, answers = await asyncio.gather(keep_adding(guest), keep_adding(known), undo_everywhere())
    assert sum(answer.released_now for answer in answers) <= 1
    pieces = [quantity for one in (guest, known) for _, quantity in await skus(shop, one)]
    assert sum(pieces) == 22


async def test_a_merge_that_never_came_here_is_undone_before_it_does(shop: Shop) -> None:
    guest, known = await shop.new_customer(), await shop.new_customer()
    await shop.web.AddItem(item(guest))
    assert not (await undo(shop, "mrg_part_4", guest, known)).released_now
    assert not (await shop.absorb("mrg_part_4", guest, known)).absorbed_now
    assert await skus(shop, guest) == [("shoe", 1)]
    assert await skus(shop, known) == []


async def test_an_order_that_came_further_while_two_were_one_goes_back_to_whose_it_is(shop: Shop) -> None:
    guest, known = await shop.new_customer(), await shop.new_customer()
    await shop.web.AddItem(item(guest, "boot"))
    theirs = (await shop.web.Checkout(pickup(guest))).order
    await shop.web.AddItem(item(known, "shoe"))
    ours = (await shop.web.Checkout(pickup(known))).order
    await shop.absorb("mrg_part_5", guest, known)
    for order_id in (theirs.order_id, ours.order_id):
        await shop.at_store.orders.AdvanceOrder(
            order_pb.AdvanceOrderRequest(customer_id=known, order_id=order_id, state=order_pb2.ORDER_STATE_READY)
        )
    with omnithread.carry(omnithread.Labels(session_id=GUESTS_VISIT)):
        sold = (await shop.at_store.orders.RecordOrder(sale(known))).order
    told_of_guest = (await shop.at_store.orders.RecordOrder(sale(guest))).order

    await undo(shop, "mrg_part_5", guest, known)
    assert await orders(shop, known) == [(ours.order_id, known)]
    assert {order_id for order_id, _ in await orders(shop, guest)} == {
        theirs.order_id,
        sold.order_id,
        told_of_guest.order_id,
    }
    for customer_id, order_id in ((guest, theirs.order_id), (known, ours.order_id)):
        seen = await shop.web.GetCart(pb.GetCartRequest(customer_id=customer_id))
        states = {one.order_id: one.state for one in seen.recent_orders}
        assert states[order_id] == order_pb2.ORDER_STATE_READY
        answer = await shop.at_store.orders.AdvanceOrder(
            order_pb.AdvanceOrderRequest(
                customer_id=customer_id, order_id=order_id, state=order_pb2.ORDER_STATE_PICKED_UP
            )
        )
        assert (answer.order.customer_id, answer.order.revision) == (customer_id, 3)
    # What the till tells again belongs to who has it now.
    again = await refusal(
        shop.at_store.orders.AdvanceOrder(
            order_pb.AdvanceOrderRequest(customer_id=known, order_id=theirs.order_id, state=order_pb2.ORDER_STATE_READY)
        )
    )
    assert again.reason == "ORDER_NOT_FOUND"
