"""Profile, as its parts over the database and as a service with its calls."""

from collections.abc import AsyncIterator, Callable

import pytest

from services.profile.service import SERVICE
from services.profile.verifying import Verifying
from tests.services.profile.reception import Reception, reception_at
from tests.services.profile.replicas import Replicas, start_replicas
from tests.services.profile.verification_desk import desk_of
from tests.services.running import Services


@pytest.fixture
async def replicas(mongo_uri: str, unique_prefix: str) -> AsyncIterator[Replicas]:
    """Give two replicas of profile's operations over an empty database."""
    running = await start_replicas(mongo_uri, f"{unique_prefix}_profile")
    yield running
    await running.client.drop_database(running.database.name)
    running.client.close()


@pytest.fixture(scope="package")
async def services(
    mongo_uri: str, kafka_bootstrap: str, new_prefix: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Services]:
    """Give a place for services that all tests of profile's calls share."""
    prefix, state = new_prefix(), tmp_path_factory.mktemp("profile")
    async with Services(mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=prefix, state=state) as services:
        yield services


@pytest.fixture(scope="package")
async def reception(services: Services) -> Reception:
    """Give profile as it is called; each test has customers of its own."""
    return reception_at(services, await services.start(SERVICE))


@pytest.fixture(scope="package")
async def another_replica(services: Services, reception: Reception) -> Reception:
    """Give a second replica on the same database."""
    return reception_at(services, await services.start(SERVICE))


@pytest.fixture
def desk(replicas: Replicas) -> Verifying:
    """One replica's verification; every code is 271828."""
    return desk_of(replicas, 0)
