"""A replica dies between two writes; whoever comes next finds nothing lost, nothing twice, and nobody stuck."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from libs.errors import OmnithreadError, Status
from libs.mongo.values import Outcome, Saved
from services.profile.claims import Claim, Overtaken
from services.profile.linking import Introduction
from services.profile.model import CustomerId, Identifier, Profile
from services.profile.outcomes import IdentifyOutcome, outcome_of
from services.profile.unfinished import UnfinishedMerges
from tests.services.profile.crashing import Crash, crash
from tests.services.profile.people import NOW, WEB, card, cookie, device, email, phone, trait
from tests.services.profile.replicas import ORIGIN, Replicas
from tests.services.profile.staff import merge

ANNA = email("anna@example.com")


async def living(replicas: Replicas) -> list[str]:
    found = await replicas.database["records"].find({"merged_into": ""}, {"_id": 1}).to_list(None)
    return sorted(one["_id"] for one in found)


@contextmanager
def dying_of_a_merge(replicas: Replicas, monkeypatch: pytest.MonkeyPatch, point: str) -> Iterator[None]:
    """Let the first replica die inside, at a point of carrying a merge out."""
    records = replicas[0].records
    with monkeypatch.context() as dying:
        if point == "before sealing":
            dying.setattr(records, "absorb", crash)
        else:
            dying.setattr(records._absorber, "_take_over" if point == "after sealing" else "_mark_done", crash)
        with pytest.raises(Crash):
            yield


async def guest_and_anna(replicas: Replicas) -> tuple[str, str]:
    anna = (await replicas.identify(ANNA)).saved.customer_id
    replicas.clock.move(minutes=1)
    guest = (await replicas.identify(cookie("c"), traits=[trait("size", 41.0)])).saved.customer_id
    return guest, anna


async def test_claims_without_a_record_become_the_next_callers_customer(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicas[0].records, "run", crash)
    with pytest.raises(Crash):
        await replicas.identify(ANNA, cookie("c"))
    assert await living(replicas) == []
    claimed = (await replicas.contents())["identifiers"][0]["customer_id"]
    found = await replicas.identify(cookie("c"), replica=1)
    assert (found.saved.customer_id, outcome_of(found)) == (claimed, IdentifyOutcome.CREATED)
    with_proof = await replicas.identify(ANNA, replica=1)
    assert with_proof.saved.customer_id == claimed
    assert with_proof.saved.state.held_keys == {"cookie:c", ANNA.key}


async def test_who_asks_for_a_profile_by_an_identifier_that_is_only_claimed_gets_a_customer(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicas[0].records, "run", crash)
    with pytest.raises(Crash):
        await replicas.identify(ANNA, cookie("c"))
    found = await replicas[1].get_by_identifier(ANNA, ORIGIN)
    assert found.state.held_keys == {ANNA.key}
    assert (await replicas.identify(cookie("c"), replica=1)).saved.customer_id == found.customer_id
    assert await living(replicas) == [found.customer_id]


async def test_claims_of_two_calls_that_died_become_one_customer(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(replicas[0].records, "run", crash)
        for identifiers in ((ANNA, cookie("c")), (phone("+41446681800"), device("d")), (card("7"),)):
            with pytest.raises(Crash):
                await replicas.identify(*identifiers)
    everything = (ANNA, cookie("c"), phone("+41446681800"), device("d"), card("7"))
    outcomes = await asyncio.gather(*(replicas.identify(*everything, replica=n % 2) for n in range(8)))
    assert len({one.saved.customer_id for one in outcomes}) == 1
    assert [outcome_of(one) for one in outcomes].count(IdentifyOutcome.CREATED) == 1
    customer_id = outcomes[0].saved.customer_id
    for identifier in everything:
        found = await replicas.identify(identifier)
        assert found.saved.customer_id == customer_id
        assert found.saved.state.held_keys == {one.key for one in everything}
        assert found.saved.state.merges == ()
    assert await living(replicas) == [customer_id]
    assert (await replicas.announced(customer_id)).count("customer_created") == 1
    assert "customers_merged" not in await replicas.announced(customer_id)


async def test_who_sees_claims_of_two_calls_that_are_still_at_work_chooses_the_one_that_will_get_on(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of a call with card and e-mail, which will find the e-mail taken; its id sorts before any other.
    loser = Claim(key=card("7").key, customer_id=CustomerId("cus_0"), claim_time=NOW, channel=WEB, token="loser")
    await replicas[1].identification.claims.make([loser])
    claimed, seen = asyncio.Event(), asyncio.Event()
    write, confirm = replicas[0].records.run, replicas[1].identification.claims.confirm

    async def write_late(*args: Any) -> Outcome[Profile]:
        claimed.set()
        await seen.wait()
        return await write(*args)

    async def confirm_when_it_is_written(claims: Iterable[Claim]) -> None:
        seen.set()
        await first
        await confirm(claims)

    monkeypatch.setattr(replicas[0].records, "run", write_late)
    monkeypatch.setattr(replicas[1].identification.claims, "confirm", confirm_when_it_is_written)
    first = asyncio.create_task(replicas.identify(ANNA))
    await claimed.wait()
    second = await replicas.identify(ANNA, card("7"), replica=1)
    customer_id = (await first).saved.customer_id
    await replicas[1].identification.claims.withdraw([loser.key], token=loser.token)
    assert second.saved.customer_id == customer_id
    assert await living(replicas) == [customer_id]
    again = await replicas.identify(ANNA, card("7"))
    assert again.saved.customer_id == customer_id
    assert again.saved.state.held_keys == {ANNA.key, card("7").key}


async def test_claims_that_lead_to_nobody_belong_to_the_customer_who_comes_with_them(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = (await replicas.identify(ANNA, replica=1)).saved.customer_id
    with monkeypatch.context() as dying:
        dying.setattr(replicas[0].records, "run", crash)
        with pytest.raises(Crash):
            await replicas.identify(device("d"))
    found = await replicas.identify(ANNA, device("d"), replica=1)
    assert found.saved.customer_id == anna
    assert found.saved.state.held_keys == {ANNA.key, "device:d"}


@pytest.mark.parametrize("point", ["before sealing", "after sealing", "before the mark"])
@pytest.mark.parametrize(
    "next_to_come", ["identify", "the same again", "get", "get the guest", "by identifier", "sweep"]
)
async def test_a_merge_that_was_begun_is_carried_out_by_whoever_comes_next(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch, point: str, next_to_come: str
) -> None:
    guest, anna = await guest_and_anna(replicas)
    with dying_of_a_merge(replicas, monkeypatch, point):
        await replicas.identify(ANNA, cookie("c"))
    if next_to_come == "identify":
        await replicas.identify(ANNA, replica=1)
    elif next_to_come == "the same again":
        await replicas.identify(ANNA, cookie("c"), replica=1)
    elif next_to_come == "get":
        await replicas[1].get(anna)
    elif next_to_come == "get the guest" and point != "before sealing":
        assert (await replicas[1].get(guest)).customer_id == anna
    elif next_to_come == "by identifier":
        await replicas[1].get_by_identifier(ANNA, ORIGIN)
    else:
        sweep = UnfinishedMerges(
            records=replicas[1].records,
            merges=replicas[1].merges,
            clock=replicas.clock,
            patience=timedelta(seconds=10),
            pause_seconds=1,
        )
        assert await sweep.sweep() == 0
        replicas.clock.move(seconds=11)
        await sweep.sweep()
        assert await sweep.sweep() == 0
    assert await living(replicas) == [anna]
    saved = await replicas[1].records.get_exact(anna)
    assert saved.state.incoming == ()
    assert saved.state.held_keys == {ANNA.key, "cookie:c"}
    assert [one.source_customer_id for one in saved.state.merges] == [guest]
    assert (await replicas.announced(anna)).count("customers_merged") == 1
    assert (await replicas.announced(guest)).count("customer_sealed") == 1
    assert (await replicas.identify(cookie("c"))).saved.customer_id == anna


async def test_a_retry_of_a_merge_that_died_half_way_says_merged(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    await guest_and_anna(replicas)
    stamp = replicas.stamp()
    told = _told(ANNA, cookie("c"))
    with monkeypatch.context() as dying:
        dying.setattr(replicas[0].records._absorber, "_take_over", crash)
        with pytest.raises(Crash):
            await replicas[0].identify(told, stamp)
    again = await replicas[1].identify(told, stamp)
    assert (again.replayed, outcome_of(again)) == (True, IdentifyOutcome.MERGED)


@pytest.mark.parametrize("point", ["before sealing", "after sealing", "before it is marked"])
async def test_a_retry_of_what_staff_decided_and_died_of_carries_it_out(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    anna = (await replicas.identify(ANNA)).saved.customer_id
    replicas.clock.move(minutes=1)
    anne = (await replicas.identify(email("anne@example.com"))).saved.customer_id
    with dying_of_a_merge(replicas, monkeypatch, point):
        await merge(replicas, anne, anna, request_id="join-anna-and-anne")
    for replica in (1, 0):
        again = await merge(replicas, anne, anna, request_id="join-anna-and-anne", replica=replica)
        assert (again.saved.customer_id, again.merge.source_customer_id, again.replayed) == (anna, anne, True)
    assert await living(replicas) == [anna]
    assert (await replicas.announced(anna)).count("customers_merged") == 1


async def test_a_guest_who_becomes_known_before_being_sealed_is_not_merged(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest, anna = await guest_and_anna(replicas)
    absorb = replicas[0].records.absorb

    async def absorb_later(**named: object) -> bool:
        await replicas.identify(cookie("c"), card("7"), replica=1)
        return await absorb(**named)  # type: ignore[arg-type]  # whatever absorb takes

    monkeypatch.setattr(replicas[0].records, "absorb", absorb_later)
    outcome = await replicas.identify(ANNA, cookie("c"))
    assert (outcome.saved.customer_id, outcome_of(outcome)) == (anna, IdentifyOutcome.LINKED)
    assert outcome.saved.state.held_keys == {ANNA.key}
    assert outcome.saved.state.incoming == ()
    assert await living(replicas) == sorted([guest, anna])
    assert (await replicas.identify(card("7"))).saved.state.held_keys == {"loyalty_card:7", "cookie:c"}


async def test_guests_who_are_decided_to_be_each_others_end_as_one(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The younger into the older, and by a replica that saw it known, the older into the younger."""
    older = (await replicas.identify(cookie("older"))).saved.customer_id
    replicas.clock.move(minutes=1)
    younger = (await replicas.identify(cookie("younger"))).saved.customer_id
    with monkeypatch.context() as dying:
        dying.setattr(replicas[0].records, "absorb", crash)
        with pytest.raises(Crash):
            await replicas.identify(cookie("older"), cookie("younger"))
        await replicas.identify(cookie("younger"), ANNA)
        with pytest.raises(Crash):
            await replicas.identify(ANNA, cookie("older"))
    assert (await reserved(replicas, older), await reserved(replicas, younger)) == ([younger], [older])
    for customer_id in (older, younger, older):
        assert (await replicas[1].get(customer_id)).customer_id in (older, younger)
    assert (await replicas.identify(ANNA, cookie("older"))).saved.customer_id == younger
    assert await living(replicas) == [younger]
    assert await reserved(replicas, younger) == []


