import asyncio
import contextlib
from datetime import timedelta

import pytest

from libs.errors import OmnithreadError
from libs.mongo.connection import Database
from libs.mongo.members import page
from libs.mongo.release import MemberMove
from tests.libs.mongo.faults import Crash, HangsUntil, crashes_after, no_fault, with_faults
from tests.libs.mongo.notebook import (
    FILED,
    NOON,
    Notebook,
    Noted,
    merge,
    notebooks,
    parsed,
    relay,
    stamp,
    two_customers,
    unmerge,
    write_down,
)


async def told(database: Database, customer_id: str) -> list[str]:
    return [event.cart_id for event in parsed((await notebooks(database).replay(customer_id, 0, 50))[0])]


async def test_a_merge_that_is_undone_gives_both_customers_back(database: Database) -> None:
    records = await two_customers(database)
    before = [(await records.get(customer_id)).state for customer_id in ("guest", "ann")]
    await merge(records, "guest", "ann")
    assert await unmerge(records, "guest", "ann")
    guest, ann = await records.get("guest"), await records.get("ann")
    assert [guest.state, ann.state] == before
    assert (guest.customer_id, guest.lineage, guest.merge_id, guest.absorption_done) == ("guest", ("guest",), "", False)
    assert ann.lineage == ("ann",)
    assert await told(database, "guest") == ["of guest", "sealed", "released"]
    assert await told(database, "ann") == ["of ann", "took over guest", "parted"]
    assert set(await records.get_many(["guest", "ann"])) == {"guest", "ann"}
    assert (await records.get_many(["guest"]))["guest"].customer_id == "guest"


async def test_versions_and_event_numbers_go_on(database: Database) -> None:
    records = await two_customers(database)
    await merge(records, "guest", "ann")
    sealed, joined = await records.get_exact("guest"), await records.get("ann")
    await unmerge(records, "guest", "ann")
    guest, ann = await records.get("guest"), await records.get("ann")
    assert (guest.version, guest.seq) == (sealed.version + 1, sealed.seq + 1)
    assert (ann.version, ann.seq) == (joined.version + 1, joined.seq + 1)


async def test_what_was_said_since_goes_to_the_side_it_came_from(database: Database) -> None:
    records = await two_customers(database)
    await merge(records, "guest", "ann")
    await records.run("ann", stamp(), write_down("guest wants tea"))
    await records.run("guest", stamp(), write_down("ann wants milk"))
    await unmerge(records, "guest", "ann")
    assert (await records.get("guest")).state.notes == ("of guest", "guest wants tea")
    assert (await records.get("ann")).state.notes == ("of ann", "ann wants milk")


async def test_the_merge_says_what_it_did_before_and_after_the_relay_and_after_its_undoing(database: Database) -> None:
    records = await two_customers(database)
    with pytest.raises(OmnithreadError, match="MERGE_OUTCOME_NOT_FOUND"):
        await records.merge_report("mrg_1", "ann")
    await merge(records, "guest", "ann")
    first = await records.merge_report("mrg_1", "ann")
    assert [thing.name for thing in first.things] == ["of guest"]
    assert (first.policy, first.source_customer_id, first.survivor_customer_id) == ("add", "guest", "ann")
    assert first.before == Notebook(notes=("of ann",))
    await relay(database, "ann", "guest")
    assert await records.merge_report("mrg_1", "guest") == first
    await unmerge(records, "guest", "ann")
    assert await records.merge_report("mrg_1", "ann") == first


async def test_a_merge_that_was_undone_is_not_absorbed_by_whoever_asks_late(database: Database) -> None:
    records = await two_customers(database)
    await merge(records, "guest", "ann")
    await unmerge(records, "guest", "ann")
    assert not await merge(records, "guest", "ann")
    assert (await records.get("guest")).state.notes == ("of guest",)
    assert (await records.get("ann")).state.notes == ("of ann",)


async def test_a_merge_that_never_came_here_never_will(database: Database) -> None:
    records = await two_customers(database)
    assert not await unmerge(records, "guest", "ann")
    assert not await unmerge(records, "guest", "ann")
    assert not await merge(records, "guest", "ann")
    assert (await records.get("guest")).state.notes == ("of guest",)
    assert not await unmerge(records, "nobody", "no one", merge_id="mrg_2")
    assert not await merge(records, "nobody", "no one", merge_id="mrg_2")


async def test_customers_who_were_parted_can_be_merged_and_parted_again(database: Database) -> None:
    records = await two_customers(database)
    for merge_id in ("mrg_1", "mrg_2", "mrg_3"):
        assert await merge(records, "guest", "ann", merge_id=merge_id)
        assert (await records.get("guest")).state.notes == ("of ann", "of guest")
        assert await unmerge(records, "guest", "ann", merge_id=merge_id)
    assert (await records.get("guest")).state.notes == ("of guest",)
    assert await told(database, "guest") == ["of guest", *(["sealed", "released"] * 3)]


async def test_a_late_call_for_a_merge_that_was_followed_by_another_undoes_nothing(database: Database) -> None:
    records = await two_customers(database)
    await merge(records, "guest", "ann")
    await unmerge(records, "guest", "ann")
    await merge(records, "guest", "ann", merge_id="mrg_2")
    assert not await unmerge(records, "guest", "ann")
    assert (await records.get("guest")).customer_id == "ann"


