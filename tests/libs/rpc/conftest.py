"""Keys, and a door opened with them."""

from collections.abc import AsyncIterator

import pytest

from deploy.local.keys import Keys, ensure_keys
from tests.libs.rpc.opened_door import OpenedDoor, opened_door


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return ensure_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
async def door(keys: Keys) -> AsyncIterator[OpenedDoor]:
    async with opened_door(keys) as opened:
        yield opened
