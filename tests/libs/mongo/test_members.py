from datetime import timedelta

import pytest

from libs.mongo.connection import Database
from libs.mongo.members import Position, get_member, page, position_at
from libs.mongo.record import Records, Saved
from libs.rpc.pages import PageTokens
from tests.libs.mongo.conftest import CommandLog
from tests.libs.mongo.notebook import FILED, NOON, Notebook, Noted, merge, notebooks, relay, stamp, write_down


def filed(number: int, *, minutes: int | None = None, **more: str | int) -> Noted:
    time = NOON + timedelta(minutes=number if minutes is None else minutes)
    return Noted(f"text {number}", filed_as=f"note-{number:03d}", sort_time=time, **more)  # type: ignore[arg-type]


async def file(records: Records[Notebook, Noted], customer_id: str, *events: Noted) -> Saved[Notebook]:
    return (await records.run(customer_id, stamp(), write_down("filed", *events))).saved


async def listed(
    database: Database, saved: Saved[Notebook], *, limit: int = 3, newest_first: bool = True, **match: str
) -> list[str]:
    """Read all pages and give the ids in their order."""
    ids: list[str] = []
    tokens, token = PageTokens("notes"), ""
    while True:
        documents, following = await page(
            database,
            FILED,
            saved,
            match=match,
            newest_first=newest_first,
            position=tokens.decode(token, owner="ann"),
            limit=limit,
        )
        assert len(documents) <= limit
        ids += [document["_id"] for document in documents]
        if following is None:
            return ids
        token = tokens.encode(following, owner="ann")


NEWEST_FIRST = [f"note-{number:03d}" for number in (7, 6, 5, 4, 3, 2, 1, 0)]


@pytest.mark.parametrize("relayed_after", [(), (3,), (3, 7), (0, 1, 2, 3, 4, 5, 6, 7)])
async def test_each_member_is_listed_once_wherever_it_is(database: Database, relayed_after: tuple[int, ...]) -> None:
    records = notebooks(database)
    for number in range(8):
        await file(records, "ann", filed(number))
        if number in relayed_after:
            await relay(database, "ann")
    saved = await records.get("ann")
    assert await listed(database, saved) == NEWEST_FIRST
    assert await listed(database, saved, newest_first=False) == NEWEST_FIRST[::-1]
    assert await listed(database, saved, limit=8) == NEWEST_FIRST
    await relay(database, "ann")
    assert await listed(database, saved) == NEWEST_FIRST  # read before, relayed since


async def test_each_member_is_listed_once_when_it_is_relayed_between_pages(database: Database) -> None:
    records = notebooks(database)
    for number in range(8):
        await file(records, "ann", filed(number))
    ids: list[str] = []
    position: Position | None = None
    while True:
        documents, position = await page(database, FILED, await records.get("ann"), position=position, limit=3)
        ids += [document["_id"] for document in documents]
        if position is None:
            break
        await relay(database, "ann")
    assert ids == NEWEST_FIRST


async def test_members_of_the_same_time_are_all_listed(database: Database) -> None:
    records = notebooks(database)
    for number in range(8):
        await file(records, "ann", filed(number, minutes=0))
        if number == 4:
            await relay(database, "ann")
    saved = await records.get("ann")
    assert await listed(database, saved, limit=2) == NEWEST_FIRST
    assert await listed(database, saved, limit=3, newest_first=False) == NEWEST_FIRST[::-1]


async def test_the_highest_revision_of_a_member_is_the_one_that_is_read(database: Database) -> None:
    records = notebooks(database)
    await file(records, "ann", filed(0, state="queued"))
    await relay(database, "ann")
    stale = await file(records, "ann", filed(0, state="sent", revision=2))
    assert await listed(database, stale, state="queued") == []
    assert await listed(database, stale, state="sent") == ["note-000"]
    await relay(database, "ann")
    await file(records, "ann", filed(0, state="delivered", revision=3))
    await relay(database, "ann")
    member = await get_member(database, FILED, stale, "note-000")
    assert member is not None
    assert (member["state"], member["revision"], member["text"]) == ("delivered", 3, "text 0")
    documents, _ = await page(database, FILED, stale, limit=5)
    assert [document["state"] for document in documents] == ["delivered"]


async def test_only_members_that_match_are_listed(database: Database) -> None:
    records = notebooks(database)
    for number in range(6):
        await file(records, "ann", filed(number, state=("odd" if number % 2 else "even")))
        if number == 3:
            await relay(database, "ann")
    saved = await records.get("ann")
    assert await listed(database, saved, limit=2, state="odd") == ["note-005", "note-003", "note-001"]


async def test_a_list_can_begin_at_a_time(database: Database) -> None:
    records = notebooks(database)
    for number in range(4):
        await file(records, "ann", filed(number))
        if number == 1:
            await relay(database, "ann")
    start = position_at(NOON + timedelta(minutes=1))
    documents, _ = await page(database, FILED, await records.get("ann"), newest_first=False, position=start, limit=10)
    assert [document["_id"] for document in documents] == ["note-001", "note-002", "note-003"]


@pytest.mark.parametrize("relayed", [(), ("guest",), ("ann",), ("guest", "ann")])
async def test_members_of_the_absorbed_belong_to_the_survivor(database: Database, relayed: tuple[str, ...]) -> None:
    records = notebooks(database)
    await file(records, "guest", filed(1), filed(3))
    await file(records, "ann", filed(0), filed(2))
    await file(records, "stranger", filed(9))
    await relay(database, "stranger")
    await merge(records, "guest", "ann")
    await relay(database, *relayed)
    survivor = await records.get("guest")
    assert await listed(database, survivor, limit=2) == ["note-003", "note-002", "note-001", "note-000"]
    for number in range(4):
        assert await get_member(database, FILED, survivor, f"note-{number:03d}") is not None
    assert await get_member(database, FILED, survivor, "note-009") is None


async def test_a_member_changed_after_a_merge_stays_one(database: Database) -> None:
    records = notebooks(database)
    await file(records, "guest", filed(1, state="queued"))
    await merge(records, "guest", "ann")
    saved = await file(records, "guest", filed(1, state="sent", revision=2))
    assert await listed(database, saved) == ["note-001"]
    await relay(database, "ann", "guest")
    assert await listed(database, saved) == ["note-001"]
    member = await get_member(database, FILED, saved, "note-001")
    assert member is not None
    assert member["state"] == "sent"


async def test_a_page_without_members_on_their_way_is_one_query(database: Database, commands: CommandLog) -> None:
    records = notebooks(database)
    await file(records, "ann", filed(0), filed(1))
    await relay(database, "ann")
    saved = await records.get("ann")
    commands.sent.clear()
    await page(database, FILED, saved, limit=10)
    assert commands.names == ["find"]


async def test_a_member_must_say_where_it_stands_in_its_list(database: Database) -> None:
    with pytest.raises(TypeError, match="sort_time"):
        await file(notebooks(database), "ann", Noted("x", filed_as="note-1", sort_time="noon"))  # type: ignore[arg-type]
