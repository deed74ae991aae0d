"""Cart beside profile, both real, on the embedded servers; each test has customers of its own."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from services.cart.service import SERVICE as CART
from services.profile.service import SERVICE as PROFILE
from tests.services.cart.shop import Shop, shop_at
from tests.services.running import Services

IMPATIENT: dict[str, Any] = {"idle_after_seconds": 0.2, "idle_sweep_seconds": 0.05}
FORGETFUL: dict[str, Any] = {"expire_after_seconds": 0.5, "idle_sweep_seconds": 0.05}


@pytest.fixture(scope="package")
async def services(
    mongo_uri: str, kafka_bootstrap: str, new_prefix: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Services]:
    """Two replicas of cart at one profile, for all tests of cart."""
    prefix, state = new_prefix(), tmp_path_factory.mktemp("cart")
    async with Services(mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=prefix, state=state) as services:
        await services.start(PROFILE)
        yield services


@pytest.fixture(scope="package")
async def shop(services: Services) -> Shop:
    return shop_at(services, await services.start(CART))


@pytest.fixture(scope="package")
async def another_replica(services: Services, shop: Shop) -> Shop:
    return shop_at(services, await services.start(CART))


@pytest.fixture
async def impatient_shops(
    mongo_uri: str, kafka_bootstrap: str, unique_prefix: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Shop, Shop]]:
    """Two replicas of a cart that count as idle after a moment."""
    state = tmp_path_factory.mktemp("impatient")
    async with Services(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=unique_prefix, state=state
    ) as services:
        await services.start(PROFILE)
        one, other = [await services.start(CART, **IMPATIENT) for _ in range(2)]
        yield shop_at(services, one), shop_at(services, other)


@pytest.fixture
async def forgetful_shops(
    mongo_uri: str, kafka_bootstrap: str, unique_prefix: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Shop, Shop]]:
    """Two replicas of a cart that expires after a moment."""
    state = tmp_path_factory.mktemp("forgetful")
    async with Services(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=unique_prefix, state=state
    ) as services:
        await services.start(PROFILE)
        one, other = [await services.start(CART, **FORGETFUL) for _ in range(2)]
        yield shop_at(services, one), shop_at(services, other)
