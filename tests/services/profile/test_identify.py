import asyncio
import itertools
import random
from dataclasses import replace
from typing import Any

import pytest

from libs.errors import OmnithreadError
from libs.mongo.values import Outcome, Saved
from services.profile.linking import Introduction
from services.profile.merges import Merges
from services.profile.model import CustomerKind, Identifier, Profile
from services.profile.outcomes import IdentifyOutcome, outcome_of, set_aside_of
from services.profile.who import SetAsideReason
from tests.services.profile.people import card, cookie, device, email, phone, trait
from tests.services.profile.replicas import ORIGIN, Replicas

CREATED, FOUND, LINKED, MERGED = (
    IdentifyOutcome.CREATED,
    IdentifyOutcome.FOUND,
    IdentifyOutcome.LINKED,
    IdentifyOutcome.MERGED,
)
ANNA = email("anna@example.com")


def came_of(outcome: Outcome[Profile]) -> tuple[str, IdentifyOutcome]:
    return outcome.saved.customer_id, outcome_of(outcome)


async def test_a_visitor_comes_again_and_is_the_same_customer(replicas: Replicas) -> None:
    first = await replicas.identify(cookie("c"))
    again = await replicas.identify(cookie("c"), replica=1)
    assert came_of(first) == (again.saved.customer_id, CREATED)
    assert outcome_of(again) is FOUND
    assert again.saved.version == first.saved.version == 1
    assert await replicas.announced(first.saved.customer_id) == ["customer_created", "identifiers_linked"]


async def test_a_guest_logs_in_and_becomes_known(replicas: Replicas) -> None:
    guest = await replicas.identify(cookie("c"))
    known = await replicas.identify(cookie("c"), ANNA)
    assert came_of(known) == (guest.saved.customer_id, LINKED)
    assert known.saved.state.kind is CustomerKind.KNOWN
    assert (await replicas.identify(ANNA)).saved.customer_id == guest.saved.customer_id


async def test_a_guest_who_turns_out_to_be_known_is_merged(replicas: Replicas) -> None:
    anna = (await replicas.identify(cookie("laptop"), ANNA)).saved.customer_id
    replicas.clock.move(minutes=5)
    guest = (await replicas.identify(device("app"), cookie("phone"), traits=[trait("size", 41.0)])).saved.customer_id
    merged = await replicas.identify(device("app"), ANNA)
    assert came_of(merged) == (anna, MERGED)
    assert {one.identifier.key for one in merged.saved.state.identifiers} == {
        "cookie:laptop",
        "cookie:phone",
        "device:app",
        "email:anna@example.com",
    }
    assert [(one.source_customer_id, len(one.pending_areas)) for one in merged.saved.state.merges] == [(guest, 4)]
    assert merged.saved.state.incoming == ()
    assert [one.value for one in merged.saved.state.traits] == [41.0]
    for key in (cookie("phone"), device("app"), cookie("laptop"), ANNA):
        assert came_of(await replicas.identify(key, replica=1)) == (anna, FOUND)
    assert await replicas[1].resolve(guest) == anna
    assert await replicas.announced(guest) == [
        "customer_created",
        "identifiers_linked",
        "profile_updated",
        "customer_sealed",
    ]
    assert (await replicas.announced(anna))[-2:] == ["customers_merged", "profile_updated"]
    sealed = (await replicas.events(guest))[-1].customer_sealed
    assert (sealed.survivor_customer_id, sealed.merge_id) == (anna, merged.saved.state.merges[0].merge_id)


async def test_guests_who_are_one_become_the_oldest(replicas: Replicas) -> None:
    guests = []
    for name in ("first", "second", "third"):
        guests.append((await replicas.identify(cookie(name))).saved.customer_id)
        replicas.clock.move(minutes=1)
    merged = await replicas.identify(cookie("third"), cookie("first"), cookie("second"))
    assert came_of(merged) == (guests[0], MERGED)
    assert set(merged.saved.lineage) == set(guests)


async def test_two_known_customers_are_never_merged(replicas: Replicas) -> None:
    anna = (await replicas.identify(ANNA, cookie("laptop"))).saved.customer_id
    ben = (await replicas.identify(card("42"))).saved.customer_id
    both = [ANNA, cookie("laptop"), card("42")]
    decided = await replicas.identify(*both)
    assert came_of(decided) == (ben, FOUND)
    assert set_aside_of(decided.facts, both) == [
        (ANNA, SetAsideReason.HELD_BY_ANOTHER),
        (cookie("laptop"), SetAsideReason.HELD_BY_ANOTHER),
    ]
    assert (await replicas.identify(ANNA)).saved.customer_id == anna


async def test_another_person_on_the_same_tablet_gets_a_customer_of_their_own(replicas: Replicas) -> None:
    anna = (await replicas.identify(ANNA, cookie("tablet"))).saved.customer_id
    ben = await replicas.identify(cookie("tablet"), email("ben@example.com"))
    assert outcome_of(ben) is CREATED
    assert ben.saved.customer_id != anna
    assert [one.identifier.value for one in ben.saved.state.identifiers] == ["ben@example.com"]


