"""Readiness forgives a blink, and waiting ends."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from libs.errors import OmnithreadError, customer_not_found, dependency_unavailable, overloaded
from libs.mongo.connection import connect, database
from libs.patience import patiently
from libs.readiness import Readiness, mongo_answers


async def told_after(answers: list[bool]) -> list[bool]:
    """Give what is told while MongoDB answers so, and then is asked no more."""
    told: list[bool] = []
    left = iter(answers)
    done = asyncio.Event()

    async def answer() -> bool:
        try:
            return next(left)
        except StopIteration:
            done.set()
            await asyncio.Event().wait()
            return False

    async def tell(*, serving: bool) -> None:
        told.append(serving)

    task = asyncio.create_task(Readiness(answers=answer, tell=tell, every_seconds=0).run())
    await asyncio.wait_for(done.wait(), 30)
    task.cancel()
    return told


async def test_a_blink_is_forgiven() -> None:
    assert await told_after([True, False, False, True, False, False, True]) == []


async def test_three_failures_in_a_row_are_not_and_one_answer_makes_it_good() -> None:
    assert await told_after([False, False, False, False, False, True, True, False]) == [False, True]


async def test_a_database_that_is_there_answers_and_one_that_is_not_does_not(mongo_uri: str) -> None:
    there = connect(mongo_uri, app_name="test")
    away = connect("mongodb://127.0.0.1:1/?directConnection=true", app_name="test")
    try:
        assert await mongo_answers(database(there, "admin"))
        assert not await mongo_answers(database(away, "admin"))
    finally:
        there.close()
        away.close()


def failing(times: int, error: Exception) -> Callable[[], Awaitable[str]]:
    left = [error] * times

    async def attempt() -> str:
        if left:
            raise left.pop()
        return "done"

    return attempt


async def test_a_part_that_comes_later_is_waited_for() -> None:
    assert await patiently("mongodb", failing(2, dependency_unavailable("mongodb"))) == "done"
    assert await patiently("profile", failing(1, overloaded(retry_seconds=1))) == "done"


async def test_a_part_that_never_comes_is_not_waited_for_for_ever() -> None:
    with pytest.raises(OmnithreadError, match="DEPENDENCY_UNAVAILABLE"):
        await patiently("mongodb", failing(1000, dependency_unavailable("mongodb")), seconds=0)


async def test_what_waiting_does_not_mend_is_told_at_once() -> None:
    with pytest.raises(OmnithreadError, match="CUSTOMER_NOT_FOUND"):
        await patiently("profile", failing(1, customer_not_found("cus_1")))
