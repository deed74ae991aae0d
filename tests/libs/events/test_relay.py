"""What a record announces reaches Kafka, in order, whoever crashes on the way."""

import asyncio
from collections.abc import Callable, Collection
from datetime import timedelta

import pytest
from aiokafka import AIOKafkaProducer

from libs.clock import system_clock
from libs.events import publisher
from libs.events.kafka import KafkaAccess
from libs.mongo.relay_store import PendingEvent, RelayStore
from libs.origin import Origin
from tests.libs.events.crashing import MOMENTS, Crash, CrashingStore
from tests.libs.events.shop import BAGS, OpenShop, running, until
from tests.libs.events.topic import Sequences, read_until

CUSTOMERS = [f"cus_{number}" for number in range(8)]


async def test_every_event_reaches_kafka_once_and_in_order_under_concurrent_writers(
    opened: OpenShop, kafka_bootstrap: str
) -> None:
    shop = opened.shop
    async with running(shop.relay.run):
        await asyncio.gather(*(shop.add_bag(customer_id) for _ in range(6) for customer_id in CUSTOMERS))
        assert await shop.relay.flush(60)
        found = await read_until(kafka_bootstrap, shop.topic, all_have(6))
    assert found == {customer_id: [1, 2, 3, 4, 5, 6] for customer_id in CUSTOMERS}
    assert await all_is_out(opened)
    assert await shop.database[BAGS].count_documents({}) == 6 * len(CUSTOMERS)


async def test_in_an_overload_events_wait_for_one_another_and_none_is_missed(
    opened: OpenShop, kafka_bootstrap: str
) -> None:
    shop, is_over = opened.shop, asyncio.Event()

    async def calm() -> None:
        await is_over.wait()

    shop.relay = shop.new_relay(calm=calm)
    async with running(shop.relay.run):
        for _ in range(3):
            await shop.add_bag("anna")
        assert not await shop.relay.flush(0.1)
        assert await shop.sequences_kept("anna") == []
        is_over.set()
        assert await shop.relay.flush(60)
        found = await read_until(kafka_bootstrap, shop.topic, lambda found: "anna" in found and len(found["anna"]) == 3)
    assert found == {"anna": [1, 2, 3]}
    assert await all_is_out(opened)


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_relay_that_dies_at_any_moment_loses_nothing(
    opened: OpenShop, kafka_bootstrap: str, moment: str
) -> None:
    shop = opened.shop
    shop.relay = shop.new_relay(CrashingStore(shop.database, moment))
    dying = asyncio.ensure_future(shop.relay.run())
    for _ in range(3):
        await shop.add_bag("anna")
    with pytest.raises(BaseExceptionGroup) as died:
        await dying
    assert died.group_contains(Crash)
    await shop.add_bag("anna")

    successor = shop.new_relay()  # nobody nudges it: it finds by itself what was left behind
    async with running(successor.run):
        await until(lambda: all_is_out(opened), what="everything is announced")
    found = await read_until(kafka_bootstrap, shop.topic, lambda found: {1, 2, 3, 4} <= {*found.get("anna", ())})
    assert without_repeats(found["anna"]) == [1, 2, 3, 4]
    assert await shop.sequences_kept("anna") == [1, 2, 3, 4]
    assert await shop.database[BAGS].count_documents({"customer_id": "anna"}) == 4


async def test_two_replicas_relay_the_same_and_no_reader_misses_or_disorders_anything(
    opened: OpenShop, kafka_bootstrap: str
) -> None:
    shop, other = opened.shop, opened.shop.new_relay()
    mine = shop.relay

    class Both:
        def nudge(self, customer_id: str) -> None:
            mine.nudge(customer_id)
            other.nudge(customer_id)

    async with running(mine.run, other.run):
        shop.relay = Both()  # type: ignore[assignment]
        await asyncio.gather(*(shop.add_bag(customer_id) for _ in range(6) for customer_id in CUSTOMERS))
        assert await mine.flush(60)
        assert await other.flush(60)
        found = await read_until(kafka_bootstrap, shop.topic, all_have(6))
    assert {*found} == {*CUSTOMERS}
    assert all(without_repeats(sequences) == [1, 2, 3, 4, 5, 6] for sequences in found.values())
    assert await all_is_out(opened)


