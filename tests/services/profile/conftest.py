from collections.abc import AsyncIterator

import pytest

from tests.services.profile.replicas import Replicas, start_replicas


@pytest.fixture
async def replicas(mongo_uri: str, unique_prefix: str) -> AsyncIterator[Replicas]:
    """Give two replicas of profile over an empty database."""
    running = await start_replicas(mongo_uri, f"{unique_prefix}_profile")
    yield running
    await running.client.drop_database(running.database.name)
    running.client.close()
