"""What every test may ask for: a MongoDB, a Kafka, and names that no other test uses.

Each xdist worker starts its own pair (1.5 s and 0.1 s, 60 MB), so workers share nothing and need no lock.
`OMNITHREAD_MONGO_URI` and `OMNITHREAD_KAFKA_BOOTSTRAP_SERVERS` put real ones in their place.
"""

import os
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from deploy.local.backends import EmbeddedKafka, EmbeddedMongo


class ByFolder(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Keeps a folder's tests on one worker: the services that they share are started once, and stopped after them."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0].rpartition("/")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFolder:  # the log is xdist's own
    return ByFolder(config, log)


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
