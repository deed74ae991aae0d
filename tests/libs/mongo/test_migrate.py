from libs.mongo.connection import Client
from libs.mongo.connection import database as named_database
from libs.mongo.epoch import read_epoch, renew_epoch
from libs.mongo.migrate import Index, due_index, member_index, migrate, missing

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


async def test_another_time_after_which_documents_vanish_is_made_right_by_migrate_and_asked_for_before(
    client: Client, unique_prefix: str
) -> None:
    database = named_database(client, unique_prefix)
    long, short = (Index("audit", (("time", 1),), expire_after_seconds=days * 86_400) for days in (400, 30))
    await migrate(database, [long], new_epoch="epo_1")
    assert await missing(database, [long]) == []
    assert await missing(database, [short]) == ["the time after which the index time_1 of audit lets documents vanish"]
    await migrate(database, [short], new_epoch="epo_2")
    assert await missing(database, [short]) == []
    assert (await database["audit"].index_information())["time_1"]["expireAfterSeconds"] == 30 * 86_400
