"""Saving for later, notes and locks, as channels call them."""

from datetime import timedelta

from grpc import StatusCode

from libs.clock import system_clock
from omnithread.cart.v1 import cart_service_pb2 as pb
from omnithread.cart.v1.cart_pb2 import CART_STATE_ACTIVE, CART_STATE_LOCKED, Cart, TaxRate
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_SYSTEM
from services.cart.service import SERVICE as CART
from tests.services.calls import refusal, stamped, until
from tests.services.cart.shop import Shop, item, pickup, shop_at
from tests.services.running import Services


def lock(customer_id: str, *, seconds: int = 0) -> pb.LockCartRequest:
    return pb.LockCartRequest(customer_id=customer_id, reason="Looking for your size", duration_seconds=seconds)


async def test_a_line_saved_on_one_channel_is_moved_back_on_another(shop: Shop, another_replica: Shop) -> None:
    customer_id = await shop.new_customer()
    added = await shop.web.AddItem(item(customer_id, quantity=2))
    away = await shop.web.SaveForLater(pb.SaveForLaterRequest(customer_id=customer_id, sku="shoe"))
    assert (away.line_id, len(away.cart.lines), away.cart.HasField("subtotal")) == (added.line_id, 0, False)
    assert [line.quantity for line in away.cart.saved_lines] == [2]
    again = stamped(pb.MoveToCartRequest(customer_id=customer_id, line_id=away.line_id))
    back = await another_replica.store.MoveToCart(again)
    replayed = await shop.store.MoveToCart(again)
    assert (replayed.replayed, replayed.line_id, replayed.cart) == (True, back.line_id, back.cart)
    assert [line.line_id for line in back.cart.lines] == [added.line_id]
    moves = [event.line_moved for event in await shop.events(customer_id) if event.HasField("line_moved")]
    assert [(move.saved, move.quantity) for move in moves] == [(True, 2), (False, 2)]


