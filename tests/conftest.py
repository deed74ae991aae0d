"""What every test may ask for: a MongoDB, a Kafka, and names that no other test uses.

Each xdist worker starts its own pair (1.5 s and 0.1 s, 60 MB), so workers share nothing and need no lock.
`OMNITHREAD_MONGO_URI` and `OMNITHREAD_KAFKA_BOOTSTRAP_SERVERS` put real ones in their place.
"""

import os
import uuid
from collections.abc import AsyncIterator, Sequence

import pytest

from deploy.local.backends import EmbeddedKafka, EmbeddedMongo
from deploy.local.suite import Suite
from tests.running_suite import Channels, channels_of, running_suite

# For stories: a cart counts as left after two seconds, and a reminder waits three, enough to come in between.
STORY_SETTINGS = {
    "idle_after_seconds": "2",
    "idle_sweep_seconds": "0.2",
    "reminder_delay_seconds": "3",
    "send_sweep_seconds": "0.2",
}


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Keep each folder's tests on one worker: the services that they share are started once, and stopped after them."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(str(item.path.parent)))


@pytest.fixture(scope="session")
async def mongo_uri(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Give a MongoDB-wire server, one per worker and run."""
    if given := os.environ.get("OMNITHREAD_MONGO_URI"):
        yield given
        return
    server = EmbeddedMongo(data_dir=tmp_path_factory.mktemp("mongo"))
    try:
        yield (await server.start()).uri
    finally:
        await server.kill()  # nobody needs its data again, and an orderly stop takes seconds


@pytest.fixture(scope="session")
async def kafka_bootstrap(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Give a Kafka-compatible broker, one per worker and run."""
    if given := os.environ.get("OMNITHREAD_KAFKA_BOOTSTRAP_SERVERS"):
        yield given
        return
    server = EmbeddedKafka(data_dir=tmp_path_factory.mktemp("kafka"))
    try:
        yield (await server.start()).bootstrap_servers
    finally:
        await server.kill()  # nobody needs its data again, and an orderly stop takes seconds


@pytest.fixture
def unique_prefix() -> str:
    """Give a prefix for database, topic and group names, legal in all of them."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
async def suite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    """Give the whole suite, running: once per worker, so who asks for it says `xdist_group("suite")`."""
    async with running_suite(tmp_path_factory.mktemp("suite"), STORY_SETTINGS) as running:
        yield running


@pytest.fixture(scope="session")
async def channels(suite: Suite) -> AsyncIterator[Channels]:
    """Give a connection of each channel to it."""
    async with channels_of(suite) as connected:
        yield connected
