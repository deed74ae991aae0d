"""One running suite for all stories, with customers who do not know one another."""

from collections.abc import AsyncIterator

import pytest

from deploy.local.suite import Suite
from tests.running_suite import Channels, channels_of, running_suite

# A cart counts as left after two seconds, and a reminder waits three: enough to come in between.
SETTINGS = {
    "idle_after_seconds": "2",
    "idle_sweep_seconds": "0.2",
    "reminder_delay_seconds": "3",
    "send_sweep_seconds": "0.2",
}


@pytest.fixture(scope="session")
async def suite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    async with running_suite(tmp_path_factory.mktemp("suite"), SETTINGS) as running:
        yield running


@pytest.fixture(scope="session")
async def channels(suite: Suite) -> AsyncIterator[Channels]:
    async with channels_of(suite) as connected:
        yield connected
