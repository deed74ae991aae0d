"""A running suite to crash parts of, apart from the one that tells stories."""

import os
from collections.abc import AsyncIterator

import pytest

from deploy.local.suite import Suite
from tests.running_suite import Channels, channels_of, running_suite

SETTINGS = {"reservation_seconds": "3"}
"""What a crash left reserved is settled soon."""
ROUNDS = int(os.environ.get("OMNITHREAD_FAULT_ROUNDS", "1"))


@pytest.fixture(scope="package")
async def suite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    async with running_suite(tmp_path_factory.mktemp("suite"), SETTINGS) as running:
        yield running


@pytest.fixture(scope="package")
async def channels(suite: Suite) -> AsyncIterator[Channels]:
    async with channels_of(suite) as connected:
        yield connected


@pytest.fixture(params=range(ROUNDS), ids=lambda number: f"round{number + 1}")
def every_round(request: pytest.FixtureRequest) -> int:
    """Repeat a test as often as there are rounds."""
    return int(request.param)
