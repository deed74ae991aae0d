import asyncio
import time

import pytest
from pymongo.errors import PyMongoError

from libs.errors import OmnithreadError
from libs.mongo.connection import Database, connect
from libs.mongo.connection import database as named_database
from libs.mongo.deadline import Deadline, reading
from libs.rpc.call import CURRENT_CALL, Call, Caller
from tests.libs.mongo.conftest import CommandLog


async def test_a_command_may_take_a_share_of_what_the_caller_has_left(database: Database, commands: CommandLog) -> None:
    token = CURRENT_CALL.set(Call(Caller("web-shop", 1), deadline=asyncio.get_running_loop().time() + 4.0))
    try:
        with reading():
            await database["records"].find_one({"_id": "ann"})
    finally:
        CURRENT_CALL.reset(token)
    assert 0 < commands.sent[-1].command["maxTimeMS"] <= 3000


async def test_background_work_has_a_limit_too(database: Database, commands: CommandLog) -> None:
    with reading():
        await database["records"].find_one({"_id": "ann"})
    assert 0 < commands.sent[-1].command["maxTimeMS"] <= 10_000


async def test_a_server_that_is_away_is_named_within_the_time() -> None:
    client = connect("mongodb://127.0.0.1:1/?directConnection=true", app_name="tests")
    began = time.monotonic()
    with pytest.raises(OmnithreadError, match="DEPENDENCY_UNAVAILABLE"), reading(Deadline(at_most_seconds=0.4)):
        await named_database(client, "nothing")["records"].find_one({})
    assert time.monotonic() - began < 5
    client.close()


async def test_without_time_nothing_is_asked() -> None:
    token = CURRENT_CALL.set(Call(Caller("web-shop", 1), deadline=asyncio.get_running_loop().time()))
    try:
        with pytest.raises(OmnithreadError, match="DEADLINE_EXCEEDED"), reading():
            pytest.fail("nothing may be asked any more")
    finally:
        CURRENT_CALL.reset(token)


async def test_what_is_no_error_of_the_database_passes_unchanged() -> None:
    with pytest.raises(KeyError), reading():
        raise KeyError("mine")
    with pytest.raises(OmnithreadError, match="DEPENDENCY_UNAVAILABLE") as caught, reading():
        raise PyMongoError("its own")
    assert isinstance(caught.value.__cause__, PyMongoError)
