"""The client package against real services."""

from collections.abc import AsyncIterator, Callable

import pytest

from services.aggregator.service import SERVICE as AGGREGATOR
from services.cart.service import SERVICE as CART
from services.profile.service import SERVICE as PROFILE
from tests.services.running import Services


@pytest.fixture(scope="package")
async def services(
    mongo_uri: str, kafka_bootstrap: str, new_prefix: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Services]:
    """Profile, cart and aggregator; nobody answers for the others."""
    prefix, state = new_prefix(), tmp_path_factory.mktemp("client")
    async with Services(mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=prefix, state=state) as services:
        await services.start(PROFILE)
        await services.start(CART)
        await services.start(AGGREGATOR)
        yield services
