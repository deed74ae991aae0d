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


LONG = (
    "tests/deploy/kubernetes/test_started_as_rendered.py",
    "tests/deploy/image/test_contents.py",
    "tests/deploy/image/test_programs_start.py",
    "tests/hostile/test_bad_input.py::test_every_method_has_an_answer",
    "tests/journeys/test_a_shift_is_replayed.py",
    "tests/journeys/test_every_trace_is_whole.py",
    "tests/journeys/test_nobody_loses_anything.py",
    "tests/journeys/test_nothing_personal_is_left.py",
    "tests/journeys/test_promise_01_one_cart.py::test_two_channels_write_one_cart_a_hundred_times",
    "tests/journeys/test_what_the_pages_show.py",
    "tests/libs/events/test_kafka_away.py",
    "tests/libs/test_secrets.py::test_a_service_works_as_a_user",
    "tests/libs/mongo/test_crash.py",
    "tests/libs/mongo/test_erase.py::test_an_erasure_that_crashes_at_any_write",
    "tests/libs/rpc/test_a_new_replica.py",
    "tests/release/test_client_package.py",
    "tests/services/access/test_who_may_do_what.py::test_each_caller",
    "tests/services/aggregator/searching/test_against_a_pencil.py::test_after_being_killed",
    "tests/services/aggregator/searching/test_against_a_pencil.py::test_after_months",
    "tests/services/aggregator/searching/test_ten_thousand_journeys.py",
    "tests/services/aggregator/test_erasure_crashes.py",
    "tests/services/aggregator/test_erasures.py",
    "tests/services/aggregator/test_price_alerts.py::test_after_crashes_at_any_point",
    "tests/services/aggregator/test_sampled_journeys.py",
    "tests/services/aggregator/test_unmerging.py",
    "tests/services/aggregator/watching/test_away.py",
    "tests/services/aggregator/watching/test_streams.py::test_who_takes_nothing",
    "tests/services/cart/checkout/test_checkouts.py",
    "tests/services/cart/test_against_a_simple_model.py",
    "tests/services/cart/test_process.py",
    "tests/services/cart/test_two_replicas.py",
    "tests/services/messaging/deciding/test_a_hundred.py",
    "tests/services/messaging/delivery/test_waiting.py",
    "tests/services/messaging/delivery/test_wrong_clocks.py",
    "tests/services/messaging/subscriptions/test_calls.py::test_the_51st_subscription_is_refused",
    "tests/services/messaging/subscriptions/test_posting.py",
    "tests/services/profile/test_forgetting.py::test_an_erasure_that_crashes_at_any_write",
    "tests/services/profile/test_process.py",
)
"""What takes long, since it crashes or repeats many times, waits out deadlines, or starts whole processes: these have
the mark `long`, and are run by `make test-long`."""


class ByFolder(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Keeps a folder's tests on one worker: the services that they share are started once, and stopped after them."""

    def __init__(self, config: pytest.Config, log: Any) -> None:  # the log is xdist's own
        super().__init__(config, log)
        config.option.loadscopereorder = False  # a folder with many tests is not one that takes long

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0].rpartition("/")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFolder:  # the log is xdist's own
    return ByFolder(config, log)


@pytest.fixture(scope="session")
def run_prefix() -> str:
    """Give what the names of this worker's run begin with, and nobody else's."""
    return f"t{uuid.uuid4().hex[:8]}"


@pytest.hookimpl(tryfirst=True)  # before marks are chosen by
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what takes long; put the folders that do first, and leave the rest in order."""
    for item in items:
        if item.nodeid.startswith(LONG):
            item.add_marker(pytest.mark.long)

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
