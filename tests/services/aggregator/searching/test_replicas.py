"""Cards that several replicas make at the same time are in the end those of the newest record."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

from libs.mongo.connection import Database
from libs.origin import Origin
from services.aggregator.partings import Partings
from services.aggregator.searching.card_store import CardStore
from services.aggregator.store import TOUCHPOINTS
from tests.services.aggregator.conftest import Watch
from tests.services.aggregator.samples import touchpoint
from tests.services.aggregator.searching.library import Library, library_over
from tests.services.aggregator.searching.oracle import told
from tests.services.aggregator.test_operations import hear

MERGE = Origin.system("context-merge")


@dataclass(frozen=True, slots=True)
class SlowStore(CardStore):
    """Writes only when it is allowed to."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def put(self, *args: Any, **more: Any) -> None:
        self.reached.set()
        await self.go_on.wait()
        await CardStore.put(self, *args, **more)


async def test_a_slow_replica_that_writes_an_old_card_over_a_new_one_is_put_right(
    library: Library, watch: Watch
) -> None:
    other = library_over(library.journeys, watch)
    store = other.sweep.building.store
    slow = SlowStore(store.database, store.days)
    other.sweep.building = replace(other.sweep.building, store=slow)
    await hear(library.journeys, "cus_1", touchpoint(1, watch.now), 1)
    late = asyncio.create_task(other.sweep.sweep())
    await slow.reached.wait()
    watch.pass_by(seconds=1)
    await hear(library.journeys, "cus_1", touchpoint(2, watch.now), 2)
    await library.sweep.sweep()
    slow.go_on.set()
    await late
    watch.pass_by(minutes=5)
    await library.catch_up()
    (card,) = (await library.cards()).values()
    assert (card.trail.count, card.span.touchpoint_count) == (2, 2)


async def test_cards_made_between_two_steps_of_an_undoing_are_put_right(
    library: Library, watch: Watch, database: Database
) -> None:
    journeys, merge_id = library.journeys, "mrg_1"
    for number, customer_id in ((1, "cus_1"), (2, "cus_2")):
        await hear(journeys, customer_id, touchpoint(number, watch.now), number)
    await library.relay()
    await journeys.absorb(merge_id=merge_id, source_customer_id="cus_2", survivor_customer_id="cus_1", origin=MERGE)
    watch.pass_by(minutes=5)
    since = touchpoint(3, watch.now)
    await hear(journeys, "cus_2", since, 3)
    await library.relay()
    await library.catch_up()
    partings = Partings(records=journeys.records, database=database, clock=journeys.clock)
    await partings.release(merge_id=merge_id, source_customer_id="cus_2", survivor_customer_id="cus_1", origin=MERGE)
    theirs = {"_id": since.touchpoint_id}
    moved = await database[TOUCHPOINTS].find_one_and_update(theirs, {"$set": {"customer_id": "cus_1"}})
    assert moved is not None
    assert moved["customer_id"] == "cus_2"
    await library.sweep.building.build(["cus_1"])
    await database[TOUCHPOINTS].update_one(theirs, {"$set": {"customer_id": "cus_2"}})
    watch.pass_by(minutes=5)
    await library.relay()
    await library.catch_up()
    cards, expected = await library.cards(), await told(journeys, ["cus_1", "cus_2"])
    assert {key: card.trail.count for key, card in cards.items()} == {
        key: len(one.touchpoints) for key, one in expected.items()
    }
