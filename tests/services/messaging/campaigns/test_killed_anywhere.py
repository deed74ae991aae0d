"""Messaging is killed at each point at which it waits, between the announcement and the record: one effect each."""

from dataclasses import replace

from libs.clock import system_clock
from libs.ids import new_id
from libs.origin import Origin
from libs.timestamps import to_timestamp
from omnithread.cart.v1 import order_pb2
from omnithread.cart.v1.cart_events_pb2 import CartEvent, OrderAdvanced, OrderRecorded
from omnithread.common.v1.event_pb2 import EventHeader
from services.messaging.campaigns.documents import CAMPAIGNS
from services.messaging.campaigns.fields import campaign_fields_of
from tests.services.messaging.campaigns.cutting import Cut
from tests.services.messaging.campaigns.rooms import Room, abandoned_now

MOST_POINTS = 200


async def test_one_trigger_has_one_effect_wherever_its_worker_is_killed(mongo_uri: str, unique_prefix: str) -> None:
    room = await Room.open(mongo_uri, f"{unique_prefix}_messaging")
    for point in range(MOST_POINTS):
        customer_id, trigger = new_id("cus"), abandoned_now(new_id("evt"))

        async def lead(customer_id: str = customer_id, trigger: object = trigger) -> None:
            hearing, stepper = room.worker()
            await hearing.enter(customer_id, trigger)  # type: ignore[arg-type]  # bound in a loop
            await stepper.step_due(customer_id)

        came_to_its_end = await Cut(lead(), point)
        await lead()  # Kafka brings the announcement again, and the sweep finds what is due
        await lead()
        hearing, _ = room.worker()
        state = (await hearing.records.get(customer_id)).state
        assert [one.template_id for one in state.waiting] == ["cart_reminder"], point
        assert [one.end_reason for one in state.enrolments] == ["COMPLETED"], point
        assert [(heard.outcome, heard.count) for heard in state.heard] == [("ENTERED", 1)], point
        if came_to_its_end:
            assert point > 10, "it was hardly killed anywhere"
            break
    else:
        raise AssertionError("it never came to its end")
    room.client.close()


async def test_a_campaign_of_a_newer_version_holds_up_no_other(mongo_uri: str, unique_prefix: str) -> None:
    room = await Room.open(mongo_uri, f"{unique_prefix}_messaging")
    known = await room.database[CAMPAIGNS].find_one({"_id": "abandoned_cart"})
    assert known is not None
    newer = {
        "a_trigger": known["text"] | {"trigger": {"kind": "CAMPAIGN_TRIGGER_KIND_BIRTHDAY"}},
        "a_step": known["text"] | {"steps": [{"step_id": "dance", "dance": {}}]},
    }
    await room.database[CAMPAIGNS].insert_many([known | {"_id": name, "text": text} for name, text in newer.items()])
    hearing, stepper = room.worker()
    customer_id = new_id("cus")
    await hearing.enter(customer_id, abandoned_now(new_id("evt")))
    await stepper.step_due(customer_id)
    state = (await hearing.records.get(customer_id)).state
    assert [one.template_id for one in state.waiting] == ["cart_reminder"]
    [one] = state.enrolments
    led_by_newer = replace(one, campaign_id="a_step", end_time=None, end_reason="", due_time=one.enter_time)
    await room.database["records"].update_one(
        {"_id": customer_id}, {"$set": {"enrolments": [campaign_fields_of(led_by_newer)]}}
    )
    await stepper.step_due(customer_id)
    [one] = (await hearing.records.get(customer_id)).state.enrolments
    assert (one.is_active, one.tries) == (True, 1)
    room.client.close()


async def test_a_follow_up_ends_when_its_order_is_announced_as_cancelled(mongo_uri: str, unique_prefix: str) -> None:
    room = await Room.open(mongo_uri, f"{unique_prefix}_messaging")
    follow_up = await room.database[CAMPAIGNS].find_one({"_id": "purchase_follow_up"})
    assert follow_up is not None
    active = {"state": "ACTIVE", "campaign_version": 1, "text": follow_up["draft"]}
    await room.database[CAMPAIGNS].update_one({"_id": "purchase_follow_up"}, {"$set": active})
    hearing, _ = room.worker()
    customer_id, now = new_id("cus"), to_timestamp(system_clock())

    async def hear(**payload: OrderRecorded | OrderAdvanced) -> list[str]:
        header = EventHeader(event_id=new_id("evt"), occur_time=now, record_time=now)
        event = CartEvent(header=header, cart_id="crt_1", **payload)  # type: ignore[arg-type]
        await hearing.handle(customer_id, event, Origin.system("test"))
        return [one.end_reason for one in (await hearing.records.get(customer_id)).state.enrolments]

    sold = OrderRecorded(order_id="ord_1", state=order_pb2.ORDER_STATE_PICKED_UP)
    assert await hear(order_recorded=sold) == [""]
    cancelled = OrderAdvanced(order_id="ord_1", state=order_pb2.ORDER_STATE_CANCELLED)
    assert await hear(order_advanced=cancelled) == ["ORDER_CANCELLED"]
    room.client.close()
