"""One running suite for all stories, with customers who do not know one another."""

from collections.abc import AsyncIterator

import pytest

from deploy.local.suite import Suite
from tests.running_suite import STORY_SETTINGS, Channels, channels_of, running_suite


@pytest.fixture(scope="package")
async def suite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    async with running_suite(tmp_path_factory.mktemp("suite"), STORY_SETTINGS) as running:
        yield running


@pytest.fixture(scope="package")
async def channels(suite: Suite) -> AsyncIterator[Channels]:
    async with channels_of(suite) as connected:
        yield connected
