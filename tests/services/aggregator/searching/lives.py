"""Customers who live on all channels for months, as a dice decides: news comes late, customers merge and part again."""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from libs.origin import Origin
from omnithread.common.v1 import channel_pb2 as channels
from omnithread.context.v1 import context_pb2 as context
from services.aggregator.idle_journeys import IdleJourneys
from services.aggregator.partings import Partings
from services.aggregator.values import Touchpoint
from tests.services.aggregator.conftest import Watch
from tests.services.aggregator.searching.library import Library, library_over
from tests.services.aggregator.test_operations import hear

PLACES = {
    "web-shop": channels.CHANNEL_KIND_WEB,
    "mobile-app": channels.CHANNEL_KIND_MOBILE_APP,
    "store-042": channels.CHANNEL_KIND_STORE,
    "call-centre": channels.CHANNEL_KIND_CALL_CENTRE,
}
SYSTEM = ("messaging-sender", channels.CHANNEL_KIND_SYSTEM)
MERGE = Origin.system("context-merge")


@dataclass(slots=True)
class Lives:
    """Some customers, and what has happened to them so far."""

    library: Library
    watch: Watch
    dice: random.Random
    customer_ids: list[str]
    number: int = 0
    orders: dict[str, list[datetime]] = field(default_factory=dict)
    killed: bool = False
    """Whether what makes cards and counts days is killed again and again, at two replicas at once."""
    merged: dict[str, str] = field(default_factory=dict)
    """Who was merged into whom."""

    async def live(self, turns: int) -> None:
        """Let things happen, and look into it now and then."""
        for turn in range(turns):
            self.watch.pass_by(minutes=self.dice.choice([1, 5, 30, 240, 1440]), seconds=self.dice.randrange(60))
            if self.dice.random() < 0.02:
                self.watch.pass_by(days=35)
            await self._happen()
            if turn % 5 == 4:
                await self.library.relay()
            if self.killed:
                await self._sweep_and_die()
                continue
            if self.dice.random() < 0.1:
                await self.library.sweep.sweep()
            if self.dice.random() < 0.05:
                await self.library.days.sweep()
        await self.library.relay()
        await self.look_after()

    async def look_after(self) -> None:
        """Let all that waits be done."""
        journeys = self.library.journeys
        await IdleJourneys(journeys=journeys, clock=self.watch, pause_seconds=1).sweep()
        await self.library.relay()
        await self.library.catch_up()
        self.watch.pass_by(minutes=5)
        await self.library.catch_up()

    async def _sweep_and_die(self) -> None:
        replicas = [library_over(self.library.journeys, self.watch) for _ in range(2)]
        work = [one.sweep.sweep() for one in replicas] + [one.days.sweep() for one in replicas]
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*work), self.dice.random() * 0.2)

    async def _happen(self) -> None:
        happening = self.dice.random()
        if happening < 0.03:
            await self._merge()
        elif happening < 0.05:
            await self._part()
        else:
            customer_id = self.dice.choice(self.customer_ids)
            self.number += 1
            await hear(self.library.journeys, customer_id, self._news(customer_id), self.number)

    def _news(self, customer_id: str) -> Touchpoint:
        late = timedelta(0)
        if self.dice.random() < 0.2:
            late = timedelta(minutes=self.dice.choice([1, 20, 600, 3000, 20_000]))
        time = self.watch.now - late
        channel_id, channel_kind = self.dice.choice(sorted(PLACES.items()))
        kind, attributes, subject, by_customer = context.TOUCHPOINT_KIND_PRODUCT_VIEWED, {}, "", True
        placed: datetime | None = None
        match self.dice.randrange(10):
            case 0 | 1:
                kind = context.TOUCHPOINT_KIND_CART_CHANGED
            case 2:
                kind, attributes = context.TOUCHPOINT_KIND_ORDER_PLACED, {"total": f"{self.dice.randrange(500)}.50 EUR"}
                placed = time
                self.orders.setdefault(customer_id, []).append(time)
            case 3 if self.orders.get(customer_id):
                state = self.dice.choice(["picked up", "delivered", "cancelled"])
                kind, attributes = context.TOUCHPOINT_KIND_ORDER_CHANGED, {"state": state}
                placed = self.orders[customer_id].pop()
                by_customer = state == "picked up"
            case 4 | 5:
                kind, by_customer = context.TOUCHPOINT_KIND_MESSAGE, self.dice.random() < 0.2
                way, state = self.dice.choice(["email", "sms", "in app"]), self.dice.choice(["queued", "sent"])
                attributes = {"delivery": way, "state": state}
                channel_id, channel_kind = SYSTEM if not by_customer else (channel_id, channel_kind)
            case 6:
                kind, by_customer, subject = (
                    context.TOUCHPOINT_KIND_PROBLEM,
                    False,
                    self.dice.choice(["CART_LOCKED", "X"]),
                )
        return Touchpoint(
            touchpoint_id=f"tch_{self.number:06}",
            kind=kind,
            channel_id=channel_id,
            channel_kind=channel_kind,
            occur_time=time,
            by_customer=by_customer,
            area="cart",
            subject=subject,
            attributes=tuple(sorted(attributes.items())),
            order_placed_time=placed,
        )

    async def _merge(self) -> None:
        standing = [one for one in self.customer_ids if one not in self.merged]
        if len(standing) < 3:
            return
        source, survivor = self.dice.sample(standing, 2)
        merge_id = f"mrg_{source}_{survivor}"
        self.merged[source] = survivor
        await self.library.relay()
        await self.library.journeys.absorb(
            merge_id=merge_id, source_customer_id=source, survivor_customer_id=survivor, origin=MERGE
        )

    async def _part(self) -> None:
        partable = [one for one, into in self.merged.items() if into not in self.merged]
        if not partable:
            return
        source = self.dice.choice(partable)
        survivor = self.merged.pop(source)
        journeys = self.library.journeys
        await self.library.relay()
        partings = Partings(records=journeys.records, database=journeys.database, clock=journeys.clock)
        merge_id = f"mrg_{source}_{survivor}"
        await partings.release(
            merge_id=merge_id, source_customer_id=source, survivor_customer_id=survivor, origin=MERGE
        )
        self.customer_ids.remove(source)  # merging the same two again would be another merge