async def test_a_note_by_staff_is_there_for_whoever_serves_next(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    await shop.store.AddNote(pb.AddNoteRequest(customer_id=customer_id, text="Wide feet"))
    noted = await shop.web.AddNote(pb.AddNoteRequest(customer_id=customer_id, text="A gift, please wrap"))
    first, second = noted.cart.notes
    assert (first.text, first.actor_id, first.channel.id) == ("Wide feet", "anna", "store-042")
    assert (second.note_id, second.actor_id) == (noted.note_id, "")
    left = await shop.web.RemoveNote(pb.RemoveNoteRequest(customer_id=customer_id, note_id=first.note_id))
    assert [note.text for note in left.cart.notes] == ["A gift, please wrap"]
    announced = [event.notes_changed for event in await shop.events(customer_id)]
    assert [(one.note_id, one.removed) for one in announced] == [
        (first.note_id, False),
        (second.note_id, False),
        (first.note_id, True),
    ]
    for number in range(19):
        await shop.web.AddNote(pb.AddNoteRequest(customer_id=customer_id, text=f"note {number}"))
    refused = await refusal(shop.web.AddNote(pb.AddNoteRequest(customer_id=customer_id, text="one too many")))
    assert (refused.reason, refused.metadata) == ("NOTE_LIMIT", {"limit": "20"})


async def test_while_the_call_centre_works_on_a_cart_everybody_reads_and_nobody_else_changes_it(
    shop: Shop, another_replica: Shop
) -> None:
    customer_id = await shop.new_customer()
    await shop.web.AddItem(item(customer_id, quantity=2))
    held = (await shop.at_phone.cart.LockCart(lock(customer_id))).cart
    assert (held.state, held.lock.actor_id, held.lock.reason) == (CART_STATE_LOCKED, "carl", "Looking for your size")
    assert (held.lock.until_time.ToDatetime() - held.lock.lock_time.ToDatetime()).total_seconds() == 900
    assert await another_replica.cart(customer_id) == held
    line_id = held.lines[0].line_id
    for call in (
        another_replica.web.AddItem(item(customer_id)),
        shop.web.SetItemQuantity(pb.SetItemQuantityRequest(customer_id=customer_id, line_id=line_id, quantity=1)),
        shop.web.RemoveItem(pb.RemoveItemRequest(customer_id=customer_id, line_id=line_id)),
        shop.web.ClearCart(pb.ClearCartRequest(customer_id=customer_id)),
        shop.web.SaveForLater(pb.SaveForLaterRequest(customer_id=customer_id, line_id=line_id)),
        shop.web.MoveToCart(pb.MoveToCartRequest(customer_id=customer_id, line_id=line_id)),
        shop.store.LockCart(lock(customer_id)),
        shop.store.UnlockCart(pb.UnlockCartRequest(customer_id=customer_id)),
        shop.store.Checkout(pickup(customer_id)),
        shop.web.ApplyOfferCode(pb.ApplyOfferCodeRequest(customer_id=customer_id, code="SUMMER")),
        shop.web.RemoveOfferCode(pb.RemoveOfferCodeRequest(customer_id=customer_id, code="SUMMER")),
    ):
        refused = await refusal(call)
        assert (refused.code, refused.reason) == (StatusCode.FAILED_PRECONDITION, "CART_LOCKED")
        assert refused.metadata["channel_id"] == "call-centre"
        assert refused.metadata["until_time"] == held.lock.until_time.ToJsonString()
    noted = await shop.web.AddNote(pb.AddNoteRequest(customer_id=customer_id, text="Still waiting"))
    assert noted.cart.lock == held.lock
    assert [line.quantity for line in noted.cart.lines] == [2]

    await shop.at_phone.cart.AddItem(item(customer_id, "sock"))
    freed = await shop.store.UnlockCart(pb.UnlockCartRequest(customer_id=customer_id, force=True))
    assert (freed.cart.state, freed.cart.HasField("lock")) == (CART_STATE_ACTIVE, False)
    await shop.web.AddItem(item(customer_id))


async def test_only_a_member_of_staff_locks_and_for_a_time_with_bounds(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    refused = await refusal(shop.store.LockCart(lock(customer_id)))
    assert refused.reason == "CART_EMPTY"
    await shop.web.AddItem(item(customer_id))
    for call in (
        shop.web.LockCart(lock(customer_id)),
        shop.web.UnlockCart(pb.UnlockCartRequest(customer_id=customer_id, force=True)),
    ):
        refused = await refusal(call)
        assert (refused.code, refused.reason) == (StatusCode.PERMISSION_DENIED, "ACTOR_REQUIRED")
    refused = await refusal(shop.store.LockCart(lock(customer_id, seconds=29)))
    assert [fault.field for fault in refused.fields] == ["duration_seconds"]


async def test_a_lock_that_is_over_is_taken_off_by_the_next_look(services: Services) -> None:
    later = timedelta()
    running = await services.start(CART, clock=lambda: system_clock() + later, idle_sweep_seconds=0.05)
    shop = shop_at(services, running)
    customer_id = await shop.new_customer()
    await shop.web.AddItem(item(customer_id))
    held = (await shop.store.LockCart(lock(customer_id, seconds=30))).cart
    later = timedelta(seconds=31)

    async def free() -> Cart | None:
        cart = await shop.cart(customer_id)
        return None if cart.HasField("lock") else cart

    cart = await until(free)
    assert cart is not None
    assert cart.lines == held.lines
    last = (await shop.events(customer_id))[-1]
    assert (last.cart_unlocked.expired, last.header.channel.kind) == (True, CHANNEL_KIND_SYSTEM)


async def test_prices_with_their_tax_in_them_and_others_do_not_share_a_cart(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    await shop.web.AddItem(item(customer_id, "shoe", tax=TaxRate(basis_points=770, included=True)))
    await shop.web.AddItem(item(customer_id, "sock"))
    await shop.web.AddItem(item(customer_id, "book", tax=TaxRate(basis_points=250, included=True)))
    refused = await refusal(shop.store.AddItem(item(customer_id, "boot", tax=TaxRate(basis_points=770))))
    assert (refused.code, refused.reason) == (StatusCode.FAILED_PRECONDITION, "TAX_INVALID")
    assert len((await shop.cart(customer_id)).lines) == 3


async def test_who_checks_out_a_cart_that_they_worked_on_gives_it_free(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    await shop.web.AddItem(item(customer_id))
    await shop.store.LockCart(lock(customer_id))
    paid = await shop.store.Checkout(pickup(customer_id))
    assert paid.cart.state == CART_STATE_ACTIVE
    (past,) = paid.cart.past_carts
    assert (past.cart_id, past.order_id) == (paid.order.cart_id, paid.order.order_id)
    assert (await shop.events(customer_id))[-1].cart_unlocked.expired is False


async def test_a_cart_that_nobody_touches_expires_once_on_two_replicas(forgetful_shops: tuple[Shop, Shop]) -> None:
    one, other = forgetful_shops
    customer_id = await one.new_customer()
    added = (await one.web.AddItem(item(customer_id, quantity=3))).cart
    assert added.HasField("expire_due_time")

    async def expired() -> Cart | None:
        cart = await other.cart(customer_id)
        return cart if cart.saved_lines else None

    cart = await until(expired)
    assert cart is not None
    assert (len(cart.lines), [line.quantity for line in cart.saved_lines]) == (0, [3])
    assert cart.cart_id not in {"", added.cart_id}
    assert [past.cart_id for past in cart.past_carts] == [added.cart_id]
    later = await other.new_customer()
    await other.web.AddItem(item(later))

    async def told(customer: str) -> list[str]:
        return [event.cart_id for event in await one.events(customer) if event.HasField("cart_expired")]

    await until(lambda: told(later))
    assert await told(customer_id) == [added.cart_id]
    (event,) = [event for event in await one.events(customer_id) if event.HasField("cart_expired")]
    assert event.header.channel.kind == CHANNEL_KIND_SYSTEM
    assert (event.cart_expired.line_count, event.cart_expired.idle_since_time) == (1, added.update_time)
