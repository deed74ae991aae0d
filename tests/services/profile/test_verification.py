"""Taking a one-time code: what the right code gives, and what no number of wrong ones gives."""

import asyncio
import itertools
from dataclasses import replace

import pytest

from libs.errors import OmnithreadError
from services.profile.model import CustomerKind
from services.profile.outcomes import set_aside_of
from services.profile.verification import (
    MOST_TRIES,
)
from services.profile.verifying import Verifying
from services.profile.who import SetAsideReason
from tests.services.profile.crashing import Crash
from tests.services.profile.people import cookie, email
from tests.services.profile.replicas import Replicas
from tests.services.profile.verification_desk import (
    ANNAS,
    RIGHT,
    WRONG,
    a_guest,
    anna,
    desk_of,
    reason_of,
    started,
    tried,
)


async def test_who_proves_an_address_that_nobody_has_is_known_by_it(replicas: Replicas, desk: Verifying) -> None:
    guest = await a_guest(replicas)
    verified = await tried(replicas, desk, guest, await started(replicas, desk, guest))
    saved = verified.outcome.saved
    assert saved.customer_id == guest
    assert saved.state.kind is CustomerKind.KNOWN
    assert (await replicas.identify(ANNAS)).saved.customer_id == guest


async def test_what_was_only_said_before_counts_as_proven(replicas: Replicas, desk: Verifying) -> None:
    guest = (await replicas.identify(cookie("laptop"), replace(ANNAS, verified=False))).saved.customer_id
    verified = await tried(replicas, desk, guest, await started(replicas, desk, guest))
    assert [one.identifier for one in verified.outcome.saved.state.identifiers] == [cookie("laptop"), ANNAS]


async def test_a_guest_who_proves_a_customers_address_becomes_that_customer(
    replicas: Replicas, desk: Verifying
) -> None:
    known, guest = await anna(replicas), await a_guest(replicas)
    verified = await tried(replicas, desk, guest, await started(replicas, desk, guest))
    assert verified.outcome.saved.customer_id == known.customer_id
    assert guest in verified.outcome.saved.lineage


async def test_until_the_code_is_right_a_guest_gets_nothing_of_whoever_has_the_address(
    replicas: Replicas, desk: Verifying
) -> None:
    known = await anna(replicas)
    claimed = await replicas.identify(cookie("laptop"), replace(ANNAS, verified=False))
    guest = claimed.saved.customer_id
    start = await started(replicas, desk, guest)
    await reason_of(tried(replicas, desk, guest, start, WRONG))
    assert guest != known.customer_id
    assert (await replicas[0].get(guest)).customer_id == guest
    assert (await replicas[0].get(guest)).state.kind is CustomerKind.ANONYMOUS
    assert (await replicas[0].get(known.customer_id)).version == known.version


async def test_two_known_customers_stay_two_whatever_is_proven(replicas: Replicas, desk: Verifying) -> None:
    known = await anna(replicas)
    ben = (await replicas.identify(email("ben@example.com"))).saved.customer_id
    verified = await tried(replicas, desk, ben, await started(replicas, desk, ben))
    assert verified.outcome.saved.customer_id == ben
    assert set_aside_of(verified.outcome.facts, verified.identifiers) == [(ANNAS, SetAsideReason.HELD_BY_ANOTHER)]
    assert (await replicas.identify(ANNAS)).saved.customer_id == known.customer_id


async def test_a_wrong_code_says_how_many_tries_are_left_and_then_none_is(replicas: Replicas, desk: Verifying) -> None:
    guest = await a_guest(replicas)
    start = await started(replicas, desk, guest)
    left = [(await reason_of(tried(replicas, desk, guest, start, f"00000{n}")))[1]["tries_left"] for n in range(5)]
    assert left == ["4", "3", "2", "1", "0"]
    assert (await reason_of(tried(replicas, desk, guest, start)))[0] == "VERIFICATION_TRIES_USED_UP"