async def test_an_unproven_email_gives_nobody_the_data_of_its_holder(replicas: Replicas) -> None:
    anna = (await replicas.identify(ANNA)).saved.customer_id
    typed = email("Anna@example.com", verified=False)
    stranger = await replicas.identify(typed, cookie("c"))
    assert stranger.saved.customer_id != anna
    assert stranger.saved.state.kind is CustomerKind.ANONYMOUS
    assert set_aside_of(stranger.facts, [typed, cookie("c")]) == [(typed, SetAsideReason.UNVERIFIED)]
    assert (await replicas.identify(ANNA)).saved.customer_id == anna


async def test_a_retry_is_told_the_same_and_changes_nothing(replicas: Replicas) -> None:
    told = Introduction(identifiers=(cookie("c"), ANNA, phone("+41446681800", verified=False)))
    stamp = replicas.stamp()
    first = await replicas[0].identify(told, stamp)
    await replicas.identify(cookie("c"), card("7"))
    before = await replicas.contents()
    again = await replicas[1].identify(told, replace(stamp))
    assert (again.replayed, again.facts, came_of(again)) == (True, first.facts, came_of(first))
    assert len(again.saved.state.identifiers) == 4
    assert await replicas.contents() == before


async def test_a_retry_after_its_customer_was_merged_away_is_told_the_same(replicas: Replicas) -> None:
    anna = (await replicas.identify(ANNA)).saved.customer_id
    replicas.clock.move(minutes=1)
    told, stamp = Introduction(identifiers=(cookie("c"),)), replicas.stamp()
    await replicas[0].identify(told, stamp)
    await replicas.identify(cookie("c"), ANNA)
    again = await replicas[0].identify(told, stamp)
    assert (again.replayed, came_of(again)) == (True, (anna, CREATED))


async def test_a_retry_of_what_would_be_refused_today_is_told_what_came_of_it_then(replicas: Replicas) -> None:
    told, stamp = Introduction(identifiers=(card("7"), cookie("c"))), replicas.stamp()
    await replicas[0].identify(told, stamp)
    full = [trait(f"t{n:03}", 1.0) for n in range(100)]
    more = Introduction(identifiers=(cookie("c"),), traits=tuple(full))
    await replicas[0].identify(more, replicas.stamp())
    wants = Introduction(identifiers=(cookie("c"),), traits=(trait("one_more", 1.0),))
    with pytest.raises(OmnithreadError, match="TRAIT_LIMIT"):
        await replicas[0].identify(wants, replicas.stamp())
    assert (await replicas[0].identify(told, stamp)).replayed


async def test_a_retry_finds_a_customer_to_whom_no_identifier_leads(replicas: Replicas) -> None:
    told, stamp = Introduction(identifiers=(email("anna@example.com", verified=False),)), replicas.stamp()
    first = await replicas[0].identify(told, stamp)
    again = await replicas[1].identify(told, stamp)
    assert (again.saved.customer_id, again.replayed) == (first.saved.customer_id, True)
    other = await replicas[0].identify(told, replicas.stamp())
    assert other.saved.customer_id != first.saved.customer_id


@pytest.mark.parametrize("holders", ["nobody", "somebody"])
async def test_what_is_refused_changes_nothing(replicas: Replicas, holders: str) -> None:
    if holders == "somebody":
        await replicas.identify(cookie("c"), card("1"))
    before = await replicas.contents()
    cards = Introduction(identifiers=(cookie("c"), card("2"), card("3"), ANNA))
    with pytest.raises(OmnithreadError) as refusal:
        await replicas[0].identify(cards, replicas.stamp())
    assert refusal.value.reason == "IDENTIFIER_LIMIT"
    traits = Introduction(identifiers=(cookie("c"), ANNA), traits=tuple(trait(f"t{n}", 1.0) for n in range(101)))
    with pytest.raises(OmnithreadError) as refusal:
        await replicas[0].identify(traits, replicas.stamp())
    assert refusal.value.reason == "TRAIT_LIMIT"
    ahead = Introduction(identifiers=(cookie("c"), ANNA))
    with pytest.raises(OmnithreadError) as refusal:
        await replicas[0].identify(ahead, replicas.stamp(issued=61))
    assert refusal.value.reason == "CLOCK_SKEW"
    assert refusal.value.metadata == {"server_time": "2026-03-01T12:00:00.000Z"}
    assert await replicas.contents() == before


async def test_a_request_id_used_for_something_else_is_refused_and_claims_nothing(replicas: Replicas) -> None:
    stamp = replicas.stamp("request-of-anna-1")
    await replicas[0].identify(Introduction(identifiers=(cookie("c"),)), stamp)
    before = await replicas.contents()
    other = Introduction(identifiers=(cookie("c"), ANNA))
    with pytest.raises(OmnithreadError) as refusal:
        await replicas[0].identify(other, replace(stamp, body_hash=b"other"))
    assert refusal.value.reason == "REQUEST_ID_REUSED"
    assert await replicas.contents() == before


