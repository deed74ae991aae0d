"""Channels, staff and areas at once on replicas that die anywhere: afterwards everybody leads to the right one."""

import asyncio
import random
from collections import defaultdict

import pytest

from libs.errors import OmnithreadError
from services.profile.model import MERGE_AREAS
from tests.services.profile.replicas import ORIGIN, Replicas
from tests.services.profile.staff import all_areas_follow, merge, staff, unmerge
from tests.services.profile.test_chaos import MAKE, Died, die_now_and_then, last, leading_keys, somebody

ACTS = 60
REFUSALS = {
    "CONFLICT",  # somebody is in the middle of a merge or an undoing: sent again a little later it works
    "CUSTOMER_NOT_FOUND",
    "IDENTIFIER_LIMIT",
    "MERGE_NOT_FOUND",
    "MERGE_NOT_POSSIBLE",
    "UNMERGE_NOT_POSSIBLE",
}


async def customers(replicas: Replicas) -> list[str]:
    found = await replicas.database["records"].find({}, {"_id": 1}).sort("_id", 1).to_list(None)
    return [one["_id"] for one in found]


async def all_merges(replicas: Replicas) -> list[tuple[str, str]]:
    found = await replicas.database["records"].find({"merges.0": {"$exists": True}}).sort("_id", 1).to_list(None)
    return [(one["_id"], merged["merge_id"]) for one in found for merged in one["merges"]]


async def act(replicas: Replicas, chance: random.Random) -> None:
    replica = chance.randrange(2)
    replicas.clock.move(seconds=chance.choice([0, 1]))
    what = chance.random()
    if what < 0.6:
        await replicas.identify(*somebody(chance), replica=replica)
        return
    everybody, merges = await customers(replicas), await all_merges(replicas)
    if what < 0.7 and len(everybody) > 1:
        await merge(replicas, *chance.sample(everybody, 2), replica=replica)
    elif what < 0.85 and merges:
        await unmerge(replicas, *chance.choice(merges), replica=replica)
    elif merges:
        survivor, merge_id = chance.choice(merges)
        await staff(replicas, replica).complete_unmerge(
            merge_id=merge_id, survivor_customer_id=survivor, area=chance.choice(MERGE_AREAS), origin=ORIGIN
        )


async def live_dangerously(replicas: Replicas, chance: random.Random) -> None:
    async def one_act() -> None:
        await asyncio.sleep(chance.random() * 0.2)
        try:
            await act(replicas, chance)
        except Died:
            pass
        except OmnithreadError as error:
            assert error.reason in REFUSALS  # noqa: PT017  of several outcomes this one is looked at

    with pytest.MonkeyPatch.context() as patches:
        for replica in replicas.replicas:
            for name in ("run", "absorb", "release"):
                die_now_and_then(patches, replica.records, name, chance)
            for name in ("_move_members", "_forget_share"):
                die_now_and_then(patches, replica.records._releaser, name, chance)
            for name in ("make", "confirm"):
                die_now_and_then(patches, replica.identification.claims, name, chance)
        for _ in range(4):
            await asyncio.gather(*(one_act() for _ in range(ACTS // 4)))


async def settle(replicas: Replicas) -> None:
    """Let everybody come by once more, and every area do its part."""
    for claim in (await replicas.contents())["identifiers"]:
        kind, _, value = str(claim["_id"]).partition(":")
        await replicas.identify(MAKE[kind](value))
    for record in (await replicas.contents())["records"]:
        if not record["merged_into"]:
            saved = await replicas[0].get(record["_id"])
            for one in saved.state.merges:
                if one.undoing is not None:
                    await all_areas_follow(replicas, saved.customer_id, one.merge_id)


@pytest.mark.parametrize("seed", [3, 5, 8])
async def test_every_identifier_leads_to_the_one_customer_who_has_it(replicas: Replicas, seed: int) -> None:
    await live_dangerously(replicas, random.Random(seed))
    await settle(replicas)

    stored = await replicas.contents()
    records = {record["_id"]: record for record in stored["records"]}
    holders: dict[str, list[str]] = defaultdict(list)
    for record in records.values():
        if record["merged_into"]:
            assert last(record, records)["merged_into"] == ""
            continue
        assert (record["incoming"], record["returning"], record["releasing"]) == ([], [], [])
        for key in leading_keys(record):
            holders[key].append(record["_id"])
    for claim in stored["identifiers"]:
        if claim.get("shared_time"):  # a machine that too many used meanwhile leads to nobody
            assert claim["customer_id"] == ""
            holders.pop(claim["_id"], None)
            continue
        assert holders.pop(claim["_id"]) == [last(records[claim["customer_id"]], records)["_id"]]
    assert not holders, "held without a claim"
    lineages = [one for record in records.values() if not record["merged_into"] for one in record["lineage"]]
    assert len(lineages) == len(set(lineages)), "somebody is part of two customers"
    for record in records.values():
        if record["merged_into"] and record["merge_id"]:
            assert record["_id"] in last(record, records)["lineage"]
