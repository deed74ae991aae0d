"""Parts are away and come back: nobody who watches stays with what was known before."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from deploy.local.backends import EmbeddedKafka
from omnithread.context.v1 import context_pb2 as context
from services.cart.service import SERVICE as CART
from services.messaging.service import SERVICE as MESSAGING
from services.preference.service import SERVICE as PREFERENCE
from services.profile.service import SERVICE as PROFILE
from tests.services.aggregator.company import Company, company_at, item, named, start_stoppable, visitor
from tests.services.aggregator.watching.eyes import skus, watching
from tests.services.running import Services

NEVER: dict[str, Any] = {"watch_look_seconds": 86_400.0, "most_answer_seconds": 5.0}
"""Nothing is looked at without a reason, and who says nothing is not waited for long."""
CART_ONLY = [context.SECTION_CART]
MESSAGING_IS_AWAY = (context.SECTION_MESSAGING, context.SECTION_PROBLEM_REASON_UNAVAILABLE)


@pytest.fixture
async def mortal_kafka(tmp_path: Path) -> AsyncIterator[EmbeddedKafka]:
    """Give a broker that the test may kill."""
    async with EmbeddedKafka(data_dir=tmp_path / "kafka") as broker:
        yield broker


async def test_what_changes_while_kafka_is_away_is_seen_and_so_is_what_comes_after(
    mortal_kafka: EmbeddedKafka, mongo_uri: str, unique_prefix: str, tmp_path: Path
) -> None:
    async with Services(
        mongo_uri=mongo_uri,
        kafka_bootstrap=mortal_kafka.address.bootstrap_servers,
        prefix=unique_prefix,
        state=tmp_path,
    ) as services:
        await services.start(PROFILE)
        await services.start(CART)
        company = await company_at(services, **NEVER)
        customer_id = (await company.web.start_session([visitor()])).customer_id
        async with watching(company.store, customer_id, sections=CART_ONLY) as eyes:
            await eyes.sees(lambda update: update.snapshot)
            await company.web.cart.AddItem(item(customer_id))
            await eyes.sees(lambda update: skus(update) == ["boots"])
            await mortal_kafka.kill()
            await company.web.cart.AddItem(item(customer_id, "hat"))
            await eyes.sees(lambda update: skus(update) == ["boots", "hat"])  # heard of from cart itself
            await mortal_kafka.start()  # empty
            await company.web.cart.AddItem(item(customer_id, "gloves"))
            await eyes.sees(lambda update: skus(update) == ["boots", "hat", "gloves"])


async def test_a_section_that_was_missing_is_there_when_its_service_is_back(own_services: Services) -> None:
    await own_services.start(PROFILE)
    await own_services.start(CART)
    await own_services.start(PREFERENCE)
    messaging = await start_stoppable(own_services, MESSAGING, listen="127.0.0.1:0")
    address = own_services.addresses["messaging"]
    company: Company = await company_at(own_services, **NEVER)
    customer_id = (await company.web.start_session([visitor()])).customer_id
    async with AsyncExitStack() as again, watching(company.store, customer_id) as eyes:
        await eyes.sees(lambda update: update.context.HasField("messaging"))
        await messaging.aclose()
        await company.web.cart.AddItem(item(customer_id))
        lost = await eyes.sees(lambda update: MESSAGING_IS_AWAY in named(list(update.problems)))
        assert not lost.context.HasField("messaging")
        await eyes.sees(lambda update: skus(update) == ["boots"])
        again.push_async_exit(await start_stoppable(own_services, MESSAGING, listen=address))
        back = await eyes.sees(lambda update: not update.problems)
        assert back.context.HasField("messaging")
