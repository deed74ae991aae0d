"""What time alone changes: customers who bought long ago leave the segment of those who bought lately."""

import random
from dataclasses import dataclass

from google.type.money_pb2 import Money

from libs.ids import new_id
from libs.mongo.record import Records
from libs.timestamps import to_timestamp
from omnithread.cart.v1.cart_events_pb2 import CartCheckedOut, CartCleared, CartEvent
from omnithread.common.v1.event_pb2 import EventHeader
from services.profile.__main__ import known_segments_of, profiles_of
from services.profile.consumer import Listener
from services.profile.model import Profile
from services.profile.segment_book import SegmentBook
from services.profile.segment_sweep import SegmentSweep
from services.profile.segments import Condition, Operator, Segment
from services.profile.store import Announced
from tests.services.profile.people import cookie
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
