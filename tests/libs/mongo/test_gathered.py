"""What many ask for at once is asked of MongoDB together, and each is given what is theirs."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from pymongo import monitoring

from libs.errors import OmnithreadError
from libs.mongo.connection import Client, Database, connect, database, undecoded
from libs.mongo.deadline import Deadline
from libs.mongo.gathered import UNDER_WAY, GatheredFinds

MANY = 200


class Finds(monitoring.CommandListener):
    """Counts the finds."""

    def __init__(self) -> None:
        self.count = 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.count += event.command_name == "find"

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


@pytest.fixture
def finds() -> Finds:
    return Finds()


@pytest.fixture
async def client(mongo_uri: str, finds: Finds) -> AsyncIterator[Client]:
    client = connect(mongo_uri, app_name="test", listeners=[finds])
    yield client
    client.close()


@pytest.fixture
async def own(client: Client, unique_prefix: str) -> AsyncIterator[Database]:
    own = database(client, unique_prefix)
    await own["things"].insert_many([{"_id": f"thing_{number}", "number": number} for number in range(MANY)])
    yield own
    await client.drop_database(unique_prefix)


@pytest.fixture
def gathered(own: Database) -> GatheredFinds:
    return GatheredFinds(undecoded(own["things"]), {"hidden": 0})


async def found(gathered: GatheredFinds, number: int, *, seconds: float = 30.0) -> Any:  # what BSON holds
    document = await gathered.find(f"thing_{number}", Deadline(at_most_seconds=seconds))
    return None if document is None else document["number"]


async def test_each_is_given_theirs_by_a_few_commands(gathered: GatheredFinds, finds: Finds) -> None:
    asked = [*range(MANY), *range(MANY), *range(MANY, MANY + 5)]
    answers = await asyncio.gather(*(found(gathered, number) for number in asked))
    assert answers == [*range(MANY), *range(MANY), *[None] * 5]
    assert finds.count <= len(asked) / 10


async def test_who_is_alone_does_not_wait_and_sees_what_was_just_written(
    own: Database, gathered: GatheredFinds
) -> None:
    assert await found(gathered, 1) == 1
    await own["things"].update_one({"_id": "thing_1"}, {"$set": {"number": 1001}})
    assert await found(gathered, 1) == 1001


async def test_whoever_asks_after_a_write_sees_it_however_many_ask_at_once(
    own: Database, gathered: GatheredFinds
) -> None:
    async def write_and_read(number: int) -> bool:
        for told in range(1, 21):
            await own["things"].update_one({"_id": f"thing_{number}"}, {"$set": {"number": told}})
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
    for task in asking[::2]:
        task.cancel()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert answers[1::2] == list(range(1, 50, 2))
    assert all(isinstance(answer, asyncio.CancelledError) for answer in answers[::2])
    assert await found(gathered, 7) == 7


async def test_whose_time_is_over_is_not_asked_for(gathered: GatheredFinds, finds: Finds) -> None:
    busy = [asyncio.create_task(found(gathered, number)) for number in range(UNDER_WAY)]
    await asyncio.sleep(0)
    late = [asyncio.create_task(found(gathered, number, seconds=0.0)) for number in range(10)]
    answers = await asyncio.gather(*late, return_exceptions=True)
    assert [one.reason for one in answers if isinstance(one, OmnithreadError)] == ["DEPENDENCY_UNAVAILABLE"] * 10
    assert await asyncio.gather(*busy) == list(range(UNDER_WAY))
    assert finds.count == UNDER_WAY


async def test_what_is_traced_asks_by_itself(gathered: GatheredFinds, finds: Finds) -> None:
    tracer = TracerProvider().get_tracer("test")

    async def traced(number: int) -> Any:
        with tracer.start_as_current_span("a call"):
            return await found(gathered, number)

    assert await asyncio.gather(*(traced(number) for number in range(20))) == list(range(20))
    assert finds.count == 20


async def test_where_the_database_is_away_each_is_told_so_in_their_own_time(unique_prefix: str) -> None:
    client = connect("mongodb://127.0.0.1:1/?directConnection=true", app_name="test")
    gathered = GatheredFinds(undecoded(database(client, unique_prefix)["things"]), {})
    asked = [found(gathered, number, seconds=0.5) for number in range(10 * UNDER_WAY)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    client.close()
    assert {one.reason for one in answers if isinstance(one, OmnithreadError)} == {"DEPENDENCY_UNAVAILABLE"}
    assert len(answers) == sum(isinstance(one, OmnithreadError) for one in answers)
