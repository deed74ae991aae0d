"""Thousands of customers with a past, written in bulk as their records and lists would be after they had lived it."""

import random
from datetime import datetime, timedelta

from libs.journey_rules import BUILT_IN
from libs.mongo.connection import Database
from libs.mongo.record_versions import new_record
from libs.mongo.shapes import RECORDS
from omnithread.common.v1 import channel_pb2 as channels
from omnithread.context.v1 import context_pb2 as context
from services.aggregator.journey_spans import spans
from services.aggregator.model import close_idle, with_touchpoint
from services.aggregator.store import TOUCHPOINTS, thread_to_fields, touchpoint_to_member
from services.aggregator.values import Thread, Touchpoint
from tests.services.aggregator.searching.oracle import Told

PLACES = (
    ("web-shop", channels.CHANNEL_KIND_WEB),
    ("mobile-app", channels.CHANNEL_KIND_MOBILE_APP),
    ("store-042", channels.CHANNEL_KIND_STORE),
    ("call-centre", channels.CHANNEL_KIND_CALL_CENTRE),
)
SYSTEM = ("messaging-sender", channels.CHANNEL_KIND_SYSTEM)
INSERTED_AT_ONCE = 500
JOURNEYS_EACH = 10


async def crowd_in(database: Database, numbers: range, *, now: datetime) -> list[Told]:
    """Put customers with these numbers there, ten journeys each; gives these with all that happened in them."""
    everything: list[Told] = []
    records, members = [], []
    for number in numbers:
        customer_id = f"cus_{number:06}"
        thread, touchpoints = _past(customer_id, random.Random(number), now)
        state = thread_to_fields(thread)
        records.append(new_record(customer_id) | state | {"version": 1, "seq": 1, "update_time": now})
        for one in touchpoints:
            member = touchpoint_to_member(one)
            members.append({**member.document, "_id": member.id, "customer_id": customer_id, "revision": 1})
        for span in spans(thread.timeline):
            until = span.until_time or now + timedelta(days=1)
            within = [one for one in touchpoints if span.start_time <= one.occur_time < until]
            everything.append(Told(customer_id, span, within))
    for begin in range(0, len(members), INSERTED_AT_ONCE):
        await database[TOUCHPOINTS].insert_many(members[begin : begin + INSERTED_AT_ONCE])
    await database[RECORDS].insert_many(records)
    return everything


def _past(customer_id: str, dice: random.Random, now: datetime) -> tuple[Thread, list[Touchpoint]]:
    thread, touchpoints = Thread(), list[Touchpoint]()
    for journey in range(JOURNEYS_EACH):
        time = now - timedelta(days=340 - 36 * journey, minutes=dice.randrange(1440))
        places = dice.sample(PLACES, dice.choice([1, 2, 2, 3]))
        for _ in range(dice.randrange(2, 10)):
            touchpoint = _news(f"tch_{customer_id}_{len(touchpoints):03}", time, dice, dice.choice(places))
            noted = with_touchpoint(thread, touchpoint, f"jrn_{customer_id}_{journey}_{len(touchpoints)}", BUILT_IN)
            thread = noted.thread
            touchpoints.append(noted.touchpoint)
            time = min(now, time + timedelta(seconds=dice.randrange(1, 40_000)))
    over = close_idle(thread, now=now)
    return (over.state if over else thread), touchpoints


def _news(touchpoint_id: str, time: datetime, dice: random.Random, place: tuple[str, int]) -> Touchpoint:
    (channel_id, channel_kind), by_customer = place, True
    kind, attributes, subject = context.TOUCHPOINT_KIND_PRODUCT_VIEWED, {}, ""
    match dice.randrange(12):
        case 0 | 1:
            kind = context.TOUCHPOINT_KIND_CART_CHANGED
        case 2:
            kind, attributes = context.TOUCHPOINT_KIND_ORDER_PLACED, {"total": "59.90 EUR"}
        case 3:
            kind, attributes = context.TOUCHPOINT_KIND_MESSAGE, {"delivery": "email", "state": "sent"}
            (channel_id, channel_kind), by_customer = SYSTEM, False
        case 4:
            kind, subject, by_customer = context.TOUCHPOINT_KIND_PROBLEM, "CART_LOCKED", False
    return Touchpoint(
        touchpoint_id=touchpoint_id,
        kind=kind,
        channel_id=channel_id,
        channel_kind=channel_kind,
        occur_time=time,
        by_customer=by_customer,
        area="cart",
        subject=subject,
        attributes=tuple(attributes.items()),
        order_placed_time=time if kind == context.TOUCHPOINT_KIND_ORDER_PLACED else None,
    )
