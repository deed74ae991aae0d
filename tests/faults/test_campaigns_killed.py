"""Two replicas hear and step for the same customers, and are killed again and again at any await: one effect each."""

import asyncio
import random

from libs.errors import OmnithreadError
from libs.ids import new_id
from services.messaging.campaigns.values import Trigger
from tests.faults.seeds import rounds
from tests.services.messaging.campaigns.cutting import Cut
from tests.services.messaging.campaigns.rooms import Room, abandoned_now

ROUNDS = rounds(20)
CUSTOMERS = 10
TRIES = 6
"""How often each replica begins anew before one is let to its end."""
MOST_AWAITS = 40


async def lead(room: Room, customer_id: str, triggers: list[Trigger]) -> None:
    """What a replica does that knows nothing of those before it."""
    hearing, stepper = room.worker()
    for trigger in triggers:
        await hearing.enter(customer_id, trigger)
    await stepper.step_due(customer_id)


async def killed_often(room: Room, customer_id: str, triggers: list[Trigger], chance: random.Random) -> None:
    for _ in range(TRIES):
        try:
            await Cut(lead(room, customer_id, triggers), chance.randrange(MOST_AWAITS))
        except OmnithreadError:  # the other replica was faster too often, or the database had too much to do
            continue


async def test_every_trigger_has_one_effect_over_many_rounds(mongo_uri: str, unique_prefix: str) -> None:
    room = await Room.open(mongo_uri, f"{unique_prefix}_messaging")
    for number in range(ROUNDS):
        chance = random.Random(number)
        customers = {new_id("cus"): [abandoned_now(new_id("evt")) for _ in range(2)] for _ in range(CUSTOMERS)}
        await asyncio.gather(
            *(
                killed_often(room, customer_id, triggers, random.Random(chance.random()))
                for customer_id, triggers in customers.items()
                for _replica in range(2)
            )
        )
        for customer_id, triggers in customers.items():
            await lead(room, customer_id, triggers)
            hearing, _ = room.worker()
            state = (await hearing.records.get(customer_id)).state
            entered = sorted(one.trigger.event_id for one in state.enrolments)
            assert entered == sorted(trigger.event_id for trigger in triggers)
            queued = [one.campaign.enrolment_id for one in state.waiting if one.campaign]
            assert len(queued) == 1, "of two reminders of one cart the newer takes the place of the older"
            messages = [one.message_id for one in state.recent]
            assert len(messages) == len(set(messages)) <= len(triggers)
    room.client.close()
