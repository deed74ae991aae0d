"""Messaging that may post to this machine, beside its office, and a system that is posted to."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from libs.serving import Running
from omnithread import Omnithread
from services.messaging.service import SERVICE as MESSAGING
from tests.services.messaging.conftest import surroundings
from tests.services.messaging.subscriptions.receiver import Receiver, receiving
from tests.services.running import Services

HOOKS: dict[str, Any] = {
    "kafka_idle_pause_seconds": 0.2,
    "subscription_allow_http": True,
    "subscription_allowed_networks": "127.0.0.0/8",
    "subscription_sweep_seconds": 0.1,
    "subscription_retry_first_seconds": 0.1,
}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="package")
async def services(
    mongo_uri: str, kafka_bootstrap: str, new_prefix: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Services]:
    """A company of its own: every replica of messaging posts, and others may not post to this machine."""
    state = tmp_path_factory.mktemp("subscriptions")
    async with surroundings(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=new_prefix(), state=state
    ) as services:
        yield services


@pytest.fixture(scope="package")
async def posting(services: Services) -> Running:
    """One replica of messaging that posts events."""
    return await services.start(MESSAGING, **HOOKS)


@pytest.fixture(scope="package")
async def partner(services: Services, posting: Running) -> Omnithread:
    """The channel whose people subscribe."""
    return services.connect("call-centre", at=posting)
