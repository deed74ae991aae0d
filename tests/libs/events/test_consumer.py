"""A reader is given every event once and in order, whatever Kafka, the owner or its own handler do."""

import asyncio
from datetime import datetime, timedelta
from functools import partial

import pytest
from aiokafka import AIOKafkaProducer

from libs.clock import system_clock
from libs.events import parked
from libs.mongo.epoch import renew_epoch
from omnithread.cart.v1.cart_events_pb2 import CartEvent
from omnithread.common.v1 import event_pb2
from tests.libs.events.reader import Reader
from tests.libs.events.shop import AREA, OpenShop, Shop, running, until


async def test_events_are_handled_in_order_and_once(opened: OpenShop, reader_by_kafka: Reader) -> None:
    shop = opened.shop
    customers = [f"cus_{number}" for number in range(6)]
    async with running(shop.relay.run, reader_by_kafka.consumer.run):
        await asyncio.gather(*(shop.add_bag(customer_id) for _ in range(4) for customer_id in customers))
        for customer_id in customers:
            await until(partial(reader_by_kafka.has, customer_id, 1, 2, 3, 4), what=f"{customer_id} is read")
        await until(lambda: reader_by_kafka.has_read("cus_0", 4), what="the cursor")
    positions = await reader_by_kafka.consumer.positions("cus_0")
    assert positions == {AREA: event_pb2.Head(epoch=shop.records.epoch, seq=4)}


async def test_two_replicas_share_the_work_and_one_carries_on_when_the_other_is_gone(
    opened: OpenShop, reader: Reader
) -> None:
    shop, other = opened.shop, reader.replica()
    customers = [f"cus_{number}" for number in range(6)]

    async def all_are_read(seq: int) -> bool:
        cursors = await reader.cursors.get_many([(AREA, customer_id) for customer_id in customers])
        return all(cursor.seq == seq for cursor in cursors.values())

    async with running(shop.relay.run, reader.consumer.run):
        async with running(other.consumer.run):
            await asyncio.gather(*(shop.add_bag(customer_id) for _ in range(3) for customer_id in customers))
            await until(partial(all_are_read, 3), what="both together")
        await asyncio.gather(*(shop.add_bag(customer_id) for customer_id in customers))
        await until(partial(all_are_read, 4), what="one alone")
    for customer_id in customers:
        assert {*reader.given[customer_id], *other.given[customer_id]} == {1, 2, 3, 4}
        assert reader.given[customer_id] == sorted(reader.given[customer_id])


async def test_what_was_announced_twice_is_handled_once(
    opened: OpenShop, reader_by_kafka: Reader, kafka_bootstrap: str
) -> None:
    shop = opened.shop
    async with running(shop.relay.run):
        await shop.add_bag("anna")
        await shop.add_bag("anna")
        assert await shop.relay.flush(60)
        events, _ = await shop.records.replay("anna", 0, 10)
        await announce(kafka_bootstrap, shop.topic, events[0], events[1], events[0])
        async with running(reader_by_kafka.consumer.run):
            await shop.add_bag("anna")
            await until(lambda: reader_by_kafka.has("anna", 1, 2, 3), what="all three, each once")


async def test_how_far_a_reader_is_behind_can_be_seen_while_it_works(opened: OpenShop, reader_by_kafka: Reader) -> None:
    shop, labels = opened.shop, {"reader": "reader", "area": AREA}

    def told(name: str) -> float:
        return reader_by_kafka.registry.get_sample_value(name, labels) or 0.0

    reader_by_kafka.gate.clear()
    async with running(shop.relay.run, reader_by_kafka.consumer.run):
        await shop.add_bag("anna")

        async def lags() -> bool:
            return told("omnithread_consumer_lag_seconds") > 0

        await until(lags, what="the event that is being handled counts")
        reader_by_kafka.gate.set()
        await until(lambda: reader_by_kafka.has_read("anna", 1), what="it is handled")

        async def is_level() -> bool:
            return told("omnithread_consumer_lag_seconds") == 0

        await until(is_level, what="nothing is behind")


