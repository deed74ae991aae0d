"""What time alone changes: customers who bought long ago leave the segment of those who bought lately."""

import asyncio
import random
from dataclasses import dataclass

import pytest
from google.type.money_pb2 import Money

from libs.errors import OmnithreadError
from libs.ids import new_id
from libs.mongo.record import Records
from libs.timestamps import to_timestamp
from omnithread.cart.v1.cart_events_pb2 import CartCheckedOut, CartCleared, CartEvent
from omnithread.common.v1.event_pb2 import EventHeader
from services.profile.__main__ import known_segments_of, profiles_of
from services.profile.consumer import Listener
from services.profile.details import DetailsUpdate
from services.profile.etags import profile_etag
from services.profile.facts import total
from services.profile.model import Profile
from services.profile.segment_book import SegmentBook
from services.profile.segment_sweep import SegmentSweep
from services.profile.segments import Condition, Operator, Segment
from services.profile.store import Announced
from tests.services.profile.people import cookie, email
from tests.services.profile.replicas import Replicas


@dataclass(frozen=True, slots=True)
class Office:
    """A replica that knows segments, with a clock that the test moves."""

    replicas: Replicas
    records: Records[Profile, Announced]
    book: SegmentBook
    sweep: SegmentSweep
    listener: Listener

    async def segments(self, customer_id: str) -> list[str]:
        return [one.segment_id for one in (await self.records.get(customer_id)).state.standing.memberships]


async def office_at(replicas: Replicas) -> Office:
    known = known_segments_of(
        database=replicas.database, clock=replicas.clock, randomness=random.Random(1), refresh_seconds=60
    )
    profiles = profiles_of(
        database=replicas.database,
        epoch="epo_test",
        clock=replicas.clock,
        new_id=new_id,
        randomness=random.Random(2),
        on_saved=replicas.saved.append,
        consequences=known.consequences,
    )
    sweep = SegmentSweep(
        records=profiles.records, known=known, clock=replicas.clock, random=random.Random(3), pause_seconds=60
    )
    book = SegmentBook(
        documents=known.documents,
        known=known,
        records=profiles.records,
        clock=replicas.clock,
        on_changed=sweep.nudge,
    )
    return Office(replicas, profiles.records, book, sweep, Listener(records=profiles.records))


LATELY = Segment(
    "bought-lately",
    all_of=((Condition("fact.last_purchase_time", Operator.WITHIN_DAYS, 30.0, negated=False),),),
    active=True,
)


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


def bought(replicas: Replicas, customer_id: str, *, seq: int) -> CartEvent:
    return CartEvent(
        header=EventHeader(
            event_id=new_id("evt"),
            customer_id=customer_id,
            epoch="epo_cart",
            seq=seq,
            occur_time=to_timestamp(replicas.clock.now),
        ),
        cart_checked_out=CartCheckedOut(order_id=new_id("ord"), total=Money(currency_code="EUR", units=10)),
    )