async def reserved(replicas: Replicas, customer_id: str) -> list[CustomerId]:
    saved: Saved[Profile] = await replicas[0].records.get_exact(customer_id)
    return [one.source_customer_id for one in saved.state.incoming]


async def test_a_claim_that_somebody_built_on_is_not_withdrawn(replicas: Replicas) -> None:
    claims = replicas[0].identification.claims
    claim = Claim(
        key="cookie:c", customer_id=CustomerId("cus_x"), claim_time=replicas.clock(), channel=WEB, token="one"
    )
    await claims.make([claim])
    await claims.confirm([claim])
    await claims.withdraw(["cookie:c"], token="one")
    assert (await claims.find(["cookie:c"]))["cookie:c"].token == ""
    with pytest.raises(Overtaken):
        await claims.make([claim])
    await claims.drop(["cookie:c"], customer_ids=["cus_x"])
    assert await claims.find(["cookie:c"]) == {}


async def test_a_claim_that_was_withdrawn_is_not_built_on(replicas: Replicas) -> None:
    claims = replicas[0].identification.claims
    claim = Claim(
        key="cookie:c", customer_id=CustomerId("cus_x"), claim_time=replicas.clock(), channel=WEB, token="one"
    )
    await claims.make([claim])
    await claims.withdraw(["cookie:c"], token="one")
    with pytest.raises(Overtaken):
        await claims.confirm([claim])


