"""Two replicas of every service, for histories, restarts and endurance."""

from collections.abc import AsyncIterator

import pytest

from deploy.local.suite import Suite
from tests.running_suite import running_suite

SETTINGS = {"reservation_seconds": "3"}


@pytest.fixture(scope="package")
async def pairs(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    """Give a suite with two replicas of each service behind one address."""
    async with running_suite(tmp_path_factory.mktemp("pairs"), SETTINGS, replicas=2) as running:
        yield running
