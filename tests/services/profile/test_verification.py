"""Proving an address by a one-time code: what the right code gives, and what no number of wrong ones gives."""

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.errors import OmnithreadError
from libs.mongo.values import Saved
from services.profile.__main__ import verifying_of
from services.profile.model import CustomerKind, Identifier, Profile
from services.profile.outcomes import set_aside_of
from services.profile.verification import (
    LIMIT_WINDOW,
    MOST_PER_ADDRESS,
    MOST_PER_CUSTOMER,
    MOST_TRIES,
    Slot,
    new_code,
    with_slot,
)
from services.profile.verifying import Started, Verified, Verifying
from services.profile.who import SetAsideReason
from tests.services.profile.people import NOW, card, cookie, email, phone
from tests.services.profile.replicas import Replicas

ANNAS = email("anna@example.com")
RIGHT, WRONG = "271828", "314159"


@pytest.fixture
def desk(replicas: Replicas) -> Verifying:
    """One replica's verification; every code is 271828."""
    return desk_of(replicas, 0)


def desk_of(replicas: Replicas, number: int) -> Verifying:
    return verifying_of(replicas[number], database=replicas.database, clock=replicas.clock, new_code=lambda: RIGHT)


async def started(replicas: Replicas, desk: Verifying, customer_id: str, identifier: Identifier = ANNAS) -> Started:
    return await desk.start(customer_id, identifier, language="de", stamp=replicas.stamp())


async def tried(replicas: Replicas, desk: Verifying, customer_id: str, start: Started, code: str = RIGHT) -> Verified:
    stamp = replicas.stamp(body=code.encode())
    return await desk.verify(customer_id, start.verification_id, code, stamp=stamp)


async def a_guest(replicas: Replicas, name: str = "laptop") -> str:
    return (await replicas.identify(cookie(name))).saved.customer_id


async def anna(replicas: Replicas) -> Saved[Profile]:
    return (await replicas.identify(ANNAS, card("4711"))).saved


async def reason_of(call: "asyncio.Future[object] | object") -> tuple[str, dict[str, str]]:
    with pytest.raises(OmnithreadError) as refused:
        await call  # type: ignore[misc]  # any awaitable
    return refused.value.reason, dict(refused.value.metadata)


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


async def test_the_answer_is_the_same_whether_or_not_somebody_has_the_address(
    replicas: Replicas, desk: Verifying
) -> None:
    await anna(replicas)
    guest = await a_guest(replicas)
    with_holder = await started(replicas, desk, guest)
    without = await started(replicas, desk, guest, email("nobody@example.com"))
    assert with_holder.expire_time == without.expire_time
    assert replace(with_holder, verification_id="") == replace(without, verification_id="")
    assert await replicas.announced(guest) == [
        "customer_created",
        "identifiers_linked",
        "verification_requested",
        "verification_requested",
    ]


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
    with pytest.raises(Crashed):
        await desk.verify(guest, start.verification_id, RIGHT, stamp=stamp)
    again = await desk_of(replicas, 1).verify(guest, start.verification_id, RIGHT, stamp=stamp)
    assert again.outcome.saved.customer_id == known.customer_id
    assert guest in again.outcome.saved.lineage
    assert (await replicas.announced(known.customer_id)).count("customers_merged") == 1


class Crashed(Exception):
    """The process ended here."""


def crash_once(patches: pytest.MonkeyPatch, desk: Verifying, step: str, *, after: bool) -> None:
    part = desk.identification if step == "identify" else desk.verifications
    kind, work = type(part), getattr(type(part), step)
    first = itertools.count()

    async def crashing(*given: object, **named: object) -> object:
        if next(first):
            return await work(*given, **named)
        if after:
            await work(*given, **named)
        raise Crashed

    patches.setattr(kind, step, crashing)


async def test_asking_again_with_the_same_request_asks_once(replicas: Replicas, desk: Verifying) -> None:
    guest, stamp = await a_guest(replicas), replicas.stamp()
    once = await desk.start(guest, ANNAS, language="", stamp=stamp)
    replicas.clock.move(seconds=5)
    again = await desk_of(replicas, 1).start(guest, ANNAS, language="", stamp=stamp)
    assert again == replace(once, replayed=True)
    assert (await replicas.announced(guest)).count("verification_requested") == 1


