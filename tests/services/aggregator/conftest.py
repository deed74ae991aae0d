"""The aggregator alone over a real database, and among the other four services."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import grpc
import pytest

from libs.mongo.connection import Client, Database, connect
from libs.mongo.connection import database as named_database
from libs.mongo.migrate import migrate
from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceStub
from services.aggregator.operations import Journeys
from services.aggregator.store import INDEXES
from tests.services.aggregator.alone import EPOCH, journeys_over
from tests.services.aggregator.company import FOUR, Company, company_at
from tests.services.aggregator.samples import NOON
from tests.services.running import Services


@dataclass(slots=True)
class Watch:
    """A clock that stands still until it is told to go on."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture(scope="package")
async def mongo_client(mongo_uri: str) -> AsyncIterator[Client]:
    client = connect(mongo_uri, app_name="aggregator-tests")
    yield client
    client.close()


@pytest.fixture
async def database(mongo_client: Client, unique_prefix: str) -> Database:
    database = named_database(mongo_client, unique_prefix)
    await migrate(database, INDEXES, new_epoch=EPOCH)
    return database


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def journeys(database: Database, watch: Watch) -> AsyncIterator[Journeys]:
    """Give the operations, where profile does not answer: nobody's existence is looked up."""
    async with grpc.aio.insecure_channel("127.0.0.1:1") as nowhere:
        yield journeys_over(database, watch, ProfileInternalServiceStub(nowhere))


@pytest.fixture(scope="package")
async def company(
    mongo_uri: str, kafka_bootstrap: str, new_prefix: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Company]:
    """Give all five services, for all tests that break none of them; each test has customers of its own."""
    prefix, state = new_prefix(), tmp_path_factory.mktemp("company")
    async with Services(mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=prefix, state=state) as services:
        for service in FOUR:
            await services.start(service)
        # A service that is slow is named in an answer, and here all are where the machine is busy with much else.
        yield await company_at(services, most_answer_seconds=60)


@pytest.fixture
async def own_services(
    mongo_uri: str, kafka_bootstrap: str, unique_prefix: str, tmp_path: Path
) -> AsyncIterator[Services]:
    """Give an installation of the test's own, in which nothing runs yet."""
    async with Services(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=unique_prefix, state=tmp_path
    ) as services:
        yield services
