"""What readers of events ask the owner: whose events have come how far, and the events themselves.

With these nothing depends on Kafka having kept what it acknowledged.
"""

from datetime import datetime

from libs.mongo.connection import Database
from libs.mongo.deadline import Deadline, reading
from libs.mongo.places import read_in_order
from libs.mongo.shapes import EVENTS, RECORDS
from libs.mongo.values import HeadRow
from omnithread.common.v1 import event_pb2


async def heads(
    database: Database, *, updated_since: datetime, limit: int, after: tuple[datetime, str] | None = None
) -> list[HeadRow]:
    """Give at most `limit` heads of records that changed at or after a time, oldest change first.

    `after` is the update time and customer id of the last row of the page before. A record that changes while the
    pages are read moves to a later one. One indexed query, two for a later page.
    """
    rows = await read_in_order(
        database[RECORDS],
        {"update_time": {"$gte": updated_since}},
        field="update_time",
        after=after,
        newest_first=False,
        limit=limit,
        deadline=Deadline(),
        projection={"seq": 1, "update_time": 1},
    )
    return [HeadRow(customer_id=row["_id"], seq=row["seq"], update_time=row["update_time"]) for row in rows]


async def replay(
    database: Database, *, customer_id: str, after_seq: int, limit: int, epoch: str
) -> tuple[list[bytes], event_pb2.Head]:
    """Give a customer's events after a `seq`, in order and without a gap, and the head as it was before they were read.

    Where the first ones are no longer kept, it begins with the oldest that is. Two indexed reads.
    """
    deadline = Deadline()
    with reading(deadline):
        # The outbox first: what the relay takes out of it afterwards is in `events` by then.
        record = await database[RECORDS].find_one({"_id": customer_id}, {"seq": 1, "outbox.seq": 1, "outbox.event": 1})
    if record is None or record["seq"] <= after_seq:
        return [], event_pb2.Head(epoch=epoch, seq=0 if record is None else record["seq"])
    head = event_pb2.Head(epoch=epoch, seq=record["seq"])
    with reading(deadline):
        match = {"customer_id": customer_id, "seq": {"$gt": after_seq, "$lte": head.seq}}
        cursor = database[EVENTS].find(match, {"seq": 1, "event": 1})
        relayed = await cursor.sort("seq", 1).limit(limit).to_list(limit)
    events = {entry["seq"]: bytes(entry["event"]) for entry in record["outbox"] if entry["seq"] > after_seq}
    events |= {entry["seq"]: bytes(entry["event"]) for entry in relayed}
    return [events[seq] for seq in sorted(events)[:limit]], head
