"""What is counted and decided while nobody calls: each event once, memberships when their time comes."""

import asyncio

import pytest

from libs.errors import OmnithreadError
from omnithread.cart.v1.cart_events_pb2 import CartCleared, CartEvent
from services.profile.consumer import Listener
from services.profile.details import DetailsUpdate
from services.profile.etags import profile_etag
from services.profile.facts import total
from services.profile.segment_fields import EDITION
from tests.libs.mongo.faults import Crash, Fault, crashes_after, crashes_before, with_faults
from tests.services.profile.office import GOLD, LATELY, bought, office_at
from tests.services.profile.people import cookie, email, trait
from tests.services.profile.replicas import ORIGIN, Replicas, replica_over
from tests.services.profile.staff import guest_and_anna, unmerge


async def test_who_has_not_bought_for_a_month_leaves_without_anybody_doing_anything(replicas: Replicas) -> None:
    office = await office_at(replicas)
    customer_id = (await replicas.identify(cookie("v-1"))).saved.customer_id
    others = [(await replicas.identify(cookie(f"v-{number}"))).saved for number in range(2, 6)]
    await office.book.put(LATELY, etag="", stamp=replicas.stamp())
    await office.listener.handle("cart", bought(replicas, customer_id, seq=1))
    assert await office.segments(customer_id) == ["bought-lately"]
    while await office.sweep.sweep():
        pass
    for other in others:
        seen = await office.records.get(other.customer_id)
        assert (seen.version, seen.state.standing.edition) == (other.version, 1)

    replicas.clock.move(days=29)
    assert await office.sweep.sweep() == 0
    await office.listener.handle("cart", bought(replicas, customer_id, seq=2))
    replicas.clock.move(days=2)
    assert await office.sweep.sweep() == 0
    assert await office.segments(customer_id) == ["bought-lately"]
    replicas.clock.move(days=29)
    assert await office.sweep.sweep() == 1
    assert await office.segments(customer_id) == []
    announced = await replicas.announced(customer_id)
    assert [one for one in announced if one.startswith("segment")] == ["segment_entered", "segment_left"]
    assert await office.sweep.sweep() == 0


async def test_who_was_forgotten_holds_up_nobody(replicas: Replicas) -> None:
    office = await office_at(replicas)
    for number in range(3):
        gone = (await replicas.identify(cookie(f"gone-{number}"))).saved.customer_id
        await replicas[0].forgetting.erase(gone, erasure_id=f"era_{number}", origin=ORIGIN)
    customer_id = (await replicas.identify(cookie("v-1"), traits=[trait("tier", "gold")])).saved.customer_id
    await office.book.put(GOLD, etag="", stamp=replicas.stamp())
    while await office.sweep.sweep():
        pass
    assert await office.segments(customer_id) == ["gold"]
    assert await office.records.behind(EDITION, 1, 10) == []


async def test_who_is_about_to_change_a_profile_is_not_held_up_by_what_is_counted(replicas: Replicas) -> None:
    office = await office_at(replicas)
    saved = (await replicas.identify(cookie("v-1"))).saved
    await office.book.put(LATELY, etag="", stamp=replicas.stamp())
    await office.listener.handle("cart", bought(replicas, saved.customer_id, seq=1))
    counted = await office.records.get(saved.customer_id)
    assert (counted.version, counted.state.standing.memberships != ()) == (saved.version + 1, True)
    assert profile_etag(counted) == profile_etag(saved)
    update = DetailsUpdate(given_name="Anna")
    await replicas[0].update(saved.customer_id, update, etag=profile_etag(saved), stamp=replicas.stamp())
    with pytest.raises(OmnithreadError, match="ETAG_MISMATCH"):
        await replicas[0].update(saved.customer_id, update, etag=profile_etag(saved), stamp=replicas.stamp())


