"""Messaging that may post to this machine, beside its office, and a system that is posted to."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from libs.serving import Running
from omnithread import Omnithread
from services.messaging.__main__ import SERVICE as MESSAGING
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
async def posting(services: Services) -> Running:
    """One replica of messaging that posts events."""
    return await services.start(MESSAGING, **HOOKS)


@pytest.fixture(scope="package")
async def partner(services: Services, posting: Running) -> Omnithread:
    """The channel whose people subscribe."""
    return services.connect("call-centre", at=posting)
