"""Workers and receivers that fail: nothing is lost, nobody else waits, and the same event has the same id."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from libs.mongo.connection import connect
from libs.mongo.connection import database as named_database
from libs.mongo.holdings import erased_matches_of
from libs.mongo.migrate import migrate
from omnithread.cart.v1.cart_events_pb2 import CartEvent, ItemAdded
from omnithread.common.v1.event_pb2 import EventHeader
from omnithread.profile.v1.profile_events_pb2 import CustomerErased, ProfileEvent
from services.messaging.subscriptions.deliveries import OVERTAKEN_AFTER
from services.messaging.subscriptions.dispatcher import MOST_PER_RECEIVER
from services.messaging.subscriptions.health import FAILURES_BEFORE_REST
from services.messaging.subscriptions.intake import HookIntake
from services.messaging.subscriptions.store import DELIVERIES, INDEXES, new_delivery
from services.messaging.subscriptions.values import DeliveryState, Health
from tests.services.calls import until
from tests.services.messaging.subscriptions.bench import Bench, event
from tests.services.messaging.subscriptions.receiver import Post, Receiver, receiving, yes

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
async def bench(mongo_uri: str, unique_prefix: str) -> AsyncIterator[Bench]:
    client = connect(mongo_uri, app_name="tests")
    database = named_database(client, unique_prefix)
    await migrate(database, INDEXES, new_epoch="epo_1")
    yield Bench(database)
    client.close()


async def taken(receiver: Receiver, count: int) -> None:
    async def enough() -> bool:
        return len(receiver.taken) >= count

    await until(enough)


async def states(bench: Bench, hook_id: str) -> list[str]:
    found = await bench.deliveries.page(hook_id, state=None, before=None, limit=1000)
    return [str(one.state) for one in found]


async def test_a_worker_killed_between_post_and_note_is_followed_by_another_with_the_same_id(
    bench: Bench, receiver: Receiver, mongo_uri: str
) -> None:
    hook_id = await bench.subscribe("partner", receiver.url)
    module = "tests.services.messaging.subscriptions.bench"
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", module, mongo_uri, bench.database.name, cwd=ROOT)

    async def kills(_post: Post) -> int:
        child.kill()
        await child.wait()
        return 200

    receiver.answer = kills
    try:
        await bench.lay_out(hook_id, "cus_1", 1, 2)
        await taken(receiver, 1)  # the receiver took it, and nobody was left to note that
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()
    receiver.answer = yes
    assert await states(bench, hook_id) == ["WAITING", "WAITING"]
    async with bench.worker():
        bench.ahead = bench.lease
        await taken(receiver, 3)
    assert receiver.taken == ["evt_cus_1_1", "evt_cus_1_1", "evt_cus_1_2"]


async def test_two_replicas_share_the_work_and_post_nothing_twice(bench: Bench, receiver: Receiver) -> None:
    hook_id = await bench.subscribe("partner", receiver.url)
    another = Bench(bench.database)
    for number in range(20):
        await bench.lay_out(hook_id, f"cus_{number}", 1, 2, 3)
    await bench.lay_out(hook_id, "cus_0", 1, 2, 3)  # heard again
    async with bench.worker(), another.worker():
        await taken(receiver, 60)
    assert len(receiver.posts) == len(set(receiver.taken)) == 60
    for number in range(20):
        sequences = [post.event["sequence"] for post in receiver.of(f"cus_{number}")]
        assert sequences == sorted(sequences)


async def test_a_receiver_that_never_answers_holds_up_nobody(bench: Bench, receiver: Receiver) -> None:
    async with AsyncExitStack() as stack:

        async def never(_post: Post) -> int:
            await asyncio.sleep(3600)
            return 200

        for number in range(10):
            silent = await stack.enter_async_context(receiving())
            silent.answer = never
            hook_id = await bench.subscribe(f"silent-{number}", silent.url)
            for customer in range(20):
                await bench.lay_out(hook_id, f"cus_{customer}", 1)
        async with bench.worker() as dispatcher:

            async def is_full() -> bool:
                return sum(len(some) for some in dispatcher._under_way.values()) >= 32

            await until(is_full)
            hook_id = await bench.subscribe("quick", receiver.url)
            for customer in range(20):
                await bench.lay_out(hook_id, f"cus_{customer}", 1)
            async with asyncio.timeout(10):  # a silent one has 15 s
                await taken(receiver, 20)


@pytest.mark.parametrize("status", [500, 404])
async def test_a_receiver_that_rests_loses_nothing_by_being_tried(
    bench: Bench, receiver: Receiver, status: int
) -> None:
    async def down(_post: Post) -> int:
        return status

    async def health() -> Health:
        return (await bench.healths.of([hook_id]))[hook_id]

    receiver.answer = down
    hook_id = await bench.subscribe("partner", receiver.url)
    for customer in range(30):
        await bench.lay_out(hook_id, f"cus_{customer}", 1)
    async with bench.worker() as dispatcher:

        async def rests_and_nothing_is_under_way() -> bool:
            return (await health()).rest_until is not None and not dispatcher._under_way

        await until(rests_and_nothing_is_under_way)
        tried = len(receiver.posts)
        assert FAILURES_BEFORE_REST <= tried < FAILURES_BEFORE_REST + MOST_PER_RECEIVER
        given_up = (await states(bench, hook_id)).count("DEAD")
        assert given_up == (tried if status == 404 else 0)
        bench.ahead = timedelta(hours=30)  # longer than anything is tried for
        await until(lambda: _posted(receiver, tried + 1))
        await until(rests_and_nothing_is_under_way)
        assert (await states(bench, hook_id)).count("DEAD") == given_up
        bench.ahead = timedelta(hours=40)
        receiver.answer = yes
        await taken(receiver, 30 - given_up)

        async def is_well() -> bool:
            return (await health()).rest_until is None

        await until(is_well)
    assert (await health()).last_failure == f"http_{status}"


async def _posted(receiver: Receiver, count: int) -> bool:
    return len(receiver.posts) >= count


async def test_many_events_of_one_customer_come_in_order_and_quickly(bench: Bench, receiver: Receiver) -> None:
    hook_id = await bench.subscribe("partner", receiver.url)
    await bench.lay_out(hook_id, "cus_1", *range(1, 41))
    async with bench.worker(), Bench(bench.database).worker():
        async with asyncio.timeout(25):  # a held one looks again by itself after 30 s only
            await taken(receiver, 40)
    assert receiver.taken == [f"evt_cus_1_{seq}" for seq in range(1, 41)]


async def test_an_event_that_is_never_taken_is_overtaken_after_five_tries(bench: Bench, receiver: Receiver) -> None:
    async def not_the_first(post: Post) -> int:
        return 500 if post.id == "evt_cus_1_1" else 200

    receiver.answer = not_the_first
    hook_id = await bench.subscribe("partner", receiver.url)
    await bench.lay_out(hook_id, "cus_1", 1, 2, 3)
    async with bench.worker():
        await taken(receiver, 2)
    assert receiver.taken == ["evt_cus_1_2", "evt_cus_1_3"]
    ids = [post.id for post in receiver.posts]
    assert ids[:5] == ["evt_cus_1_1"] * 5


async def test_what_waited_for_days_without_being_tried_is_not_given_up_for_one_failure(
    bench: Bench, receiver: Receiver
) -> None:
    async def busy_at_first(_post: Post) -> int:
        return 503 if len(receiver.posts) < OVERTAKEN_AFTER else 200

    receiver.answer = busy_at_first
    hook_id = await bench.subscribe("partner", receiver.url)
    await bench.lay_out(hook_id, "cus_1", 1)
    bench.ahead = timedelta(days=3)  # as while a subscription is paused, or its receiver rests

    async def ended() -> list[str]:
        return [state for state in await states(bench, hook_id) if state != "WAITING"]

    async with bench.worker():
        assert await until(ended) == ["TAKEN"]


async def test_what_was_not_taken_for_a_day_and_in_five_tries_is_given_up(bench: Bench, receiver: Receiver) -> None:
    async def busy(_post: Post) -> int:
        return 503

    receiver.answer = busy
    hook_id = await bench.subscribe("partner", receiver.url)
    await bench.lay_out(hook_id, "cus_1", 1)
    bench.ahead = timedelta(days=3)

    async def given_up() -> bool:
        return await states(bench, hook_id) == ["DEAD"]

    async with bench.worker():
        await until(given_up)
    assert len(receiver.posts) == OVERTAKEN_AFTER


async def test_an_event_that_cannot_be_read_is_given_up_and_stops_nothing(bench: Bench, receiver: Receiver) -> None:
    hook_id = await bench.subscribe("partner", receiver.url)
    broken = new_delivery(hook_id, "cart", "cart.item_added", event("cus_1", 1), bench.clock())
    await bench.deliveries.add([{**broken, "payload": b"\xff"}])
    await bench.lay_out(hook_id, "cus_1", 2)
    async with bench.worker():
        await taken(receiver, 1)
    (given_up,) = await bench.deliveries.page(hook_id, state=DeliveryState.DEAD, before=None, limit=10)
    assert given_up.last_outcome == "unreadable"
    assert receiver.taken == ["evt_cus_1_2"]


async def test_an_event_beyond_what_is_posted_is_given_up_and_stops_nothing(bench: Bench, receiver: Receiver) -> None:
    hook_id = await bench.subscribe("partner", receiver.url)
    large = CartEvent(header=event("cus_1", 1).header, item_added=ItemAdded(sku="x" * 300_000))
    await bench.deliveries.add([new_delivery(hook_id, "cart", "cart.item_added", large, bench.clock())])
    await bench.lay_out(hook_id, "cus_1", 2)
    async with bench.worker():
        await taken(receiver, 1)
    (given_up,) = await bench.deliveries.page(hook_id, state=DeliveryState.DEAD, before=None, limit=10)
    assert given_up.last_outcome == "too_large"


async def test_events_of_a_future_version_from_long_ago_and_from_before_are_for_nobody(
    bench: Bench, receiver: Receiver
) -> None:
    before = event("cus_1", 1)
    hook_id = await bench.subscribe("partner", receiver.url)
    nudged: list[str] = []
    intake = HookIntake(
        book=bench.book, deliveries=bench.deliveries, nudge=nudged.extend, metrics=bench.metrics, clock=bench.clock
    )
    await intake.handle("cart", before)
    await intake.handle("cart", CartEvent(header=EventHeader(event_id="evt_2", customer_id="cus_1", seq=2)))
    assert bench.registry.get_sample_value("omnithread_subscription_events_total", {"outcome": "unknown"}) == 1
    fresh = event("cus_1", 3)
    for _ in range(2):
        await intake.handle("cart", fresh)
    bench.ahead = timedelta(days=15)
    await intake.handle("cart", event("cus_1", 4))
    assert set(nudged) == {hook_id}
    assert await bench.database[DELIVERIES].distinct("event_id") == ["evt_cus_1_3"]


async def test_that_a_customer_was_forgotten_is_told_even_by_what_waited_while_they_were(
    bench: Bench, receiver: Receiver
) -> None:
    await bench.subscribe("partner", receiver.url)
    intake = HookIntake(
        book=bench.book, deliveries=bench.deliveries, nudge=lambda _: None, metrics=bench.metrics, clock=bench.clock
    )
    header = event("cus_1", 2).header
    await intake.handle("cart", event("cus_1", 1))
    await intake.handle("profile", ProfileEvent(header=header, customer_erased=CustomerErased(erasure_id="era_1")))
    for match in erased_matches_of(DELIVERIES, ["cus_1"]):
        await bench.database[DELIVERIES].delete_many(match)
    async with bench.worker():
        await taken(receiver, 1)
    assert [post.event["subject"] for post in receiver.posts] == ["cus_1"]
    assert receiver.types("cus_1") == ["CustomerErased"]


async def test_a_post_belongs_to_the_trace_of_its_event_or_is_linked_to_it_and_tells_no_address(
    bench: Bench, receiver: Receiver
) -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    bench.tracer = provider.get_tracer("test")
    hook_id = await bench.subscribe("partner", receiver.url)
    fresh, old = event("cus_1", 1), event("cus_2", 1)
    for one in (fresh, old):
        one.header.traceparent = TRACE
    old.header.record_time.FromDatetime(bench.clock() - timedelta(hours=1))
    await bench.deliveries.add([new_delivery(hook_id, "cart", "cart.item_added", fresh, bench.clock())])
    async with bench.worker():
        await taken(receiver, 1)
        await bench.deliveries.add([new_delivery(hook_id, "cart", "cart.item_added", old, bench.clock())])
        await taken(receiver, 2)
    soon, late = receiver.posts
    assert soon.event["traceparent"] == late.event["traceparent"] == TRACE
    assert soon.headers["traceparent"].split("-")[1] == TRACE.split("-")[1]
    assert late.headers["traceparent"].split("-")[1] != TRACE.split("-")[1]
    told = {(span.attributes or {})["messaging.message.id"]: span for span in spans.get_finished_spans()}
    assert [link.context.trace_id for link in told["evt_cus_2_1"].links] == [int(TRACE.split("-")[1], 16)]
    assert all("127.0.0.1" not in span.to_json() for span in told.values())