async def test_two_replicas_that_hear_everything_several_times_count_it_once(replicas: Replicas) -> None:
    listeners = [Listener(records=replica.records) for replica in replicas.replicas]
    guest = (await replicas.identify(cookie("v-1"))).saved.customer_id
    known = (await replicas.identify(email("anna@example.com"))).saved.customer_id
    orders = [bought(replicas, who, seq=seq) for seq in range(1, 6) for who in (guest, known)]

    async def hear(listener: Listener, events: list[CartEvent]) -> None:
        for event in events:
            await listener.handle("cart", event)
            await listener.handle("cart", event)

    await asyncio.gather(
        *(hear(listener, orders) for listener in listeners),
        replicas.identify(cookie("v-1"), email("anna@example.com")),
    )
    await hear(listeners[0], orders)
    saved = await replicas[0].records.get(guest)
    assert saved.customer_id == known
    assert (total(saved.state.ledger).order_count, total(saved.state.ledger).spend[0].nanos) == (10, 100 * 10**9)


async def test_what_comes_while_a_customer_is_parted_waits_until_it_is_clear_whose_it_is(replicas: Replicas) -> None:
    listener = Listener(records=replicas[0].records)
    guest = (await replicas.identify(cookie("v-1"))).saved.customer_id
    known = (await replicas.identify(cookie("v-1"), email("anna@example.com"))).saved.customer_id
    assert guest == known
    older = (await replicas.identify(email("anna.b@example.com"))).saved.customer_id
    await replicas.database["records"].update_one(
        {"_id": guest}, {"$set": {"merged_into": older, "merge_id": "mrg_x", "absorption_done": True}}
    )
    with pytest.raises(OmnithreadError, match="CONFLICT"):
        await listener.handle("cart", bought(replicas, guest, seq=1))
    assert (await replicas[0].records.get_exact(older)).state.ledger == ()


async def test_an_event_that_comes_twice_writes_once_and_what_changes_no_fact_writes_nothing(
    replicas: Replicas,
) -> None:
    office = await office_at(replicas)
    saved = (await replicas.identify(cookie("v-1"))).saved
    order = bought(replicas, saved.customer_id, seq=1)
    for _ in range(2):
        await office.listener.handle("cart", order)
    await office.listener.handle("cart", CartEvent(header=order.header, cart_cleared=CartCleared()))
    await office.listener.handle("cart", bought(replicas, "cus_nobody", seq=1))
    after = await office.records.get(saved.customer_id)
    assert after.version == saved.version + 1
    assert not (await office.records.get("cus_nobody")).exists


async def test_who_is_parted_takes_along_what_was_theirs_and_the_memberships_follow(replicas: Replicas) -> None:
    """Also what was heard only while the two were one; the survivor keeps what came under their own id."""
    office = await office_at(replicas)
    await office.book.put(LATELY, etag="", stamp=replicas.stamp())
    guest, anna, merge_id = await guest_and_anna(office.replicas)
    for seq in (1, 2):
        await office.listener.handle("cart", bought(replicas, guest, seq=seq))
    assert await office.segments(anna) == ["bought-lately"]
    await unmerge(office.replicas, anna, merge_id)
    assert (await office.segments(anna), await office.segments(guest)) == ([], ["bought-lately"])
    for seq in (1, 2, 3):
        await office.listener.handle("cart", bought(replicas, guest, seq=seq))
    orders = {
        customer_id: total((await office.records.get(customer_id)).state.ledger).order_count
        for customer_id in (guest, anna)
    }
    assert orders == {guest: 3, anna: 0}
    announced = [one for one in await replicas.announced(anna) if one.startswith("segment")]
    assert announced == ["segment_entered", "segment_left"]


@pytest.mark.parametrize("fault", [crashes_before, crashes_after], ids=["before", "after"])
async def test_a_crash_while_counting_loses_nothing_and_counts_nothing_twice(replicas: Replicas, fault: Fault) -> None:
    """Whoever comes after the crash is told the event again, since no cursor has passed it."""
    customer_id = (await replicas.identify(cookie("v-1"))).saved.customer_id
    order = bought(replicas, customer_id, seq=1)
    crashing = replica_over(with_faults(replicas.database, fault), replicas)
    with pytest.raises(Crash):
        await Listener(records=crashing[0].records).handle("cart", order)
    await Listener(records=replicas[1].records).handle("cart", order)
    assert total((await replicas[0].records.get(customer_id)).state.ledger).order_count == 1
