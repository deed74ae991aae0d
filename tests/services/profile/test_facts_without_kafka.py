"""What Kafka does not bring is asked of its owner: profile counts it all the same, and two replicas count it once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.ports import free_port
from omnithread.cart.v1.cart_service_pb2 import CheckoutRequest, PickupChoice
from omnithread.context.v1.context_service_pb2 import StartSessionRequest
from omnithread.profile.v1.profile_service_pb2 import GetProfileRequest
from services.aggregator.service import SERVICE as AGGREGATOR
from services.cart.service import SERVICE as CART
from services.profile.service import SERVICE as PROFILE
from tests.services.cart.shop import item
from tests.services.profile.reception import cookie
from tests.services.running import LOOPBACK, Services


@pytest.fixture
async def cut_off(mongo_uri: str, kafka_bootstrap: str, unique_prefix: str, tmp_path: Path) -> AsyncIterator[Services]:
    """Give two replicas of profile that Kafka tells nothing, with cart and the aggregator beside them."""
    cart, aggregator = (f"{LOOPBACK}:{free_port()}" for _ in range(2))
    async with Services(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=unique_prefix, state=tmp_path
    ) as services:
        for _ in range(2):
            # They listen where nobody announces anything.
            await services.start(
                PROFILE, topic_prefix=f"{unique_prefix}.deaf.", cart_address=cart, aggregator_address=aggregator
            )
        await services.start(CART, listen=cart)
        await services.start(AGGREGATOR, listen=aggregator)
        yield services


async def test_orders_and_visits_are_counted_once_though_kafka_brings_nothing(cut_off: Services) -> None:
    web = cut_off.connect("web-shop")
    visitor = cookie()
    customer_id = (await web.context.StartSession(StartSessionRequest(identifiers=[visitor]), timeout=30)).customer_id
    for _ in range(3):
        await web.cart.AddItem(item(customer_id))
        await web.cart.Checkout(CheckoutRequest(customer_id=customer_id, pickup=PickupChoice(store_id="store-042")))
    request = GetProfileRequest(customer_id=customer_id)
    counted = (0, 0)
    async with asyncio.timeout(90):
        while counted != (3, 1):
            await asyncio.sleep(0.1)
            facts = (await web.profile.GetProfile(request)).profile.facts
            counted = facts.order_count, sum(use.visit_count for use in facts.channels)