async def test_a_gap_is_closed_by_asking_the_owner(
    opened: OpenShop, reader_by_kafka: Reader, kafka_bootstrap: str
) -> None:
    shop = opened.shop
    for _ in range(3):
        await shop.add_bag("anna")
    events, _ = await shop.records.replay("anna", 0, 10)
    await announce(kafka_bootstrap, shop.topic, events[2])
    async with running(reader_by_kafka.consumer.run):
        await until(lambda: reader_by_kafka.has("anna", 1, 2, 3), what="the two before it as well")


async def test_what_cannot_be_read_is_fetched_from_the_owner(
    opened: OpenShop, reader_by_kafka: Reader, kafka_bootstrap: str
) -> None:
    await opened.shop.add_bag("anna")
    await announce(kafka_bootstrap, opened.shop.topic, b"\xff no event", key=b"anna")
    async with running(reader_by_kafka.consumer.run):
        await until(lambda: reader_by_kafka.has("anna", 1), what="the event, from the owner")


async def test_a_poison_event_parks_its_own_customer_until_the_handler_is_mended(
    opened: OpenShop, reader_by_kafka: Reader
) -> None:
    shop = opened.shop
    reader_by_kafka.poisoned.add("anna")
    async with running(shop.relay.run, reader_by_kafka.consumer.run):
        await shop.add_bag("anna")
        await shop.add_bag("berta")
        await until(lambda: reader_by_kafka.has("berta", 1), what="berta goes on")
        await until(lambda: is_parked(reader_by_kafka, "anna"), what="anna is parked")
        await shop.add_bag("anna")
        await shop.add_bag("berta")
        await until(lambda: reader_by_kafka.has("berta", 1, 2), what="berta still goes on")
        waiting = await reader_by_kafka.cursors.get(AREA, "anna")
        assert (waiting.seq, waiting.parked_reason) == (0, "tests.libs.events.reader.Poison")

        reader_by_kafka.poisoned.clear()
        await until(lambda: reader_by_kafka.has("anna", 1, 2), what="anna is handled")
        await until(lambda: is_free(reader_by_kafka, "anna"), what="anna is free again")


