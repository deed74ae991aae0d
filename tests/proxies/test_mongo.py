"""A command goes wrong where it was told to, and nowhere else."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pymongo.errors import AutoReconnect, DuplicateKeyError, ExecutionTimeout, NotPrimaryError, WriteConcernError

from libs.mongo.connection import Client, Collection, connect, database, disconnect
from tests.proxies.answers import (
    DUPLICATE_KEY,
    MAX_TIME_EXPIRED,
    NOT_WRITABLE_PRIMARY,
    SHUT_DOWN_BEFORE_MAJORITY,
    SHUTDOWN_IN_PROGRESS,
    WRITE_CONCERN_FAILED,
    Answer,
)
from tests.proxies.mongo import MongoProxy, before, said
from tests.proxies.strikes import CUT_AFTER, CUT_BEFORE, SILENT_AFTER, SILENT_BEFORE, Armed, Fault, Point
from tests.proxies.wire import Command


@pytest.fixture
async def proxy(mongo_uri: str) -> AsyncIterator[MongoProxy]:
    async with await before(mongo_uri) as standing:
        yield standing


@pytest.fixture
async def things(proxy: MongoProxy, unique_prefix: str) -> AsyncIterator[Collection]:
    client: Client = connect(proxy.uri, app_name="test")
    yield database(client, unique_prefix)["things"]
    await disconnect(client)


def inserts(command: Command) -> bool:
    return command.name == "insert"


async def test_commands_pass_and_are_seen(proxy: MongoProxy, things: Collection) -> None:
    await things.insert_one({"_id": "one", "name": "teapot"})
    assert await things.find_one({"_id": "one"}) == {"_id": "one", "name": "teapot"}
    insert, find = proxy.seen
    assert (insert.name, insert.collection, insert.writes, insert.mentions("teapot")) == (
        "insert",
        "things",
        True,
        True,
    )
    assert (find.name, find.collection, find.writes, find.body["filter"]) == ("find", "things", False, {"_id": "one"})


@pytest.mark.parametrize(("fault", "arrives"), [(CUT_BEFORE, False), (CUT_AFTER, True)])
async def test_a_connection_is_cut_before_or_after(
    proxy: MongoProxy, things: Collection, fault: Fault, arrives: bool
) -> None:
    armed = proxy.arm(fault, matching=inserts)
    with pytest.raises(AutoReconnect):
        await things.insert_one({"_id": "one"})
    assert armed.struck
    assert (await things.find_one({"_id": "one"}) is not None) is arrives


@pytest.mark.parametrize(("fault", "arrives"), [(SILENT_BEFORE, False), (SILENT_AFTER, True)])
async def test_nothing_is_said_and_the_driver_waits(
    proxy: MongoProxy, things: Collection, fault: Fault, arrives: bool
) -> None:
    armed = proxy.arm(fault, matching=inserts)
    insert = asyncio.ensure_future(things.insert_one({"_id": "one"}))
    await armed.happens()
    assert not insert.done()
    assert (await things.find_one({"_id": "one"}) is not None) is arrives
    proxy.cut()
    with pytest.raises(AutoReconnect):
        await insert


@pytest.mark.parametrize(
    ("answer", "point", "raised", "arrives"),
    [
        (NOT_WRITABLE_PRIMARY, Point.BEFORE, NotPrimaryError, False),
        (SHUTDOWN_IN_PROGRESS, Point.AFTER, NotPrimaryError, True),
        (MAX_TIME_EXPIRED, Point.AFTER, ExecutionTimeout, True),
        (DUPLICATE_KEY, Point.BEFORE, DuplicateKeyError, False),
        (WRITE_CONCERN_FAILED, Point.AFTER, WriteConcernError, True),
        (SHUT_DOWN_BEFORE_MAJORITY, Point.AFTER, WriteConcernError, True),
    ],
)
async def test_the_driver_hears_of_an_error_as_from_a_server(
    proxy: MongoProxy, things: Collection, answer: Answer, point: Point, raised: type[Exception], arrives: bool
) -> None:
    proxy.arm(said(answer, point=point), matching=inserts)
    with pytest.raises(raised):
        await things.insert_one({"_id": "one"})
    assert (await things.find_one({"_id": "one"}) is not None) is arrives


async def test_a_fault_after_the_answer_has_not_happened_before_there_is_one() -> None:
    armed: Armed[str] = Armed(CUT_AFTER, matching=lambda _: True)
    assert armed.strikes("insert")
    assert not armed.struck
    armed.note()
    assert armed.struck


async def test_the_second_one_is_struck_and_the_others_are_not(proxy: MongoProxy, things: Collection) -> None:
    proxy.arm(said(MAX_TIME_EXPIRED), matching=inserts, nth=2)
    await things.insert_one({"_id": "one"})
    with pytest.raises(ExecutionTimeout):
        await things.insert_one({"_id": "two"})
    await things.insert_one({"_id": "three"})
    assert await things.count_documents({}) == 2


async def test_something_is_done_between_the_write_and_its_reply(proxy: MongoProxy, things: Collection) -> None:
    between: list[int] = []

    async def look() -> None:
        between.append(await things.count_documents({}))

    proxy.arm(Fault(Point.AFTER, hook=look, goes_on=True), matching=inserts)
    await things.insert_one({"_id": "one"})
    assert between == [1]


async def test_a_client_is_closed_soon_where_the_database_is_silent(proxy: MongoProxy, unique_prefix: str) -> None:
    client = connect(proxy.uri, app_name="test")
    await database(client, unique_prefix)["things"].find_one({})
    proxy.freeze()
    await asyncio.wait_for(disconnect(client), 8.0)  # and the loop goes on meanwhile, else nobody would look
    proxy.thaw()
