"""Kafka is killed and comes back without what it had acknowledged: nobody misses anything."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from deploy.local.backends import EmbeddedKafka
from libs.events.kafka import KafkaAccess, ensure_topics
from libs.events.streams import header_of
from libs.events.tail import EventTail
from tests.libs.events.reader import Reader, reader_of
from tests.libs.events.shop import OpenShop, open_shop, running, until


@pytest.fixture
async def mortal_kafka(tmp_path: Path) -> AsyncIterator[EmbeddedKafka]:
    """Give a broker that the test may kill."""
    async with EmbeddedKafka(data_dir=tmp_path) as broker:
        yield broker


@pytest.fixture
async def mortal_shop(mortal_kafka: EmbeddedKafka, mongo_uri: str, unique_prefix: str) -> AsyncIterator[OpenShop]:
    """Give an owner that announces on that broker."""
    kafka = KafkaAccess(bootstrap_servers=mortal_kafka.address.bootstrap_servers, idle_pause_seconds=0.03)
    await ensure_topics(kafka, [f"{unique_prefix}.cart"], partitions=2)
    async with open_shop(mongo_uri=mongo_uri, kafka=kafka, prefix=unique_prefix) as opened:
        yield opened


async def test_publishing_resumes_and_readers_have_everything(
    mortal_kafka: EmbeddedKafka, mortal_shop: OpenShop, unique_prefix: str
) -> None:
    shop = mortal_shop.shop

    async def all_is_published() -> bool:
        return not await shop.pending()

    async with (
        reader_of(mortal_shop, prefix=unique_prefix) as reader,
        running(shop.relay.run, reader.consumer.run),
    ):
        await add_bags(mortal_shop, each=2)
        await until(lambda: has_all(reader, 2), what="all by Kafka")

        await mortal_kafka.kill()
        await add_bags(mortal_shop, each=2)
        await until(lambda: has_all(reader, 4), what="all without Kafka")
        await until(lambda: no_outbox(mortal_shop), what="records are emptied without Kafka")
        assert await shop.pending()

        await mortal_kafka.start()  # empty
        await until(all_is_published, what="publishing catches up")
        await add_bags(mortal_shop, each=2)
        await until(lambda: has_all(reader, 6), what="all again")
        assert await shop.relay.flush(60)


async def test_what_a_broker_forgot_is_found_with_the_owner(
    mortal_kafka: EmbeddedKafka, mortal_shop: OpenShop, unique_prefix: str
) -> None:
    shop = mortal_shop.shop
    async with running(shop.relay.run):
        await add_bags(mortal_shop, each=3)
        assert await shop.relay.flush(60)
    await mortal_kafka.kill()
    await mortal_kafka.start()  # what was acknowledged is gone, and nobody publishes it again
    async with reader_of(mortal_shop, prefix=unique_prefix) as reader, running(reader.consumer.run):
        await until(lambda: has_all(reader, 3), what="all by their heads")


async def test_a_reader_hears_by_kafka_again_when_the_broker_is_back(
    mortal_kafka: EmbeddedKafka, mortal_shop: OpenShop, unique_prefix: str
) -> None:
    async with (
        reader_of(mortal_shop, prefix=unique_prefix, hears_heads=False) as reader,
        running(mortal_shop.shop.relay.run, reader.consumer.run),
    ):
        await add_bags(mortal_shop, each=1)
        await until(lambda: has_all(reader, 1), what="all by Kafka")
        await mortal_kafka.kill()
        await mortal_kafka.start()
        await add_bags(mortal_shop, each=1)
        await until(lambda: has_all(reader, 2), what="all by Kafka again")


async def test_whoever_waits_for_news_is_told_that_some_may_have_passed_by(
    mortal_kafka: EmbeddedKafka, mortal_shop: OpenShop
) -> None:
    shop = mortal_shop.shop
    heard: list[int] = []
    gaps: list[None] = []
    tail = EventTail(
        kafka=shop.kafka,
        streams=[mortal_shop.stream],
        on_event=lambda _area, event: heard.append(header_of(event).seq),
        on_gap=lambda: gaps.append(None),
    )

    async def has_gaps(count: int) -> bool:
        return len(gaps) >= count

    async def has_heard(seq: int) -> bool:
        return seq in heard

    async with running(shop.relay.run, tail.run):
        await until(partial(has_gaps, 1), what="it listens")
        await shop.add_bag("anna")
        await until(partial(has_heard, 1), what="the first")
        await mortal_kafka.kill()
        await mortal_kafka.start()
        await until(partial(has_gaps, 2), what="it knows that something may be missing")
        known_gaps = len(gaps)
        await shop.add_bag("anna")

        async def knows_of_the_second() -> bool:
            return 2 in heard or len(gaps) > known_gaps

        await until(knows_of_the_second, what="the second, or that something may be missing again")


async def test_a_flush_that_kafka_does_not_answer_ends_in_time_and_loses_nothing(
    mortal_kafka: EmbeddedKafka, mortal_shop: OpenShop
) -> None:
    shop = mortal_shop.shop
    await mortal_kafka.kill()
    async with running(shop.relay.run):
        await shop.add_bag("anna")
        assert not await shop.relay.flush(1)
        await until(lambda: no_outbox(mortal_shop), what="the record is emptied")
    assert await shop.pending() == 1


CUSTOMERS = ["anna", "berta", "clara"]


async def add_bags(opened: OpenShop, *, each: int) -> None:
    await asyncio.gather(*(opened.shop.add_bag(customer_id) for _ in range(each) for customer_id in CUSTOMERS))


async def has_all(reader: Reader, count: int) -> bool:
    return all(reader.given[customer_id] == [*range(1, count + 1)] for customer_id in CUSTOMERS)


async def no_outbox(opened: OpenShop) -> bool:
    return not await opened.shop.outboxes()
