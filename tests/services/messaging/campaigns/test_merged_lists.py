"""The list of ways through campaigns, over a merge and its undoing: reports and exports read it."""

import random

from libs.clock import system_clock
from libs.ids import new_id
from libs.mongo.record import Records
from libs.origin import Origin, Stamp
from services.messaging.campaigns.customers import CustomerCampaigns
from services.messaging.campaigns.values import Trigger, TriggerKind
from services.messaging.merging.operations import Merges
from services.messaging.store import ENROLMENTS, SHAPE
from tests.services.messaging.campaigns.rooms import Room

SYSTEM = Origin.system("test")


async def test_what_the_source_was_led_through_is_theirs_again_and_so_is_what_the_merge_ended(
    mongo_uri: str, unique_prefix: str
) -> None:
    room = await Room.open(mongo_uri, f"{unique_prefix}_messaging")
    records = Records(
        database=room.database,
        shape=SHAPE,
        clock=system_clock,
        new_id=new_id,
        epoch=room.epoch,
        admit=None,
        on_saved=lambda _customer_id: None,
        random=random.Random(1),
    )
    merges = Merges(records, room.database, lambda _customer_id: None, system_clock)
    survivor, source, merge_id = new_id("cus"), new_id("cus"), new_id("mrg")
    hearing, _ = room.worker()

    def fell(sku: str) -> Trigger:
        return Trigger(TriggerKind.PRICE_FELL, new_id("evt"), system_clock(), SYSTEM, key=f"chg_{sku}", sku=sku)

    await hearing.enter(survivor, fell("boots"))
    await hearing.enter(source, fell("boots"))
    await hearing.enter(source, fell("shoe"))
    await merges.absorb(merge_id=merge_id, source_customer_id=source, survivor_customer_id=survivor, origin=SYSTEM)
    merged = (await records.get(survivor)).state.enrolments
    assert sorted((one.trigger.sku, one.end_reason) for one in merged) == [
        ("boots", ""),
        ("boots", "MERGED"),
        ("shoe", ""),
    ]
    [ended] = [one for one in merged if not one.is_active]
    waiting = (await records.get(survivor)).pending_members
    assert ended.enrolment_id in {member.id for member in waiting if member.document["revision"] == ended.revision}

    customers = CustomerCampaigns(records, messages=None, clock=system_clock)  # type: ignore[arg-type]
    await customers.take_out(survivor, "price_dropped", stamp=Stamp.internal("out", SYSTEM))
    await merges.release(
        merge_id=merge_id,
        source_customer_id=source,
        survivor_customer_id=survivor,
        source_session_ids=frozenset(),
        origin=SYSTEM,
    )
    listed = await room.database[ENROLMENTS].find({}).to_list(None)
    for customer_id, count in ((survivor, 1), (source, 2)):
        ways = (await records.get(customer_id)).state.enrolments
        mine = [found for found in listed if found["customer_id"] == customer_id]
        assert len(ways) == len(mine) == count
        assert {one.enrolment_id: one.revision for one in ways} == {found["_id"]: found["revision"] for found in mine}
    room.client.close()
