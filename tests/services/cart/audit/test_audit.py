"""A cart's account always adds up: what was asked is what was done and what was refused."""

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import grpc

from libs.timestamps import to_timestamp
from omnithread import details_of
from omnithread.cart.v1 import cart_internal_service_pb2 as internal_pb
from omnithread.cart.v1 import cart_service_pb2 as pb
from services.cart.audit.operations import MAX_RECENT
from tests.services.calls import refusal, stamped
from tests.services.cart.shop import Shop, item, pickup
from tests.services.cart.tills import sale


async def account(shop: Shop, customer_id: str, cart_id: str = "") -> pb.AuditCartResponse:
    return await shop.web.AuditCart(pb.AuditCartRequest(customer_id=customer_id, cart_id=cart_id))


async def test_what_many_channels_were_told_is_what_the_account_says(shop: Shop, another_replica: Shop) -> None:
    customer_id = await shop.new_customer()
    told: Counter[str] = Counter()
    dice = random.Random(4)

    async def ask(at: Shop) -> None:
        request = stamped(item(customer_id, dice.choice(["shoe", "sock"]), dice.choice([1, 2, 6000])))
        outcome = ""
        for _ in range(dice.choice([1, 1, 2])):  # whoever heard no answer sends again
            try:
                await at.web.AddItem(request)
                outcome = "applied"
            except grpc.aio.AioRpcError as refused:
                outcome = details_of(refused).reason
        told[outcome] += 1

    async def remove(at: Shop) -> None:
        try:
            await at.store.RemoveItem(pb.RemoveItemRequest(customer_id=customer_id, sku=dice.choice(["shoe", "boot"])))
            told["applied"] += 1
        except grpc.aio.AioRpcError as refused:
            told[details_of(refused).reason] += 1

    for _ in range(8):
        at = [shop, another_replica]
        await asyncio.gather(*(ask(at[number % 2]) for number in range(6)), remove(shop), remove(another_replica))
    seen = await account(shop, customer_id)
    applied = told.pop("applied")
    assert seen.applied_count == applied
    assert {one.reason: one.count for one in seen.rejected_counts} == dict(told)
    assert seen.accepted_count == applied + told.total()
    assert told["QUANTITY_LIMIT"]
    assert told["LINE_NOT_FOUND"]
    cart = await shop.cart(customer_id)
    assert (seen.adds_up, seen.pieces.present) == (True, sum(line.quantity for line in cart.lines))
    newest = seen.recent_rejections[0]
    assert (newest.channel.id, newest.method) in {("web-shop", "AddItem"), ("store-042", "RemoveItem")}
    assert len(seen.recent_rejections) == min(MAX_RECENT, told.total())


async def test_a_request_that_was_refused_and_done_when_it_was_sent_again_counts_once(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    await shop.web.AddItem(item(customer_id, "boot", 9999))
    request = stamped(item(customer_id, "boot", 1))
    await refusal(shop.web.AddItem(request))
    assert (await account(shop, customer_id)).accepted_count == 2
    await shop.web.SetItemQuantity(pb.SetItemQuantityRequest(customer_id=customer_id, sku="boot", quantity=5))
    await shop.web.AddItem(request)
    seen = await account(shop, customer_id)
    assert (seen.accepted_count, seen.applied_count, list(seen.rejected_counts)) == (3, 3, [])
    assert (seen.pieces.added, seen.pieces.removed, seen.pieces.present) == (10000, 9994, 6)


async def test_a_bought_cart_has_its_account_and_the_next_one_begins_anew(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    first = await refusal(shop.store.Checkout(pickup(customer_id)))
    assert first.reason == "CART_EMPTY"
    await shop.web.AddItem(item(customer_id, "shoe", 2))
    await shop.web.AddItem(item(customer_id, "sock", 3))
    await shop.web.SaveForLater(pb.SaveForLaterRequest(customer_id=customer_id, sku="sock"))
    paid = await shop.store.Checkout(pickup(customer_id))
    past = await account(shop, customer_id, paid.order.cart_id)
    assert (past.applied_count, [(one.reason, one.count) for one in past.rejected_counts]) == (4, [("CART_EMPTY", 1)])
    pieces = past.pieces
    assert (pieces.carried, pieces.added, pieces.ordered, pieces.present, past.adds_up) == (0, 5, 2, 3, True)
    now = await account(shop, customer_id)
    assert (now.cart_id, now.accepted_count, now.pieces.carried, now.pieces.present) == (paid.cart.cart_id, 0, 3, 3)
    assert now.adds_up


async def test_faulty_requests_are_in_no_account(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    await shop.web.AddItem(item(customer_id))
    await refusal(shop.web.AddItem(item(customer_id, "x" * 65)))
    await refusal(shop.web.LockCart(pb.LockCartRequest(customer_id=customer_id, reason="Nobody")))
    seen = await account(shop, customer_id)
    assert (seen.accepted_count, list(seen.rejected_counts)) == (1, [])


async def test_a_cart_that_the_customer_never_had_has_no_account(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    refused = await refusal(account(shop, customer_id, "crt_none"))
    assert refused.reason == "CART_NOT_FOUND"
    assert (await account(shop, customer_id)).adds_up


async def test_an_account_goes_with_a_merge_and_comes_back_with_its_undoing(shop: Shop) -> None:
    guest, known = await shop.new_customer(), await shop.new_customer()
    guests = (await shop.web.AddItem(item(guest, "boot", 2))).cart.cart_id
    await refusal(shop.web.RemoveItem(pb.RemoveItemRequest(customer_id=guest, sku="cap")))
    await shop.web.AddItem(item(known, "shoe", 3))
    await shop.absorb("mrg_account", guest, known)
    joined = await account(shop, guest)
    assert (joined.applied_count, joined.pieces.added, joined.pieces.merged, joined.pieces.present) == (1, 3, 2, 5)
    merged = await account(shop, known, guests)
    assert (merged.accepted_count, merged.applied_count, merged.pieces.present) == (2, 1, 2)
    assert joined.adds_up
    assert merged.adds_up

    await shop.internal.ReleaseCustomer(
        internal_pb.ReleaseCustomerRequest(
            merge_id="mrg_account",
            source_customer_id=guest,
            survivor_customer_id=known,
            merge_time=to_timestamp(datetime.now(UTC) - timedelta(minutes=1)),
        )
    )
    for customer_id, accepted, present in ((guest, 2, 2), (known, 1, 3)):
        seen = await account(shop, customer_id)
        assert (seen.accepted_count, seen.pieces.merged, seen.pieces.present) == (accepted, 0, present)
        assert seen.adds_up


async def test_a_sale_at_the_till_is_in_the_account_of_the_cart_that_it_emptied(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    await shop.web.AddItem(item(customer_id, "shoe", 2))
    await shop.at_store.orders.RecordOrder(sale(customer_id))
    seen = await account(shop, customer_id)
    assert seen.pieces.bought_elsewhere == 2 - seen.pieces.present > 0
    assert (seen.accepted_count, seen.adds_up) == (2, True)
