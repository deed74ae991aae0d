"""Telling of a price goes on where a crash stopped it, and two replicas tell nobody twice."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer

from libs.money import Money
from libs.mongo.connection import Database
from libs.mongo.migrate import migrate
from libs.mongo.shapes import RECORDS
from libs.origin import Stamp
from libs.telemetry.sampling import JourneySampler
from libs.telemetry.tracing import tracer_provider
from omnithread.context.v1 import context_pb2
from services.aggregator.journey_spans import journey_at
from services.aggregator.model import Sighting
from services.aggregator.operations import Journeys
from services.aggregator.price_alerts import CUSTOMERS_PER_PAGE, INTEREST_INDEX, PriceAlerts
from services.aggregator.price_changes import PRICE_CHANGE_INDEXES, PriceChange, PriceChanges
from services.aggregator.store import VIEWS
from tests.services.aggregator.alone import EPOCH
from tests.services.aggregator.conftest import Watch
from tests.services.aggregator.samples import NOON, WEB

FALL = PriceChange(
    change_id="chg_1",
    sku="boots",
    name="The boots",
    old_price=Money(8900, "CHF"),
    new_price=Money(5900, "CHF"),
    link_uri="",
    change_time=NOON,
)


@pytest.fixture
async def changes(database: Database, watch: Watch) -> PriceChanges:
    await migrate(database, (*PRICE_CHANGE_INDEXES, INTEREST_INDEX), new_epoch=EPOCH)
    return PriceChanges(database=database, clock=watch)


def replica(changes: PriceChanges, journeys: Journeys, tracer: Tracer | None = None) -> PriceAlerts:
    return PriceAlerts(
        changes=changes,
        journeys=journeys,
        interest=timedelta(days=90),
        clock=journeys.clock,
        pause_seconds=1,
        tracer=tracer,
    )


async def look(journeys: Journeys, customer_id: str, sku: str = "boots") -> None:
    seen = Sighting(
        kind=context_pb2.TOUCHPOINT_KIND_PRODUCT_VIEWED, subject=sku, attributes=(), occur_time=journeys.clock()
    )
    await journeys.record(customer_id, seen, Stamp.internal(f"look:{customer_id}:{journeys.clock()}", WEB))


async def crowd(journeys: Journeys, number: int) -> list[str]:
    customer_ids = [f"cus_{n:04}" for n in range(number)]
    for start in range(0, number, 10):
        await asyncio.gather(*(look(journeys, customer_id) for customer_id in customer_ids[start : start + 10]))
    return customer_ids


async def test_after_crashes_at_any_point_everybody_was_told_once(changes: PriceChanges, journeys: Journeys) -> None:
    customer_ids = await crowd(journeys, CUSTOMERS_PER_PAGE + 30)
    await changes.report(FALL)
    one, other = replica(changes, journeys), replica(changes, journeys)
    seconds = 0.01
    while not (await changes.get("chg_1")).done:
        sweeps = asyncio.gather(one.sweep(), other.sweep(), return_exceptions=True)
        try:
            await asyncio.wait_for(sweeps, seconds)
        except TimeoutError:
            seconds *= 2  # it was killed; the next one comes a little further
    assert (await changes.get("chg_1")).told_count == len(customer_ids)
    threads = await journeys.records.get_many(customer_ids)
    fell = context_pb2.TOUCHPOINT_KIND_PRICE_FELL
    for customer_id in customer_ids:
        kinds = [touchpoint.kind for touchpoint in threads[customer_id].state.recent_touchpoints]
        assert kinds.count(fell) == 1
        assert threads[customer_id].seq == 4  # the look, the journey, and what was told: as touchpoint and by itself


async def test_who_looked_at_it_too_long_ago_is_told_nothing(
    changes: PriceChanges, journeys: Journeys, watch: Watch
) -> None:
    await look(journeys, "cus_long_ago")
    watch.pass_by(days=91)
    await look(journeys, "cus_lately")
    await changes.report(replace(FALL, change_time=watch.now))
    await replica(changes, journeys).sweep()
    assert (await changes.get("chg_1")).told_count == 1
    told = {customer_id: (await journeys.get(customer_id)).seq for customer_id in ("cus_long_ago", "cus_lately")}
    assert told == {"cus_long_ago": 2, "cus_lately": 4}


async def test_who_saw_it_first_when_it_cost_less_already_is_told_nothing(
    changes: PriceChanges, journeys: Journeys, watch: Watch
) -> None:
    await look(journeys, "cus_before")
    watch.pass_by(hours=2)
    for customer_id in ("cus_before", "cus_after"):
        await look(journeys, customer_id)
    await changes.report(replace(FALL, change_time=watch.now - timedelta(hours=1)))
    await replica(changes, journeys).sweep()
    assert (await changes.get("chg_1")).told_count == 1
    assert (await journeys.get("cus_after")).seq == 2


@pytest.mark.usefixtures("changes")
async def test_who_looked_at_a_product_is_found_by_an_index(database: Database) -> None:
    await database[RECORDS].insert_one({"_id": "cus_1", "merged_into": "", VIEWS: [{"sku": "boots"}], "version": 1})
    asked = {"merged_into": "", f"{VIEWS}.sku": "boots", "_id": {"$gt": ""}}
    plan = await database.command({"explain": {"find": RECORDS, "filter": asked, "sort": {"_id": 1}, "limit": 5}})
    assert INTEREST_INDEX.name in str(plan["queryPlanner"]["winningPlan"])


async def test_of_a_journey_that_is_kept_the_fall_is_kept_although_the_report_of_the_price_was_not(
    changes: PriceChanges, journeys: Journeys
) -> None:
    spans, sampler = InMemorySpanExporter(), JourneySampler(0.5)
    provider = tracer_provider(service="aggregator", ratio=0.5, processor=SimpleSpanProcessor(spans))
    customer_ids = await crowd(journeys, 20)
    threads = await journeys.records.get_many(customer_ids)
    names = {one: journey_at(threads[one].state.timeline, journeys.clock()) for one in customer_ids}
    kept = {name for name in names.values() if sampler._in_ratio(name)}
    assert 0 < len(kept) < len(names)
    await changes.report(replace(FALL, traceparent=f"00-{1:032x}-{1:016x}-00"))
    await replica(changes, journeys, provider.get_tracer("test")).sweep()
    assert {(one.attributes or {})["journey.id"] for one in spans.get_finished_spans()} == kept
    records = await journeys.database[RECORDS].find({}, {"outbox": 1}).to_list(None)
    assert {record["outbox"][-1]["journey_id"] for record in records} == set(names.values())
    provider.shutdown()
