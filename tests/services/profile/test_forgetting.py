"""Who was forgotten is not recognised any more, leaves no claim behind, and starts anew when they come back."""

import asyncio
import random

import pytest

from libs.errors import OmnithreadError
from libs.ids import new_id
from libs.mongo.connection import Database
from services.profile.erased import ErasedIdentifiers
from services.profile.outcomes import IdentifyOutcome, outcome_of
from services.profile.service import profiles_of
from tests.libs.mongo.faults import Crash, crashes_after, crashes_before, no_fault, with_faults_everywhere
from tests.libs.mongo.forgetting import everything, found_in
from tests.libs.mongo.notebook import relay
from tests.services.profile.people import cookie, email, phone, trait
from tests.services.profile.replicas import ORIGIN, Replicas
from tests.services.profile.staff import all_areas_follow, unmerge

ANNA = email("hush.anna@example.com")
PHONE = phone("+41446681823")
SECRETS = "hush|41446681823"


async def anna_and_guest(replicas: Replicas) -> tuple[str, str]:
    anna = (await replicas.identify(ANNA, PHONE, traits=[trait("size", "hush")])).saved.customer_id
    guest = (await replicas.identify(cookie("hush-guest"))).saved.customer_id
    return anna, guest


async def forget(replicas: Replicas, customer_id: str, *, replica: int = 0) -> tuple[str, ...]:
    _, customer_ids = await replicas[replica].forgetting.erase(customer_id, erasure_id="era_1", origin=ORIGIN)
    return customer_ids


def replica_over(replicas: Replicas, database: Database) -> None:
    """Put one more replica, with faults on the way to its database, in the place of the first."""
    faulty = profiles_of(
        database=database,
        epoch="epo_test",
        clock=replicas.clock,
        new_id=new_id,
        randomness=random.Random(9),
        on_saved=replicas.saved.append,
    )
    replicas.replicas[0] = faulty  # type: ignore[index]


async def test_the_same_person_coming_back_is_somebody_new(replicas: Replicas) -> None:
    anna, _ = await anna_and_guest(replicas)
    await forget(replicas, anna)
    assert "_id" in (await everything(replicas.database))["erased_identifiers"][0]
    back = await replicas.identify(ANNA, replica=1)
    assert outcome_of(back) is IdentifyOutcome.CREATED
    assert back.saved.customer_id != anna
    assert back.saved.state.traits == ()


async def test_an_import_can_tell_whom_it_must_not_bring_back(replicas: Replicas) -> None:
    anna, _ = await anna_and_guest(replicas)
    erased = replicas[1].forgetting.erased
    assert await erased.find([ANNA.key, PHONE.key]) == frozenset()
    await forget(replicas, anna)
    assert await erased.find([ANNA.key, PHONE.key, cookie("hush-guest").key]) == {ANNA.key, PHONE.key}
    other_secret = ErasedIdentifiers(replicas.database, secret=b"another secret of 24 byte")
    assert await other_secret.find([ANNA.key]) == frozenset()
    with pytest.raises(ValueError, match="fewer"):
        ErasedIdentifiers(replicas.database, secret=b"short")


async def test_nothing_personal_is_left_of_both_sides_of_a_merge(replicas: Replicas) -> None:
    anna, guest = await anna_and_guest(replicas)
    await replicas.identify(ANNA, cookie("hush-guest"))
    assert found_in(await everything(replicas.database), SECRETS)
    assert await forget(replicas, guest) == (anna, guest)
    assert found_in(await everything(replicas.database), SECRETS) == []
    for customer_id in (anna, guest):
        with pytest.raises(OmnithreadError, match="CUSTOMER_NOT_FOUND"):
            await replicas[1].get(customer_id)
        with pytest.raises(OmnithreadError, match="CUSTOMER_ERASED"):
            await replicas[1].resolve(customer_id)


async def test_an_erasure_during_a_merge_forgets_both_whichever_is_first(replicas: Replicas) -> None:
    for number in range(6):
        address, visitor = email(f"hush{number}@example.com"), cookie(f"hush-{number}")
        anna = (await replicas.identify(address)).saved.customer_id
        await replicas.identify(visitor)
        merging = replicas.identify(address, visitor, replica=1)
        outcome, customer_ids = await asyncio.gather(merging, forget(replicas, anna))
        assert customer_ids[0] == anna
        if outcome.saved.customer_id == anna:  # it was merged, and the guest went with them
            assert len(customer_ids) == 2
        found = await replicas.database["records"].find({"erased": {"$exists": True}}).to_list(None)
        assert {record["_id"] for record in found} >= set(customer_ids)