async def test_of_many_guesses_at_once_only_five_are_looked_at(replicas: Replicas) -> None:
    guest = await a_guest(replicas)
    desks = [desk_of(replicas, 0), desk_of(replicas, 1)]
    start = await started(replicas, desks[0], guest)
    refused = await asyncio.gather(
        *(reason_of(tried(replicas, desks[n % 2], guest, start, f"{n:06}")) for n in range(40))
    )
    reasons = [reason for reason, _ in refused]
    assert reasons.count("CODE_WRONG") == MOST_TRIES
    assert set(reasons) == {"CODE_WRONG", "VERIFICATION_TRIES_USED_UP"}
    document = await replicas.database["verifications"].find_one({"_id": start.verification_id})
    assert document is not None
    assert document["tries"] == len(document["guesses"]) == MOST_TRIES


async def test_the_same_wrong_guess_sent_again_costs_one_try(replicas: Replicas, desk: Verifying) -> None:
    guest = await a_guest(replicas)
    start = await started(replicas, desk, guest)
    stamp = replicas.stamp(body=WRONG.encode())
    for _ in range(8):
        told = await reason_of(desk.verify(guest, start.verification_id, WRONG, stamp=stamp))
        assert told == ("CODE_WRONG", {"tries_left": "4"})
    assert (await tried(replicas, desk, guest, start)).outcome.saved.customer_id == guest


async def test_a_code_works_once(replicas: Replicas, desk: Verifying) -> None:
    guest = await a_guest(replicas)
    start = await started(replicas, desk, guest)
    await tried(replicas, desk, guest, start)
    assert (await reason_of(tried(replicas, desk, guest, start)))[0] == "VERIFICATION_EXPIRED"


async def test_of_two_who_use_the_right_code_at_once_one_is_told_that_it_was_used(replicas: Replicas) -> None:
    guest = await a_guest(replicas)
    desks = [desk_of(replicas, 0), desk_of(replicas, 1)]
    start = await started(replicas, desks[0], guest)
    done = await asyncio.gather(*(tried(replicas, one, guest, start) for one in desks), return_exceptions=True)
    refused = [one.reason for one in done if isinstance(one, OmnithreadError)]
    assert refused == ["VERIFICATION_EXPIRED"]


async def test_guests_who_prove_one_address_at_the_same_moment_are_one_customer(replicas: Replicas) -> None:
    guests = [await a_guest(replicas, f"laptop{number}") for number in range(3)]
    desks = [desk_of(replicas, number % 2) for number in range(3)]
    starts = [await started(replicas, desk, guest) for desk, guest in zip(desks, guests, strict=True)]
    await asyncio.gather(
        *(tried(replicas, *named) for named in zip(desks, guests, starts, strict=True)),
    )
    standing = {(await replicas[0].get(guest)).customer_id for guest in guests}
    assert standing == {(await replicas.identify(ANNAS)).saved.customer_id}


async def test_a_code_works_for_ten_minutes(replicas: Replicas, desk: Verifying) -> None:
    guest = await a_guest(replicas)
    start = await started(replicas, desk, guest)
    replicas.clock.move(minutes=10)
    assert start.expire_time == replicas.clock()
    assert (await reason_of(tried(replicas, desk, guest, start)))[0] == "VERIFICATION_EXPIRED"
    assert (await reason_of(desk.to_deliver(guest, start.verification_id)))[0] == "VERIFICATION_NOT_FOUND"


async def test_a_merge_by_a_code_sent_again_happens_once(replicas: Replicas, desk: Verifying) -> None:
    known, guest = await anna(replicas), await a_guest(replicas)
    start, stamp = await started(replicas, desk, guest), replicas.stamp(body=RIGHT.encode())
    once = await desk.verify(guest, start.verification_id, RIGHT, stamp=stamp)
    again = await desk_of(replicas, 1).verify(guest, start.verification_id, RIGHT, stamp=stamp)
    assert (once.outcome.replayed, again.outcome.replayed) == (False, True)
    assert again.outcome.saved.version == once.outcome.saved.version
    assert (await replicas.announced(known.customer_id)).count("customers_merged") == 1