class StandingStill(RelayStore):
    """A relay's that is frozen after its first look, while another one publishes what it has seen."""

    was_frozen = False

    async def pending(self, customer_ids: Collection[str], *, limit: int) -> list[PendingEvent]:
        found = await super().pending(customer_ids, limit=limit)
        if found and not self.was_frozen:
            self.was_frozen = True
            await self.mark_published({one.customer_id: (one.seq, one.seq) for one in found}, now=system_clock())
            await asyncio.sleep(2 * publisher.STALE_SECONDS)
        return found


async def test_what_others_published_while_a_relay_stood_still_it_does_not_publish_again(
    opened: OpenShop, kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "STALE_SECONDS", 0.2)
    shop = opened.shop
    store = StandingStill(shop.database)
    shop.relay = shop.new_relay(store)
    async with running(shop.relay.run):
        await shop.add_bag("anna")
        assert await shop.relay.flush(60)
        monkeypatch.undo()
        await shop.add_bag("anna")
        assert await shop.relay.flush(60)
    assert store.was_frozen
    assert (await read_until(kafka_bootstrap, shop.topic, lambda found: 2 in found.get("anna", ())))["anna"] == [2]


async def test_what_another_relay_has_just_taken_up_is_left_to_it_and_what_follows_waits(
    opened: OpenShop, kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "HELD_FOR", timedelta(minutes=1))
    shop = opened.shop
    store = RelayStore(shop.database)
    await shop.add_bag("anna")
    taken = await store.load(["anna"])
    await store.keep_events(taken, now=system_clock(), by="another")
    await store.pull(taken)
    async with running(shop.relay.run):
        await shop.add_bag("anna")
        await shop.add_bag("berta")
        found = await read_until(kafka_bootstrap, shop.topic, lambda found: "berta" in found)
        assert found == {"berta": [1]}
        assert await shop.database["events"].count_documents({"pending_customer": "anna"}) == 2
        await store.mark_published({"anna": (1, 1)}, now=system_clock())
        assert await shop.relay.flush(60)
    assert (await read_until(kafka_bootstrap, shop.topic, lambda found: "anna" in found))["anna"] == [2]


@pytest.mark.parametrize("taken_up", [-timedelta(seconds=3), timedelta(minutes=10)])
async def test_what_another_relay_left_behind_or_took_up_by_a_wrong_clock_is_published(
    opened: OpenShop, kafka_bootstrap: str, taken_up: timedelta
) -> None:
    shop = opened.shop
    store = RelayStore(shop.database)
    await shop.add_bag("anna")
    taken = await store.load(["anna"])
    await store.keep_events(taken, now=system_clock() + taken_up, by="another")
    await store.pull(taken)
    async with running(shop.relay.run):
        await shop.add_bag("anna")
        assert await shop.relay.flush(60)
    assert (await read_until(kafka_bootstrap, shop.topic, lambda found: "anna" in found))["anna"] == [1, 2]


async def test_what_a_replica_without_kafka_has_taken_up_another_publishes(opened: OpenShop) -> None:
    shop = opened.shop
    healthy = shop.relay
    shop.kafka = KafkaAccess(bootstrap_servers="127.0.0.1:1")
    shop.relay = shop.new_relay()

    async def waits_for_kafka() -> bool:
        taken_up = await shop.database["meta"].find_one({"_id": "relay-sweep:records"})
        return await shop.pending() == 1 and taken_up is not None

    async with running(shop.relay.run):
        await shop.add_bag("anna")
        await until(waits_for_kafka, what="it looks after all that was left behind")
        async with running(healthy.run):
            await until(lambda: all_is_out(opened), what="the other one publishes")


