"""What many ask for at once is asked of MongoDB together, and each is given what is theirs."""

import asyncio
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

from libs.errors import OmnithreadError
from libs.mongo.connection import Collection, Database, connect, undecoded
from libs.mongo.connection import database as named_database
from libs.mongo.deadline import Deadline
from libs.mongo.gathered import GatheredFinds
from tests.libs.mongo.conftest import CommandLog

MANY = 200


@pytest.fixture
async def things(database: Database, commands: CommandLog) -> Collection:
    things = database["things"]
    await things.insert_many([{"_id": f"thing_{number}", "number": number} for number in range(MANY)])
    commands.sent.clear()
    return things


@pytest.fixture
def gathered(things: Collection) -> GatheredFinds:
    return GatheredFinds(undecoded(things), {"hidden": 0})


async def found(gathered: GatheredFinds, number: int, *, seconds: float = 30.0) -> Any:  # what BSON holds
    document = await gathered.find(f"thing_{number}", Deadline(at_most_seconds=seconds))
    return None if document is None else document["number"]


async def test_each_is_given_theirs_by_a_few_commands(gathered: GatheredFinds, commands: CommandLog) -> None:
    asked = [*range(MANY), *range(MANY), *range(MANY, MANY + 5)]
    answers = await asyncio.gather(*(found(gathered, number) for number in asked))
    assert answers == [*range(MANY), *range(MANY), *[None] * 5]
    assert commands.names.count("find") <= len(asked) / 10


async def test_who_is_alone_does_not_wait_and_sees_what_was_just_written(
    things: Collection, gathered: GatheredFinds
) -> None:
    assert await found(gathered, 1) == 1
    await things.update_one({"_id": "thing_1"}, {"$set": {"number": 1001}})
    assert await found(gathered, 1) == 1001


async def test_whoever_asks_after_a_write_sees_it_however_many_ask_at_once(
    things: Collection, gathered: GatheredFinds
) -> None:
    async def write_and_read(number: int) -> bool:
        for told in range(1, 21):
            await things.update_one({"_id": f"thing_{number}"}, {"$set": {"number": told}})
            if await found(gathered, number) != told:
                return False
        return True

    async def only_read(until_done: asyncio.Event) -> None:
        while not until_done.is_set():
            await asyncio.gather(*(found(gathered, number) for number in range(10)))

    done = asyncio.Event()
    reading = asyncio.create_task(only_read(done))
    assert all(await asyncio.gather(*(write_and_read(number) for number in range(10))))
    done.set()
    await reading


async def test_who_gives_up_takes_nobody_along(gathered: GatheredFinds) -> None:
    asking = [asyncio.create_task(found(gathered, number)) for number in range(50)]
    await asyncio.sleep(0)
    given_up, kept = asking[1::2], asking[::2]
    for task in given_up:
        task.cancel()
    assert await asyncio.gather(*kept) == [*range(0, 50, 2)]
    answers = await asyncio.gather(*given_up, return_exceptions=True)
    assert all(isinstance(answer, asyncio.CancelledError) for answer in answers)
    assert await found(gathered, 7) == 7


async def test_whose_time_is_over_is_not_asked_for(gathered: GatheredFinds, commands: CommandLog) -> None:
    busy = asyncio.create_task(found(gathered, 1))
    await asyncio.sleep(0)
    late = [asyncio.create_task(found(gathered, number, seconds=0.0)) for number in range(10)]
    answers = await asyncio.gather(*late, return_exceptions=True)
    assert [one.reason for one in answers if isinstance(one, OmnithreadError)] == ["DEPENDENCY_UNAVAILABLE"] * 10
    assert await busy == 1
    assert commands.names.count("find") == 1


async def test_what_is_traced_asks_by_itself(gathered: GatheredFinds, commands: CommandLog) -> None:
    tracer = TracerProvider().get_tracer("test")

    async def traced(number: int) -> Any:
        with tracer.start_as_current_span("a call"):
            return await found(gathered, number)

    assert await asyncio.gather(*(traced(number) for number in range(20))) == list(range(20))
    assert commands.names.count("find") == 20


async def test_where_the_database_is_away_each_is_told_so_in_their_own_time(unique_prefix: str) -> None:
    client = connect("mongodb://127.0.0.1:1/?directConnection=true", app_name="test")
    gathered = GatheredFinds(undecoded(named_database(client, unique_prefix)["things"]), {})
    asked = [found(gathered, number, seconds=0.5) for number in range(20)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    client.close()
    assert {one.reason for one in answers if isinstance(one, OmnithreadError)} == {"DEPENDENCY_UNAVAILABLE"}
    assert len(answers) == sum(isinstance(one, OmnithreadError) for one in answers)