@pytest.mark.parametrize("step", ["pay", "use", "identify", "forget_code"])
@pytest.mark.parametrize("after", [False, True])
async def test_a_crash_at_any_step_leaves_a_request_that_can_be_sent_again(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch, step: str, *, after: bool
) -> None:
    known, guest = await anna(replicas), await a_guest(replicas)
    desk = desk_of(replicas, 0)
    start, stamp = await started(replicas, desk, guest), replicas.stamp(body=RIGHT.encode())
    crash_once(monkeypatch, desk, step, after=after)
    with pytest.raises(Crash):
        await desk.verify(guest, start.verification_id, RIGHT, stamp=stamp)
    again = await desk_of(replicas, 1).verify(guest, start.verification_id, RIGHT, stamp=stamp)
    assert again.outcome.saved.customer_id == known.customer_id
    assert guest in again.outcome.saved.lineage
    assert (await replicas.announced(known.customer_id)).count("customers_merged") == 1


def crash_once(patches: pytest.MonkeyPatch, desk: Verifying, step: str, *, after: bool) -> None:
    part = desk.identification if step == "identify" else desk.verifications
    kind, work = type(part), getattr(type(part), step)
    first = itertools.count()

    async def crashing(*given: object, **named: object) -> object:
        if next(first):
            return await work(*given, **named)
        if after:
            await work(*given, **named)
        raise Crash

    patches.setattr(kind, step, crashing)


async def test_a_code_is_of_whoever_asked_for_it(replicas: Replicas, desk: Verifying) -> None:
    guest, another = await a_guest(replicas), await a_guest(replicas, "phone")
    start = await started(replicas, desk, guest)
    assert (await reason_of(tried(replicas, desk, another, start)))[0] == "VERIFICATION_NOT_FOUND"
    assert (await reason_of(desk.to_deliver(another, start.verification_id)))[0] == "VERIFICATION_NOT_FOUND"
    assert (await reason_of(tried(replicas, desk, "cus_nobody", start)))[0] == "CUSTOMER_NOT_FOUND"
    assert (await reason_of(started(replicas, desk, "cus_nobody")))[0] == "CUSTOMER_NOT_FOUND"


async def test_who_was_merged_meanwhile_still_has_their_code(replicas: Replicas, desk: Verifying) -> None:
    guest = await a_guest(replicas)
    start = await started(replicas, desk, guest, email("anna@work.example.com"))
    known = (await replicas.identify(cookie("laptop"), ANNAS)).saved.customer_id
    await anna(replicas)
    for asked in (guest, known):
        assert (await desk.to_deliver(asked, start.verification_id)).code == RIGHT
    verified = await tried(replicas, desk, guest, start)
    assert email("anna@work.example.com").key in verified.outcome.saved.state.held_keys


async def test_a_customer_with_as_many_addresses_as_are_allowed_keeps_the_code(
    replicas: Replicas, desk: Verifying
) -> None:
    known = (await replicas.identify(*(email(f"anna{number}@example.com") for number in range(5)))).saved.customer_id
    start = await started(replicas, desk, known)
    assert (await reason_of(tried(replicas, desk, known, start)))[0] == "IDENTIFIER_LIMIT"
    assert (await desk.to_deliver(known, start.verification_id)).code == RIGHT


async def test_a_code_that_was_used_is_forgotten(replicas: Replicas, desk: Verifying) -> None:
    guest = await a_guest(replicas)
    start = await started(replicas, desk, guest)
    await tried(replicas, desk, guest, start)
    document = await replicas.database["verifications"].find_one({"_id": start.verification_id})
    assert document is not None
    assert document["one_time_code"] == ""
