"""Records that were read before are not decoded again, and are never older than what MongoDB answers."""

import pytest

from libs.mongo.connection import Database
from libs.mongo.decoded import MOST_OF_ONE, Decoded
from libs.mongo.reader import RecordReader
from libs.mongo.values import Saved
from libs.timestamps import EPOCH as LONG_AGO
from tests.libs.mongo.conftest import CommandLog
from tests.libs.mongo.notebook import EPOCH, SHAPE, Notebook, Noted, notebooks, stamp, write_down


def reader(database: Database) -> RecordReader[Notebook, Noted]:
    return RecordReader(database=database, shape=SHAPE, epoch=EPOCH)


def saved(customer_id: str) -> Saved[str]:
    return Saved(
        customer_id=customer_id,
        state="",
        version=1,
        seq=1,
        epoch=EPOCH,
        update_time=LONG_AGO,
        lineage=(customer_id,),
        pending_members=(),
        exists=True,
    )


async def test_a_record_that_has_not_changed_is_the_same_object_though_mongodb_is_asked_each_time(
    database: Database, commands: CommandLog
) -> None:
    await notebooks(database).run("ann", stamp(), write_down("milk"))
    ann = reader(database)
    first = await ann.get("ann")
    commands.sent.clear()
    assert await ann.get("ann") is first
    assert await ann.get_exact("ann") is first
    assert (await ann.get_many(["ann", "ben"])) == {"ann": first}
    assert commands.names == ["find"] * 3


async def test_what_another_replica_wrote_is_in_the_very_next_read(database: Database) -> None:
    ann, other = reader(database), notebooks(database)
    for number in range(5):
        await other.run("ann", stamp(), write_down(f"note {number}"))
        found = await ann.get("ann")
        assert (found.version, len(found.state.notes)) == (number + 1, number + 1)
        assert await ann.get("ann") is found


async def test_a_field_that_changes_without_a_new_version_is_seen_too(database: Database) -> None:
    await notebooks(database).run("ann", stamp(), write_down("milk"))
    ann = reader(database)
    first = await ann.get("ann")
    await database["records"].update_one({"_id": "ann"}, {"$set": {"absorption_done": True}})
    second = await ann.get("ann")
    assert (second.version, first.absorption_done, second.absorption_done) == (first.version, False, True)


def test_the_oldest_make_room_and_long_ones_are_not_kept() -> None:
    decoded: Decoded[str] = Decoded(most_bytes=10)
    for name in ("ann", "ben", "eve"):
        decoded.keep(name.encode(), saved(name))
    assert decoded.find(b"ann") is not None
    decoded.keep(b"kim", saved("kim"))
    assert decoded.find(b"ben") is None
    assert [found.customer_id for name in (b"ann", b"eve", b"kim") if (found := decoded.find(name))] == [
        "ann",
        "eve",
        "kim",
    ]
    decoded.keep(b"x" * (MOST_OF_ONE + 1), saved("too long"))
    assert decoded.find(b"x" * (MOST_OF_ONE + 1)) is None
    assert decoded.find(b"ann") is not None


@pytest.mark.parametrize("times", [1, 2])
def test_keeping_the_same_again_takes_no_more_room(times: int) -> None:
    decoded: Decoded[str] = Decoded(most_bytes=6)
    decoded.keep(b"ann", saved("ann"))
    for _ in range(times):
        decoded.keep(b"ben", saved("ben"))
    assert decoded.find(b"ann") is not None
