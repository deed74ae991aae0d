"""A service, the broker, the database are killed while channels write, and come back: nothing acknowledged is lost."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from deploy.local.suite import Suite
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_CART_CHANGED
from tests.faults.writers import Writer, writing
from tests.journeys.people import cart_of, journey_of, log_in, somebody
from tests.running_suite import Channels, until

pytestmark = pytest.mark.timeout(180)

CUSTOMERS = 2


async def writers_for(channels: Channels) -> list[Writer]:
    """Give two channels for each of some carts: one tries again until it is answered, one gives up."""
    found = []
    for _ in range(CUSTOMERS):
        customer_id = (await log_in(channels.store, somebody())).customer_id
        found += [
            Writer(channel=channels.shop, customer_id=customer_id, name="web", patient=True),
            Writer(channel=channels.app, customer_id=customer_id, name="app", patient=False),
        ]
    return found


async def assert_nothing_is_lost_or_doubled(channels: Channels, writers: list[Writer]) -> None:
    """Carts hold what the writers were told, and the journeys, built from events, hold what the carts do."""
    await channels.reach_everything()
    for writer in writers:
        writer.assert_kept(await cart_of(channels.agent, writer.customer_id))
    for customer_id in {writer.customer_id for writer in writers}:
        await assert_the_journey_has_every_piece(channels, customer_id)


async def assert_the_journey_has_every_piece(channels: Channels, customer_id: str) -> None:
    pieces = sum((await cart_of(channels.agent, customer_id)).values())

    async def changes() -> int:
        steps = await journey_of(channels.agent, customer_id)
        return sum(step.kind == TOUCHPOINT_KIND_CART_CHANGED for step in steps)

    assert await until(changes, lambda count: count >= pieces, limit_seconds=60) == pieces


async def crash(
    kill: Callable[[], Awaitable[object]], start: Callable[[], Awaitable[object]], *, down_seconds: float = 0.5
) -> None:
    """Kill it, leave it dead for a moment, start it again."""
    await kill()
    await asyncio.sleep(down_seconds)
    await start()


@pytest.mark.parametrize("service", ["cart", "aggregator"])
@pytest.mark.usefixtures("every_round")
async def test_a_killed_service_loses_nothing_that_was_acknowledged(
    suite: Suite, channels: Channels, service: str
) -> None:
    writers = await writers_for(channels)
    async with writing(writers):
        await crash(lambda: suite.kill(service), lambda: suite.restart(service))
    await assert_nothing_is_lost_or_doubled(channels, writers)
    if service == "cart":
        assert sum(writer.failures for writer in writers) > 0


@pytest.mark.usefixtures("every_round")
async def test_a_killed_database_loses_nothing_that_was_acknowledged(suite: Suite, channels: Channels) -> None:
    if suite.mongo is None:
        pytest.skip("the database is not ours to kill")
    writers = await writers_for(channels)
    async with writing(writers):
        await crash(suite.mongo.kill, suite.mongo.start)
    await assert_nothing_is_lost_or_doubled(channels, writers)
    assert sum(writer.failures for writer in writers) > 0


@pytest.mark.usefixtures("every_round")
async def test_a_killed_broker_stops_nobody_and_what_it_forgot_is_made_good(suite: Suite, channels: Channels) -> None:
    if suite.kafka is None:
        pytest.skip("the broker is not ours to kill")
    writers = await writers_for(channels)
    async with writing(writers):
        await suite.kafka.kill()
        before = [writer.acknowledged.total() for writer in writers]

        async def since_the_crash() -> list[int]:
            return [writer.acknowledged.total() - then for writer, then in zip(writers, before, strict=True)]

        await until(since_the_crash, lambda counts: min(counts) >= 10)
        await suite.kafka.start()
    await assert_nothing_is_lost_or_doubled(channels, writers)
    assert sum(writer.failures for writer in writers) == 0
