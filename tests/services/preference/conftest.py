"""Preference beside profile, both real, on the embedded servers; each test has customers of its own."""

from collections.abc import AsyncIterator, Callable

import pytest

from services.preference.__main__ import SERVICE as PREFERENCE
from services.profile.__main__ import SERVICE as PROFILE
from tests.services.preference.desk import Desk, desk_at
from tests.services.running import Services


@pytest.fixture(scope="package")
async def desk(
    mongo_uri: str, kafka_bootstrap: str, new_prefix: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    prefix, state = new_prefix(), tmp_path_factory.mktemp("preference")
    async with Services(mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=prefix, state=state) as services:
        await services.start(PROFILE)
        yield desk_at(services, await services.start(PREFERENCE))
