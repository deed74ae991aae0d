from libs.mongo.connection import Client
from libs.mongo.connection import database as named_database
from libs.mongo.epoch import read_epoch, renew_epoch
from libs.mongo.migrate import due_index, member_index, migrate, missing

INDEXES = [member_index("orders"), due_index("idle_due_time")]


async def test_a_database_is_made_ready_once_and_for_all(client: Client, unique_prefix: str) -> None:
    database = named_database(client, unique_prefix)
    assert "the epoch" in await missing(database, INDEXES)
    assert await migrate(database, INDEXES, new_epoch="epo_1") == "epo_1"
    assert await missing(database, INDEXES) == []
    assert await migrate(database, INDEXES, new_epoch="epo_2") == "epo_1"
    assert await missing(database, [*INDEXES, due_index("review_time")]) == [
        "the index merged_into_1_review_time_1 of records"
    ]


async def test_a_restored_database_begins_a_new_epoch(client: Client, unique_prefix: str) -> None:
    database = named_database(client, unique_prefix)
    assert await read_epoch(database) is None
    await migrate(database, INDEXES, new_epoch="epo_1")
    await renew_epoch(database, "epo_2")
    assert await read_epoch(database) == "epo_2"