async def test_a_record_that_cannot_be_relayed_waits_with_its_reason_and_holds_up_nobody_else(
    opened: OpenShop, kafka_bootstrap: str
) -> None:
    shop = opened.shop
    records = shop.database["records"]

    async def is_noted() -> bool:
        return await records.count_documents({"_id": "poor", "relay.attempts": {"$gte": 1}}) == 1

    async with running(shop.relay.run):
        await asyncio.gather(shop.add_bag("poor", collection="$not.a.collection"), shop.add_bag("anna"))
        found = await read_until(kafka_bootstrap, shop.topic, lambda found: "anna" in found)
        assert found["anna"] == [1]
        await until(is_noted, what="the reason on the record")
        poor = await records.find_one({"_id": "poor"})
        assert poor is not None
        assert poor["relay"]["reason"] == "InvalidName"
        assert len(poor["outbox"]) == 1

        await records.update_one({"_id": "poor"}, {"$set": {"outbox.0.members": []}})  # a person mended it
        await until(lambda: all_is_out(opened), what="the mended record is relayed")
    mended = await records.find_one({"_id": "poor"})
    assert mended is not None
    assert "relay" not in mended


async def test_an_event_that_kafka_refuses_waits_with_its_reason_and_holds_up_nobody_else(
    opened: OpenShop, kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = opened.shop

    def narrow_producer(access: KafkaAccess) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            bootstrap_servers=access.bootstrap_servers, enable_idempotence=True, max_request_size=2000
        )

    async def has_its_reason() -> bool:
        refused = {"_id": "poor:1", "pending_reason": "aiokafka.errors.MessageSizeTooLargeError"}
        return await shop.database["events"].count_documents(refused) == 1

    monkeypatch.setattr(publisher, "new_producer", narrow_producer)
    large = Origin(channel_id="web-shop", channel_kind=1, session_id="s" * 5000)
    await shop.add_bag("poor", origin=large)
    await shop.add_bag("poor")
    await shop.add_bag("anna")
    async with running(shop.relay.run):
        found = await read_until(kafka_bootstrap, shop.topic, lambda found: "anna" in found)
        await until(has_its_reason, what="the reason on the event")
        assert found == {"anna": [1]}, "what follows a refused event waits for it"
        assert await shop.database["events"].count_documents({"pending_customer": "poor"}) == 2
        assert not await shop.outboxes()


async def test_the_newest_event_of_each_customer_never_expires(opened: OpenShop) -> None:
    shop = opened.shop
    async with running(shop.relay.run):
        for _ in range(3):
            await shop.add_bag("anna")
            assert await shop.relay.flush(60)
        await shop.add_bag("berta")
        assert await shop.relay.flush(60)
    expiring = shop.database["events"].find({"expire_time": {"$exists": True}}).sort("seq", 1)
    assert [event["_id"] async for event in expiring] == ["anna:1", "anna:2"]


async def test_a_list_member_never_gives_way_to_an_older_revision(opened: OpenShop) -> None:
    shop = opened.shop
    await shop.add_bag("anna")
    records, bags = shop.database["records"], shop.database[BAGS]
    record = await records.find_one({"_id": "anna"})
    assert record is not None
    bag = record["outbox"][0]["members"][0]["document"]
    await bags.insert_one({**bag, "revision": bag["revision"] + 1, "colour": "red"})
    async with running(shop.relay.run):
        assert await shop.relay.flush(60)
    kept = await bags.find_one({"_id": bag["_id"]})
    assert kept is not None
    assert kept["colour"] == "red"


def all_have(count: int) -> Callable[[Sequences], bool]:
    return lambda found: all({*found.get(customer_id, ())} == {*range(1, count + 1)} for customer_id in CUSTOMERS)


def without_repeats(sequences: list[int]) -> list[int]:
    """Give what a reader has left that drops every `seq` not above its last."""
    kept: list[int] = []
    for seq in sequences:
        if not kept or seq > kept[-1]:
            kept.append(seq)
    return kept


async def all_is_out(opened: OpenShop) -> bool:
    return not await opened.shop.outboxes() and not await opened.shop.pending()
