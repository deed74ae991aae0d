"""A worker dies at some steps between looking and noting (at each in `tests/faults`): what was promised is kept."""

import asyncio
from pathlib import Path

import pytest

from libs.ids import new_id
from tests.services.messaging.delivery.dying import Depot
from tests.services.messaging.delivery.places import (
    EXACTLY_ONCE,
    each_comes_again_if_in_doubt,
    each_comes_at_most_once,
    each_comes_once,
    mail_server,
)

STRIDE = 7
CUSTOMERS = 12


@pytest.fixture
async def depot(mongo_uri: str, unique_prefix: str) -> Depot:
    one = Depot(mongo_uri, f"{unique_prefix}_depot")
    await one.migrate()
    return one


@pytest.mark.parametrize("name", EXACTLY_ONCE)
async def test_a_provider_that_can_be_asked_or_takes_a_key_once_has_each_message_once(
    depot: Depot, tmp_path: Path, name: str
) -> None:
    await each_comes_once(depot, tmp_path, name, stride=STRIDE)


async def test_where_nobody_can_be_asked_a_message_comes_at_most_once_and_who_does_not_know_says_so(
    depot: Depot, tmp_path: Path
) -> None:
    await each_comes_at_most_once(depot, tmp_path, "mail server", "cart_reminder", stride=STRIDE)


async def test_what_the_purpose_wants_again_comes_again_and_is_known_as_the_same(depot: Depot, tmp_path: Path) -> None:
    await each_comes_again_if_in_doubt(depot, tmp_path, stride=STRIDE)


async def test_two_replicas_share_the_work_and_do_nothing_twice(depot: Depot, tmp_path: Path) -> None:
    async with mail_server(tmp_path) as place:
        customers = [new_id("cus") for _ in range(CUSTOMERS)]
        for customer_id in customers:
            await depot.queue(customer_id, "cart_reminder")
        done: list[int] = []

        async def replica(number: int, order: list[str]) -> None:
            adapter = place.adapter(depot)
            for customer_id in order:
                async with depot.worker(place.kind, adapter, place.address(customer_id)) as sender:
                    before = place.effects(customer_id)
                    await sender.send_due(customer_id)
                    done.extend([number] * (place.effects(customer_id) - before))
            await adapter.close()

        await asyncio.gather(replica(1, customers), replica(2, customers[::-1]))
        assert [place.effects(customer_id) for customer_id in customers] == [1] * CUSTOMERS
        assert {1, 2} == set(done)