async def test_later_merges_are_undone_first(database: Database) -> None:
    records = await two_customers(database)
    await records.run("old", stamp(), write_down("of old"))
    await merge(records, "guest", "ann")
    await merge(records, "ann", "old", merge_id="mrg_2")
    with pytest.raises(OmnithreadError, match="UNMERGE_NOT_POSSIBLE"):
        await unmerge(records, "guest", "ann")
    assert (await records.get("guest")).customer_id == "old"
    assert await unmerge(records, "ann", "old", merge_id="mrg_2")
    assert (await records.get("guest")).customer_id == "ann"
    assert (await records.get("ann")).lineage == ("ann", "guest")
    assert await unmerge(records, "guest", "ann")
    notes = {customer_id: (await records.get(customer_id)).state.notes for customer_id in ("guest", "ann", "old")}
    assert notes == {"guest": ("of guest",), "ann": ("of ann",), "old": ("of old",)}


async def test_members_since_the_merge_go_to_the_source_where_they_are_its(database: Database) -> None:
    records = await two_customers(database)
    await records.run("guest", stamp(), write_down("a", Noted("early", filed_as="n1")))
    await merge(records, "guest", "ann")
    later = NOON + timedelta(hours=1)
    await records.run("ann", stamp(), write_down("b", Noted("b", filed_as="n2", sort_time=later, state="of guest")))
    await relay(database, "ann", "guest")
    await records.run("ann", stamp(), write_down("c", Noted("c", filed_as="n3", sort_time=later, state="of guest")))
    await records.run("ann", stamp(), write_down("d", Noted("d", filed_as="n4", sort_time=later)))
    await unmerge(records, "guest", "ann", moves=[MemberMove(FILED, {"state": "of guest"})])

    async def filed(customer_id: str) -> list[str]:
        members, _ = await page(database, FILED, await records.get(customer_id), newest_first=False, limit=10)
        return [member["_id"] for member in members]

    assert await filed("guest") == ["n1", "n2", "n3"]
    assert await filed("ann") == ["n4"]


async def test_a_request_that_went_to_the_survivor_by_the_old_id_is_not_run_again(database: Database) -> None:
    records = await two_customers(database)
    await merge(records, "guest", "ann")
    sent = stamp()
    await records.run("guest", sent, write_down("guest wants tea"))
    await unmerge(records, "guest", "ann")
    again = await records.run("guest", sent, write_down("guest wants tea"))
    assert again.replayed
    assert again.saved.state.notes == ("of guest", "guest wants tea")


async def test_a_command_to_the_source_waits_while_its_share_is_on_the_way(database: Database) -> None:
    records = await two_customers(database)
    await merge(records, "guest", "ann")
    hanging = HangsUntil()
    process = notebooks(with_faults(database, no_fault, hanging))
    undoing = asyncio.create_task(unmerge(process, "guest", "ann"))
    await hanging.reached.wait()
    assert (await records.get("guest")).state.notes == ("of guest",)
    assert (await records.get_many(["guest"]))["guest"].state.notes == ("of guest",)
    command = asyncio.create_task(notebooks(database).run("guest", stamp(), write_down("milk")))
    to_ann = await notebooks(database).run("ann", stamp(), write_down("bread"))
    assert to_ann.saved.state.notes == ("of ann", "bread")
    assert not command.done()
    hanging.go_on.set()
    assert await undoing
    assert (await command).saved.customer_id == "guest"
    assert (await records.get("guest")).state.notes == ("of guest", "milk")
    assert (await records.get("ann")).state.notes == ("of ann", "bread")


async def test_records_from_before_merges_could_be_undone_are_read_and_undone(database: Database) -> None:
    records = await two_customers(database)
    await merge(records, "guest", "ann")
    await relay(database, "ann", "guest")
    await database["merge_reports"].delete_many({})
    await database["records"].update_many({}, {"$unset": {"releasing": "", "released": ""}})
    assert (await records.get("guest")).customer_id == "ann"
    await records.run("guest", stamp(), write_down("milk"))
    assert await unmerge(records, "guest", "ann")
    assert (await records.get("guest")).state.notes == ("of guest",)
    assert (await records.get("ann")).state.notes == ("of ann", "milk")


@pytest.mark.parametrize("marked", [True, False])
async def test_who_was_taken_over_by_the_survivor_directly_stays_there_when_the_one_between_is_parted(
    database: Database, marked: bool
) -> None:
    records = await two_customers(database)
    await records.run("old", stamp(), write_down("of old"))
    with pytest.raises(Crash):
        await merge(notebooks(with_faults(database, crashes_after)), "guest", "ann")
    await merge(records, "ann", "old", merge_id="mrg_2")
    late = notebooks(database) if marked else notebooks(with_faults(database, crashes_after))
    with contextlib.suppress(Crash):
        await merge(late, "guest", "ann")
    assert await unmerge(records, "ann", "old", merge_id="mrg_2")
    assert (await records.get("ann")).state.notes == ("of ann",)
    assert (await records.get("guest")).customer_id == "old"
    for named in ("ann", "old"):
        assert not await merge(records, "guest", named)
    assert sorted((await records.get("old")).state.notes) == ["of guest", "of old"]
    assert await unmerge(records, "guest", "old")
    assert (await records.get("guest")).state.notes == ("of guest",)
    assert (await records.get("old")).state.notes == ("of old",)
