"""Sweeps: tells of prices that fell everybody who looked at the product, customer by customer, whatever crashes.

Every replica looks. The customers are gone through in order of their ids; each is told with a write to their own
record, which happens once however often it is tried, and only then the change notes how far it has come. Of two
replicas on one page the faster one notes it, and the other begins anew where that one is.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from opentelemetry.trace import Tracer

from libs.clock import Clock
from libs.errors import OmnithreadError, is_passing
from libs.ids import derived_id
from libs.mongo.deadline import reading
from libs.mongo.migrate import Index
from libs.mongo.shapes import RECORDS
from libs.mongo.values import Saved
from libs.origin import Origin, Stamp
from libs.sweeping import Sweep
from libs.telemetry.causes import start_effect, working_in
from libs.telemetry.journey import journey_labels
from libs.telemetry.propagation import current_traceparent
from services.aggregator.journey_spans import journey_at
from services.aggregator.model import Change
from services.aggregator.operations import Journeys, NothingToDo
from services.aggregator.price_changes import PriceChange, PriceChanges
from services.aggregator.price_falls import PART, tell_of_fall
from services.aggregator.store import VIEWS
from services.aggregator.touchpoint_spans import tell_newest_on_span
from services.aggregator.values import Thread

INTEREST_INDEX = Index(RECORDS, (("merged_into", 1), (f"{VIEWS}.sku", 1), ("_id", 1)))
MOST_CHANGES = 20
CUSTOMERS_PER_PAGE = 100
AT_ONCE = 8

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PriceAlerts:
    """Looks for changes of which somebody is still to be told, again and again."""

    changes: PriceChanges
    journeys: Journeys
    interest: timedelta
    """For so long a customer counts as interested after they looked at a product."""
    clock: Clock
    pause_seconds: float
    tracer: Tracer | None = None

    async def run(self) -> None:
        """Look until cancelled."""
        await self._sweep.run()

    async def sweep(self) -> None:
        """Tell of at most 20 changes, longest waiting first, each to its end; one that fails holds up no other."""
        await self._sweep.sweep()

    @property
    def _sweep(self) -> Sweep[PriceChange]:
        return Sweep(name="price-alerts", find=self._telling, do=self._tell_everybody, pause_seconds=self.pause_seconds)

    async def _telling(self) -> Sequence[PriceChange]:
        return await self.changes.telling(MOST_CHANGES)

    async def _tell_everybody(self, change: PriceChange) -> None:
        current: PriceChange | None = change
        while current is not None and not current.done:
            current = await self._tell_page(current)

    async def _tell_page(self, change: PriceChange) -> PriceChange | None:
        customer_ids = await self._interested(change)
        slots = asyncio.Semaphore(AT_ONCE)

        async def tell(customer_id: str) -> bool:
            async with slots:
                return await self._tell(change, customer_id)

        told = await asyncio.gather(*(tell(customer_id) for customer_id in customer_ids))
        done = len(customer_ids) < CUSTOMERS_PER_PAGE
        cursor = customer_ids[-1] if customer_ids else change.cursor
        after = await self.changes.advance(change, cursor=cursor, told=sum(told), done=done)
        if after is not None and done:
            log.info("price_change_told", change_id=change.change_id, told_count=after.told_count)
        return after

    async def _interested(self, change: PriceChange) -> list[str]:
        """Give the next customers who ever looked at the product; whether it was lately their record says."""
        match = {"merged_into": "", f"{VIEWS}.sku": change.sku, "_id": {"$gt": change.cursor}}
        with reading():
            found = self.journeys.database[RECORDS].find(match, {"_id": 1}).sort("_id", 1).limit(CUSTOMERS_PER_PAGE)
            return [record["_id"] for record in await found.to_list(CUSTOMERS_PER_PAGE)]

    async def _tell(self, change: PriceChange, customer_id: str) -> bool:
        now = self.clock()
        touchpoint_id = derived_id("tch", change.change_id, customer_id)
        new_journey_id = self.journeys.new_id("jrn")
        # Read before the span begins, since the journey decides whether it is kept.
        thread = (await self.journeys.records.get_exact(customer_id)).state
        journey_id = journey_at(thread.timeline, now) or new_journey_id

        def decide(saved: Saved[Thread]) -> Change:
            decision = tell_of_fall(
                saved.state,
                change,
                since=change.change_time - self.interest,
                now=now,
                touchpoint_id=touchpoint_id,
                journey_id=new_journey_id,
                traceparent=traceparent,
                rules=self.journeys.rules,
            )
            if decision is None:
                raise NothingToDo
            return decision

        age = now - (change.report_time or now)
        with (
            journey_labels(journey_id=journey_id, channel_id=PART, customer_id=customer_id),
            working_in(start_effect("price fell", cause=change.traceparent, age=age, by=self.tracer)),
        ):
            traceparent = current_traceparent()
            stamp = Stamp.internal(f"price:{change.change_id}", Origin.system(PART, traceparent=traceparent))
            try:
                saved = (await self.journeys.records.run(customer_id, stamp, decide)).saved
            except NothingToDo:
                return False
            except OmnithreadError as error:
                if is_passing(error):
                    raise  # the same customer is tried again later; any other refusal is final, and holds up nobody
                log.warning("price_fall_not_told", customer_id=customer_id, reason=error.reason)
                return False
            tell_newest_on_span(saved.state, touchpoint_id)
        return True