async def test_what_a_killed_reader_was_trying_again_another_tries_within_seconds(
    opened: OpenShop, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the killed one had been at it: it claims a stream for a moment, again and again."""
    assert timedelta(seconds=10) > parked.CLAIMED_FOR
    monkeypatch.setattr(parked, "CLAIMED_FOR", timedelta(seconds=0.9))
    await opened.shop.add_bag("anna")
    reader.poisoned.add("anna")
    await reader.consumer.catch_up(AREA, "anna", 1, timeout_seconds=30)
    reader.poisoned.clear()
    reader.gate.clear()

    async def is_claimed_beyond(moment: datetime) -> bool:
        claimed = (await reader.cursors.get(AREA, "anna")).retry_time
        return claimed is not None and claimed > moment

    other = reader.replica()
    async with running(reader.consumer.run):
        await until(partial(is_claimed_beyond, system_clock() + timedelta(seconds=3)), what="it is at it for long")
    async with running(other.consumer.run):
        await until(lambda: other.has("anna", 1), what="another one has done it")


async def test_an_event_of_somebody_who_was_forgotten_is_dropped_and_parks_nothing(
    opened: OpenShop, reader_by_kafka: Reader
) -> None:
    shop = opened.shop
    reader_by_kafka.erased.add("anna")
    async with running(shop.relay.run, reader_by_kafka.consumer.run):
        for _ in range(3):
            await shop.add_bag("anna")
        await until(lambda: reader_by_kafka.has_read("anna", 3), what="the cursor moves on")
    cursor = await reader_by_kafka.cursors.get(AREA, "anna")
    assert (cursor.parked_reason, cursor.parked_attempts) == ("", 0)
    assert reader_by_kafka.given["anna"] == []


async def test_without_kafka_the_comparison_of_heads_finds_everything(opened: OpenShop, reader: Reader) -> None:
    async with running(reader.consumer.run):  # nobody relays: nothing ever reaches Kafka
        await opened.shop.add_bag("anna")
        await opened.shop.add_bag("anna")
        await opened.shop.add_bag("berta")
        await until(lambda: reader.has("anna", 1, 2), what="anna by her head")
        await until(lambda: reader.has("berta", 1), what="berta by her head")


async def test_an_owner_that_is_away_is_asked_again(
    opened: OpenShop, reader_by_kafka: Reader, kafka_bootstrap: str
) -> None:
    shop = opened.shop
    opened.internal.away = True
    await shop.add_bag("anna")
    await shop.add_bag("anna")
    events, _ = await shop.records.replay("anna", 0, 10)
    await announce(kafka_bootstrap, shop.topic, events[1])
    async with running(reader_by_kafka.consumer.run):
        await until(lambda: is_parked(reader_by_kafka, "anna"), what="anna waits")
        opened.internal.away = False
        await until(lambda: reader_by_kafka.has("anna", 1, 2), what="anna is read")


async def test_a_restored_owner_is_read_again_from_the_start(
    opened: OpenShop, reader: Reader, kafka_bootstrap: str
) -> None:
    shop = opened.shop
    async with running(shop.relay.run, reader.consumer.run):
        await shop.add_bag("anna")
        await until(lambda: reader.has("anna", 1), what="one bag")
        assert await shop.relay.flush(60)
        backup = [document async for document in shop.database["records"].find({})]
        await shop.add_bag("anna")
        await shop.add_bag("berta")
        await until(lambda: reader.has("anna", 1, 2), what="two bags")
        await until(lambda: reader.has("berta", 1), what="berta, whom the backup does not know")
        await until(lambda: reader.has_read("anna", 2), what="it is noted: else it would be given again")
        assert await shop.relay.flush(60)

    # The backup comes back, and with it a new epoch; what was announced since stays on Kafka.
    await shop.database["records"].delete_many({})
    await shop.database["events"].delete_many({"seq": {"$gt": 1}})
    await shop.database["records"].insert_many(backup)
    await renew_epoch(shop.database, "epo_restored")
    restored = Shop(database=shop.database, kafka=shop.kafka, topic=shop.topic, epoch="epo_restored")
    opened.internal.shop = restored
    reader.given.clear()
    async with running(restored.relay.run, reader.consumer.run):
        await until(lambda: reader.has("anna", 1), what="what the backup knows, again")
        await restored.add_bag("anna")
        await until(lambda: reader.has("anna", 1, 2), what="what came after it")
        events, _ = await restored.records.replay("anna", 0, 10)
        stale = event_with(events[0], epoch=shop.records.epoch, seq=3, event_id="evt_lost")
        await announce(kafka_bootstrap, shop.topic, stale)
        await restored.add_bag("anna")
        await until(lambda: reader.has("anna", 1, 2, 3), what="nothing of the lost epoch")
        await until(lambda: reader.has_read("anna", 3), what="the cursor in the new epoch")
        assert "evt_lost" not in reader.event_ids
    positions = await reader.consumer.positions("anna")
    assert positions[AREA] == event_pb2.Head(epoch="epo_restored", seq=3)


async def announce(bootstrap: str, topic: str, *values: bytes, key: bytes = b"") -> None:
    """Put records on a topic, as a relay or anybody else might."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        for value in values:
            await producer.send_and_wait(topic, value, key=key or customer_of(value))


def customer_of(value: bytes) -> bytes:
    return CartEvent.FromString(value).header.customer_id.encode()


def event_with(value: bytes, *, epoch: str, seq: int, event_id: str) -> bytes:
    event = CartEvent.FromString(value)
    event.header.epoch, event.header.seq, event.header.event_id = epoch, seq, event_id
    return event.SerializeToString()


async def is_parked(reader: Reader, customer_id: str) -> bool:
    return (await reader.cursors.get(AREA, customer_id)).retry_time is not None


async def is_free(reader: Reader, customer_id: str) -> bool:
    return not await is_parked(reader, customer_id)
