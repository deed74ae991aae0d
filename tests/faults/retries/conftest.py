"""One house for all calls; a driver that looks again soon after an error, so that a case takes no half a second."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pymongo.common
import pytest

from tests.faults.retries.house import House, NewHouse, open_house
from tests.own_logging import logging_of_its_own

SOON_SECONDS = 0.02


@pytest.fixture(scope="package")
def new_house(
    mongo_uri: str, kafka_bootstrap: str, new_prefix: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> NewHouse:
    """Give what opens a house of its own on the servers that are there."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[House]:
        # Logged as in production: the tracebacks that a person at a terminal gets cost more than the faults.
        with pytest.MonkeyPatch.context() as patched, logging_of_its_own():
            patched.setattr(pymongo.common, "MIN_HEARTBEAT_INTERVAL", SOON_SECONDS)
            state = tmp_path_factory.mktemp("retries")
            async with open_house(
                mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=new_prefix(), state=state
            ) as house:
                yield house

    return opened


@pytest.fixture(scope="package")
async def house(new_house: NewHouse) -> AsyncIterator[House]:
    async with new_house() as opened:
        yield opened