async def test_a_merge_that_a_crash_left_is_carried_out_and_goes_too(replicas: Replicas) -> None:
    anna, guest = await anna_and_guest(replicas)
    # the claim of nobody, the reservation; then the process ends before the guest is sealed
    replica_over(replicas, with_faults_everywhere(replicas.database, no_fault, crashes_before))
    with pytest.raises(Crash):
        await replicas.identify(ANNA, cookie("hush-guest"))
    assert set(await forget(replicas, anna, replica=1)) == {anna, guest}
    assert found_in(await everything(replicas.database), SECRETS) == []


async def test_an_erasure_that_crashes_at_any_write_ends_in_the_same_state(replicas: Replicas) -> None:
    steps, crashed = 0, True
    while crashed:
        for crash in (crashes_before, crashes_after):
            for name in ("records", "identifiers", "events", "erased_identifiers", "merge_reports"):
                await replicas.database[name].delete_many({})
            replica_over(replicas, replicas.database)
            anna, guest = await anna_and_guest(replicas)
            await replicas.identify(ANNA, cookie("hush-guest"), replica=1)
            replica_over(replicas, with_faults_everywhere(replicas.database, *([no_fault] * steps), crash))
            crashed = True
            try:
                await forget(replicas, anna)
                crashed = False
            except Crash:
                back = await replicas.identify(phone("+41446681824"), replica=1)
                assert back.saved.customer_id not in {anna, guest}
            assert set(await forget(replicas, anna, replica=1)) == {anna, guest}
            after = await everything(replicas.database)
            assert found_in(after, SECRETS) == []
            assert {row["_id"] for row in after["identifiers"]} == ({"phone:+41446681824"} if crashed else set())
            keys = {ANNA.key, PHONE.key, "cookie:hush-guest"}
            assert await replicas[1].forgetting.erased.find(keys) == keys
        steps += 1
    assert steps > 12


async def test_who_comes_back_while_the_erasure_stands_still_is_somebody_new(replicas: Replicas) -> None:
    anna, _ = await anna_and_guest(replicas)
    # the tombstone is written; the process ends before the claims are deleted
    replica_over(replicas, with_faults_everywhere(replicas.database, no_fault, crashes_before))
    with pytest.raises(Crash):
        await forget(replicas, anna)
    back = await replicas.identify(ANNA, replica=1)
    assert back.saved.customer_id != anna
    assert (await replicas.identify(ANNA, replica=1)).saved.customer_id == back.saved.customer_id
    await forget(replicas, anna, replica=1)
    assert (await replicas.identify(ANNA, replica=1)).saved.customer_id == back.saved.customer_id
    assert ANNA.key in await replicas[1].forgetting.erased.find([ANNA.key])


async def test_a_merge_that_is_being_undone_is_undone_first(replicas: Replicas) -> None:
    anna, guest = await anna_and_guest(replicas)
    joined = (await replicas.identify(ANNA, cookie("hush-guest"))).saved
    merge_id = joined.state.merges[-1].merge_id
    await unmerge(replicas, anna, merge_id)
    for customer_id in (anna, guest):
        with pytest.raises(OmnithreadError, match="CONFLICT"):
            await forget(replicas, customer_id)
    await all_areas_follow(replicas, anna, merge_id)
    assert await forget(replicas, anna) == (anna,)
    assert (await replicas.identify(cookie("hush-guest"))).saved.customer_id == guest


async def test_what_led_to_a_merge_that_was_undone_is_not_kept_by_the_other_one(replicas: Replicas) -> None:
    anna, guest = await anna_and_guest(replicas)
    joined = (await replicas.identify(ANNA, cookie("hush-guest"))).saved
    merge_id = joined.state.merges[-1].merge_id
    await unmerge(replicas, anna, merge_id)
    await all_areas_follow(replicas, anna, merge_id)
    other = (await replicas.identify(cookie("another"))).saved.customer_id
    await replicas.identify(ANNA, cookie("another"))  # its report keeps what Anna was before
    await relay(replicas.database, anna, guest, other)
    assert set(found_in(await everything(replicas.database), "hush-guest")) > {"records", "merge_reports"}
    await forget(replicas, guest)
    assert found_in(await everything(replicas.database), "hush-guest") == []
    kept = await replicas[1].get(anna)
    assert ANNA.key in kept.state.held_keys
    assert (await replicas.identify(cookie("another"))).saved.customer_id == anna != other


async def test_profile_is_told_late_that_a_merge_was_absorbed_and_does_not_mind(replicas: Replicas) -> None:
    anna, _ = await anna_and_guest(replicas)
    merged = (await replicas.identify(ANNA, cookie("hush-guest"))).saved
    await forget(replicas, anna)
    merge_id = merged.state.merges[0].merge_id
    told = replicas[1].complete_merge(merge_id=merge_id, survivor_customer_id=anna, area="cart", origin=ORIGIN)
    assert await told == ()