async def test_a_merge_that_cannot_be_carried_out_now_does_not_hide_the_profile(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, anna = await guest_and_anna(replicas)
    with monkeypatch.context() as dying:
        dying.setattr(replicas[0].records, "absorb", crash)
        with pytest.raises(Crash):
            await replicas.identify(ANNA, cookie("c"))

    async def refuse(**_named: object) -> bool:
        raise OmnithreadError(status=Status.RESOURCE_EXHAUSTED, reason="OUTBOX_FULL", message="full")

    monkeypatch.setattr(replicas[1].records, "absorb", refuse)
    assert (await replicas[1].get(anna)).customer_id == anna


def _told(*identifiers: Identifier) -> Introduction:
    return Introduction(identifiers=identifiers)


async def test_a_claim_that_can_never_be_linked_any_more_is_free_again(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = (await replicas.identify(cookie("c"))).saved.customer_id
    with monkeypatch.context() as dying:
        dying.setattr(replicas[0].records, "run", crash)
        with pytest.raises(Crash):
            await replicas.identify(cookie("c"), card("old"))
    await replicas.identify(cookie("c"), card("new"), replica=1)
    with pytest.raises(OmnithreadError, match="IDENTIFIER_LIMIT"):
        await replicas[0].identify(_told(card("new"), card("old")), replicas.stamp())
    other = await replicas.identify(card("old"))
    assert outcome_of(other) is IdentifyOutcome.CREATED
    assert (await replicas.identify(card("new"))).saved.customer_id == anna


async def test_a_merge_that_was_done_where_it_led_to_is_not_waited_for_by_who_takes_over_the_one_between(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guest's merge is finished at the third one, before that one has the second one's record."""
    old = (await replicas.identify(email("old@example.com"))).saved.customer_id
    replicas.clock.move(minutes=1)
    guest, anna = await guest_and_anna(replicas)
    records = replicas[0].records
    with monkeypatch.context() as dying:
        dying.setattr(records, "absorb", crash)
        with pytest.raises(Crash):
            await merge(replicas, anna, old)
        with pytest.raises(Crash):
            await replicas.identify(cookie("c"), ANNA)
    with monkeypatch.context() as dying:
        dying.setattr(records._absorber, "_take_over", crash)
        with pytest.raises(Crash):
            await replicas[0].merges.carry_out(await records.get(old))
    sealed = await replicas[1].records.get_exact(anna)
    (reservation,) = sealed.state.incoming
    await replicas[1].merges._carry_out(await replicas[1].records.get_exact(anna), reservation)
    for _ in range(2):
        back = await replicas.identify(cookie("c"), replica=1)
        assert back.saved.customer_id == old
    assert (await replicas[1].get(old)).state.incoming == ()
    assert sorted((await replicas[1].get(guest)).lineage) == sorted((old, guest, anna))
