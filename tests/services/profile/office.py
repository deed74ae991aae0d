"""A replica of profile that knows segments and hears of orders, with a clock that the test moves."""

import random
from dataclasses import dataclass, replace

from google.type.money_pb2 import Money

from libs.ids import new_id
from libs.mongo.record import Records
from libs.timestamps import to_timestamp
from omnithread.cart.v1.cart_events_pb2 import CartCheckedOut, CartEvent
from omnithread.common.v1.event_pb2 import EventHeader
from services.profile.consumer import Listener
from services.profile.model import Profile
from services.profile.segment_book import SegmentBook
from services.profile.segment_sweep import SegmentSweep
from services.profile.segments import Condition, Operator, Segment
from services.profile.service import known_segments_of, profiles_of
from services.profile.store import Announced
from tests.services.profile.replicas import Replicas


@dataclass(frozen=True, slots=True)
class Office:
    """A replica that knows segments, with a clock that the test moves."""

    replicas: Replicas
    """With this one replica."""
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
    alone = replace(replicas, replicas=[profiles])
    return Office(alone, profiles.records, book, sweep, Listener(records=profiles.records))


LATELY = Segment(
    "bought-lately",
    all_of=((Condition("fact.last_purchase_time", Operator.WITHIN_DAYS, 30.0, negated=False),),),
    active=True,
)


GOLD = Segment("gold", all_of=((Condition("trait.tier", Operator.EQUAL, "gold", negated=False),),), active=True)


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
