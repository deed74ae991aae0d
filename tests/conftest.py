"""What every test may ask for: a MongoDB, a Kafka, and names that no other test uses.

Each xdist worker starts its own pair (1.5 s and 0.1 s, 60 MB), so workers share nothing and need no lock.
`OMNITHREAD_MONGO_URI` and `OMNITHREAD_KAFKA_BOOTSTRAP_SERVERS` put given ones in their place, which all workers share,
maybe with other runs: every name is made here, and what bears a name of the run is taken away at its end.
"""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from deploy.local.backends import EmbeddedKafka, EmbeddedMongo
from deploy.local.leftovers import drop_databases, drop_topics
from tests.long_tests import SEED, leave_out, mark_long, seed, share
from tests.own_logging import log_plainly

settings.register_profile("busy", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")  # that an example takes long says that the machine has much else to do

LONGEST_FIRST = (
    "tests/services/aggregator",
    "tests/journeys",
    "tests/services/messaging",
    "tests/services/profile",
    "tests/services/cart",
    "tests/libs/events",
)
"""Folders that take a minute and more: they are begun first, so that no worker has one of them left at the end."""


class ByFolder(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Keeps a folder's tests on one worker: the services that they share are started once, and stopped after them."""

    def __init__(self, config: pytest.Config, log: Any) -> None:  # the log is xdist's own
        super().__init__(config, log)
        config.option.loadscopereorder = False  # a folder with many tests is not one that takes long

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0].rpartition("/")[0]


def pytest_configure() -> None:
    log_plainly()
    seed()  # before there are workers, so that all draw the same


def pytest_report_header() -> list[str]:
    return [f"of what takes long a share of {share():g}, drawn by {SEED}={seed()}"] if share() < 1 else []


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFolder:  # the log is xdist's own
    return ByFolder(config, log)


@pytest.fixture(scope="session")
def run_prefix() -> str:
    """Give what the names of this worker's run begin with, and nobody else's."""
    return f"t{uuid.uuid4().hex[:8]}"


@pytest.hookimpl(tryfirst=True)  # before marks are chosen by
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what takes long, and keep the share of it that is wanted; put the folders that do first."""
    mark_long(items)
    leave_out(config, items)

    def rank(item: pytest.Item) -> int:
        folder = item.nodeid.partition("::")[0].rpartition("/")[0]
        return LONGEST_FIRST.index(folder) if folder in LONGEST_FIRST else len(LONGEST_FIRST)

    items.sort(key=rank)


@pytest.fixture(scope="session")
async def mongo_uri(run_prefix: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Give a MongoDB-wire server, one per worker and run where none is given."""
    if given := os.environ.get("OMNITHREAD_MONGO_URI"):
        yield given
        await asyncio.to_thread(drop_databases, given, run_prefix)
        return
    server = EmbeddedMongo(data_dir=tmp_path_factory.mktemp("mongo"))
    try:
        yield (await server.start()).uri
    finally:
        await server.kill()  # nobody needs its data again, and an orderly stop takes seconds


@pytest.fixture(scope="session")
async def kafka_bootstrap(run_prefix: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Give a Kafka-compatible broker, one per worker and run where none is given."""
    if given := os.environ.get("OMNITHREAD_KAFKA_BOOTSTRAP_SERVERS"):
        yield given
        await drop_topics(given, run_prefix)
        return
    server = EmbeddedKafka(data_dir=tmp_path_factory.mktemp("kafka"))
    try:
        yield (await server.start()).bootstrap_servers
    finally:
        await server.kill()  # nobody needs its data again, and an orderly stop takes seconds


@pytest.fixture(scope="session")
def new_prefix(run_prefix: str) -> Callable[[], str]:
    """Make prefixes for what several tests share; legal in names of databases, topics and groups."""
    return lambda: f"{run_prefix}{uuid.uuid4().hex[:8]}"


@pytest.fixture
def unique_prefix(new_prefix: Callable[[], str]) -> str:
    """Give such a prefix for one test."""
    return new_prefix()
