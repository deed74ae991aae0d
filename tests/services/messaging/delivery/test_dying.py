"""A worker dies at some steps between looking and noting (at each in `tests/faults`): what was promised is kept."""

import asyncio
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from libs.ids import new_id
from services.messaging.delivery.adapters import Look, Parcel, Taken, Unsure, nothing_to_look_at
from services.messaging.delivery.circuit import Circuit, CircuitState
from services.messaging.values import DeliveryKind, MessageState
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


async def test_a_worker_that_stood_still_until_its_lease_was_over_hands_nothing_over(
    depot: Depot, tmp_path: Path
) -> None:
    async with mail_server(tmp_path) as place:
        customer_id, adapter = new_id("cus"), place.adapter(depot)
        await depot.queue(customer_id, "cart_reminder")
        async with depot.worker(place.kind, adapter, place.address(customer_id)) as sender:
            depot.freezes = True
            await sender.send_due(customer_id)
            assert place.effects(customer_id) == 0
            assert (await depot.until_settled(customer_id, sender)).state is MessageState.SENT
        assert place.effects(customer_id) == 1
        await adapter.close()


class Deaf:
    """A provider that can be asked, and takes nothing."""

    can_look_up = takes_once = True

    async def hand_over(self, _parcel: Parcel, _last_look: Look = nothing_to_look_at) -> Taken:
        raise Unsure("silence")

    async def look_up(self, _idempotency_key: str) -> Taken | None:
        return None

    async def close(self) -> None:
        """Nothing is open."""


async def test_a_provider_that_answers_questions_and_takes_no_message_is_left_alone(depot: Depot) -> None:
    customer_id, circuit = new_id("cus"), Circuit(3, timedelta(seconds=30), Random(1))
    await depot.queue(customer_id, "invoice")
    async with depot.worker(DeliveryKind.SMS, Deaf(), "+41446681800", circuit=circuit) as sender:
        for _ in range(6):
            await sender.send_due(customer_id)
            if circuit.failures < 3:
                depot.later += timedelta(minutes=20)
    assert circuit.state(depot.clock()) is CircuitState.OPEN
