"""A sweep does what is due, and what fails holds up nothing else."""

import asyncio

from libs.errors import conflict, dependency_unavailable
from libs.sweeping import Sweep
from tests.services.calls import until


async def test_one_that_fails_holds_up_no_other_and_is_tried_again() -> None:
    due, done, tried = ["one", "two", "three"], [], []

    async def find() -> list[str]:
        return list(due)

    async def do(key: str) -> None:
        tried.append(key)
        if key == "two" and tried.count("two") == 1:
            raise conflict()
        due.remove(key)
        done.append(key)

    sweep = Sweep(name="things", find=find, do=do, pause_seconds=1)
    await sweep.sweep()
    assert done == ["one", "three"]
    await sweep.sweep()
    assert done == ["one", "three", "two"]


async def test_it_goes_on_looking_when_nobody_answered() -> None:
    looks: list[int] = []

    async def find() -> list[str]:
        looks.append(len(looks))
        if len(looks) == 1:
            raise dependency_unavailable("mongodb")
        return []

    async def do(_key: str) -> None:
        raise AssertionError

    running = asyncio.create_task(Sweep(name="things", find=find, do=do, pause_seconds=0.01).run())

    async def looked_again() -> bool:
        return len(looks) > 2

    await until(looked_again)
    running.cancel()
