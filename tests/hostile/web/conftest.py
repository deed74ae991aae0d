"""A house of its own: pages show what its brand is called, and the tests beside this folder rename it."""

from collections.abc import AsyncIterator, Callable

import pytest

from tests.hostile.house import House, open_house


@pytest.fixture(scope="package")
async def house(
    mongo_uri: str, kafka_bootstrap: str, new_prefix: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    state = tmp_path_factory.mktemp("hostile-web")
    async with open_house(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=new_prefix(), state=state
    ) as house:
        yield house