async def test_a_start_that_crashed_goes_on_with_the_same_code(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest, stamp, desk = await a_guest(replicas), replicas.stamp(), desk_of(replicas, 0)
    with monkeypatch.context() as patches:
        patches.setattr(type(desk.records), "run", _crash)
        with pytest.raises(Crashed):
            await desk.start(guest, ANNAS, language="", stamp=stamp)
    replicas.clock.move(seconds=5)
    again = await desk_of(replicas, 1).start(guest, ANNAS, language="", stamp=stamp)
    assert (await desk.to_deliver(guest, again.verification_id)).expire_time == again.expire_time
    document = await replicas.database["code_limits"].find_one({"_id": f"customer:{guest}"})
    assert document is not None
    assert len(document["slots"]) == 1


async def _crash(*_given: object, **_named: object) -> object:
    raise Crashed


async def test_three_codes_an_hour_go_to_an_address_whoever_asks(replicas: Replicas, desk: Verifying) -> None:
    guests = [await a_guest(replicas, f"laptop{number}") for number in range(4)]
    for guest in guests[:3]:
        await started(replicas, desk, guest)
        replicas.clock.move(minutes=1)
    reason, told = await reason_of(started(replicas, desk, guests[3]))
    assert reason == "VERIFICATION_LIMIT"
    assert told["retry_time"] == "2026-03-01T13:00:00.000Z"
    assert await replicas.database["verifications"].count_documents({"customer_id": guests[3]}) == 0
    assert await replicas.database["code_limits"].count_documents({"customer_id": guests[3], "slots": {"$ne": []}}) == 0
    replicas.clock.move(minutes=57)
    await started(replicas, desk, guests[3])


async def test_five_codes_an_hour_are_for_one_customer(replicas: Replicas, desk: Verifying) -> None:
    guest = await a_guest(replicas)
    for number in range(5):
        await started(replicas, desk, guest, email(f"anna{number}@example.com"))
    reason, _ = await reason_of(started(replicas, desk, guest, email("anna5@example.com")))
    assert reason == "VERIFICATION_LIMIT"
    replicas.clock.move(minutes=60)
    await started(replicas, desk, guest, email("anna5@example.com"))


async def test_of_many_who_ask_at_once_no_more_get_a_code_than_are_allowed(replicas: Replicas) -> None:
    guests = [await a_guest(replicas, f"laptop{number}") for number in range(8)]
    done = await asyncio.gather(
        *(started(replicas, desk_of(replicas, number % 2), guest) for number, guest in enumerate(guests)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Started) for one in done) <= MOST_PER_ADDRESS
    assert await replicas.database["verifications"].count_documents({}) <= MOST_PER_ADDRESS


async def test_no_code_goes_to_a_phone_a_card_or_nobody(replicas: Replicas, desk: Verifying) -> None:
    guest = await a_guest(replicas)
    for identifier in (phone("+41446681800"), card("4711"), cookie("laptop"), email("noreply@example.com")):
        assert (await reason_of(started(replicas, desk, guest, identifier)))[0] == "VERIFICATION_NOT_POSSIBLE"
    assert await replicas.announced(guest) == ["customer_created", "identifiers_linked"]


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


async def test_what_is_announced_has_neither_code_nor_address(replicas: Replicas, desk: Verifying) -> None:
    guest = await a_guest(replicas)
    start = await started(replicas, desk, guest)
    event = (await replicas.events(guest))[-1]
    assert event.verification_requested.verification_id == start.verification_id
    raw = event.SerializeToString()
    assert RIGHT.encode() not in raw
    assert b"anna" not in raw


def test_codes_are_six_digits_and_differ() -> None:
    codes = {new_code() for _ in range(100)}
    assert len(codes) > 90
    assert all(len(code) == 6 and code.isascii() and code.isdigit() for code in codes)


@given(st.lists(st.integers(0, 40), max_size=60), st.sampled_from([MOST_PER_ADDRESS, MOST_PER_CUSTOMER]))
def test_in_no_hour_are_more_codes_given_than_the_limit(pauses: list[int], most: int) -> None:
    slots: tuple[Slot, ...] = ()
    given_at = []
    now = NOW
    for number, minutes in enumerate(pauses):
        now += timedelta(minutes=minutes)
        after = with_slot(slots, Slot(f"ver_{number}", now), most=most)
        if isinstance(after, tuple):
            slots = after
            given_at.append(now)
        else:
            assert now < after <= now + LIMIT_WINDOW
            assert isinstance(with_slot(slots, Slot("later", after), most=most), tuple)
    for moment in given_at:
        assert sum(moment - LIMIT_WINDOW < one <= moment for one in given_at) <= most
