"""An owner of events for each test."""

from collections.abc import AsyncIterator

import pytest

from libs.events.kafka import KafkaAccess, ensure_topics
from tests.libs.events.reader import Reader, reader_of
from tests.libs.events.shop import OpenShop, open_shop


@pytest.fixture
async def opened(mongo_uri: str, kafka_bootstrap: str, unique_prefix: str) -> AsyncIterator[OpenShop]:
    """Give an owner whose relay is not running yet."""
    kafka = KafkaAccess(bootstrap_servers=kafka_bootstrap, idle_pause_seconds=0.03)
    await ensure_topics(kafka, [f"{unique_prefix}.cart"], partitions=4)
    async with open_shop(mongo_uri=mongo_uri, kafka=kafka, prefix=unique_prefix) as opened:
        yield opened


@pytest.fixture
async def reader(opened: OpenShop, unique_prefix: str) -> AsyncIterator[Reader]:
    """Give a reader of that owner, not running yet."""
    async with reader_of(opened, prefix=unique_prefix) as reader:
        yield reader


@pytest.fixture
async def reader_by_kafka(opened: OpenShop, unique_prefix: str) -> AsyncIterator[Reader]:
    """Give a reader that cannot list heads, so that only Kafka tells it that there is something."""
    async with reader_of(opened, prefix=unique_prefix, hears_heads=False) as reader:
        yield reader