async def test_the_oldest_of_too_many_cookies_leads_nowhere_any_more(replicas: Replicas) -> None:
    anna = (await replicas.identify(ANNA)).saved.customer_id
    for n in range(31):
        replicas.clock.move(minutes=1)
        assert (await replicas.identify(ANNA, cookie(f"c{n:02}"))).saved.customer_id == anna
    assert (await replicas.identify(cookie("c01"))).saved.customer_id == anna
    assert came_of(await replicas.identify(cookie("c00")))[1] is CREATED


async def test_thirty_two_channels_meet_one_person_at_once_and_make_one_customer(replicas: Replicas) -> None:
    pool: list[Identifier] = [card("7"), phone("+41446681800"), cookie("web"), device("app"), cookie("kiosk")]
    chosen = random.Random(7)
    sets = [(ANNA, *chosen.sample(pool, k=chosen.randrange(len(pool) + 1))) for _ in range(32)]
    outcomes = await asyncio.gather(
        *(replicas.identify(*one, replica=n % 2) for n, one in enumerate(sets)), return_exceptions=True
    )
    assert [one for one in outcomes if isinstance(one, BaseException)] == []
    assert len({one.saved.customer_id for one in outcomes if not isinstance(one, BaseException)}) == 1
    for identifier in (ANNA, *pool):
        found = await replicas.identify(identifier)
        assert came_of(found) == (outcomes[0].saved.customer_id, FOUND)  # type: ignore[union-attr]  # checked above
    created = sum(not isinstance(one, BaseException) and outcome_of(one) is CREATED for one in outcomes)
    assert created == 1
    assert len(await replicas.database["records"].find({"merged_into": ""}).to_list(None)) == 1


async def test_machines_that_meet_in_pairs_at_once_end_as_one_guest(replicas: Replicas) -> None:
    machines = [cookie(f"c{n}") for n in range(6)]
    pairs = list(itertools.combinations(machines, 2)) * 2
    random.Random(3).shuffle(pairs)
    await asyncio.gather(*(replicas.identify(*pair, replica=n % 2) for n, pair in enumerate(pairs)))
    last = {(await replicas.identify(machine)).saved.customer_id for machine in machines}
    assert len(last) == 1
    living = await replicas.database["records"].find({"merged_into": ""}).to_list(None)
    assert [one["_id"] for one in living] == list(last)
    assert living[0]["incoming"] == []


async def test_a_guest_who_becomes_known_before_they_are_merged_takes_the_other_one_over(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, younger = cookie("older"), cookie("younger")
    await replicas.identify(older)
    replicas.clock.move(minutes=1)
    await replicas.identify(younger)
    claimed, may_write = asyncio.Event(), asyncio.Event()
    write = replicas[0].records.run

    async def late(*given: Any) -> Any:
        claimed.set()
        await may_write.wait()
        return await write(*given)

    monkeypatch.setattr(replicas[0].records, "run", late)
    becoming_known = asyncio.create_task(replicas.identify(ANNA, younger))
    await asyncio.wait_for(claimed.wait(), 30)
    carry_out = Merges.carry_out

    async def after_the_other(merges: Merges, saved: Saved[Profile]) -> Saved[Profile]:
        if saved.state.incoming:
            may_write.set()
            await becoming_known
        return await carry_out(merges, saved)

    with monkeypatch.context() as patches:
        patches.setattr(Merges, "carry_out", after_the_other)
        found = await replicas.identify(ANNA, older, replica=1)
    monkeypatch.setattr(replicas[0].records, "run", write)
    known = (await becoming_known).saved.customer_id
    assert (found.saved.customer_id, outcome_of(found)) == (known, MERGED)
    assert (await replicas[1].get((await replicas.identify(older)).saved.customer_id)).customer_id == known


async def test_one_person_known_on_every_machine_at_once_keeps_all_guests_traits(replicas: Replicas) -> None:
    anna = (await replicas.identify(ANNA)).saved.customer_id
    for n in range(8):
        replicas.clock.move(seconds=1)
        await replicas.identify(cookie(f"c{n}"), traits=[trait(f"t{n}", float(n))])
    outcomes = await asyncio.gather(*(replicas.identify(ANNA, cookie(f"c{n}"), replica=n % 2) for n in range(8)))
    assert {one.saved.customer_id for one in outcomes} == {anna}
    assert {outcome_of(one) for one in outcomes} <= {MERGED, FOUND, LINKED}
    saved = await replicas[0].get(anna)
    assert [one.name for one in saved.state.traits] == [f"t{n}" for n in range(8)]
    assert len(saved.state.merges) == 8


async def test_an_identifier_leads_to_its_customer(replicas: Replicas) -> None:
    anna = await replicas.identify(ANNA, cookie("c"))
    for identifier in (ANNA, cookie("c"), email("ANNA@example.com")):
        found = await replicas[1].get_by_identifier(identifier, ORIGIN)
        assert found.customer_id == anna.saved.customer_id
    with pytest.raises(OmnithreadError) as refusal:
        await replicas[1].get_by_identifier(cookie("other"), ORIGIN)
    assert refusal.value.reason == "CUSTOMER_NOT_FOUND"
