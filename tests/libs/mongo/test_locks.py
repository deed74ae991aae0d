import asyncio

import pytest

from libs.errors import OmnithreadError
from libs.mongo.deadline import Deadline
from libs.mongo.locks import KeyLocks


async def test_one_at_a_time_holds_a_key_and_nothing_is_left_afterwards() -> None:
    locks, inside, most = KeyLocks(), 0, 0

    async def hold() -> None:
        nonlocal inside, most
        async with locks.hold("ann", Deadline()):
            inside += 1
            most = max(most, inside)
            try:
                await asyncio.sleep(0)
            finally:
                inside -= 1

    tasks = [asyncio.create_task(hold()) for _ in range(10)]
    await asyncio.sleep(0)
    tasks[3].cancel()
    tasks[0].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert most == 1
    assert len(locks) == 0


async def test_different_keys_do_not_wait_for_each_other() -> None:
    locks = KeyLocks()
    async with locks.hold("ann", Deadline()), locks.hold("bob", Deadline()):
        assert len(locks) == 2


async def test_waiting_ends_with_the_deadline() -> None:
    locks = KeyLocks()
    async with locks.hold("ann", Deadline()):
        with pytest.raises(OmnithreadError, match="CONFLICT"):
            async with locks.hold("ann", Deadline(at_most_seconds=0.01)):
                pytest.fail("somebody else holds it")
    assert len(locks) == 0
