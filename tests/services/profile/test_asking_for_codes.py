"""Asking for a one-time code: who gets one, how often, and that nobody learns who has an address."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.one_time_codes import Slot, new_code, with_slot
from services.profile.verification import (
    LIMIT_WINDOW,
    MOST_PER_ADDRESS,
    MOST_PER_CUSTOMER,
)
from services.profile.verifying import Started, Verifying
from tests.services.profile.crashing import Crash, crash
from tests.services.profile.people import NOW, card, cookie, email, phone
from tests.services.profile.replicas import Replicas
from tests.services.profile.verification_desk import (
    ANNAS,
    RIGHT,
    a_guest,
    anna,
    desk_of,
    reason_of,
    started,
)


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
        patches.setattr(type(desk.records), "run", crash)
        with pytest.raises(Crash):
            await desk.start(guest, ANNAS, language="", stamp=stamp)
    replicas.clock.move(seconds=5)
    again = await desk_of(replicas, 1).start(guest, ANNAS, language="", stamp=stamp)
    assert (await desk.to_deliver(guest, again.verification_id)).expire_time == again.expire_time
    document = await replicas.database["code_limits"].find_one({"_id": f"customer:{guest}"})
    assert document is not None
    assert len(document["slots"]) == 1


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
        after = with_slot(slots, Slot(f"ver_{number}", now), most=most, window=LIMIT_WINDOW)
        if isinstance(after, tuple):
            slots = after
            given_at.append(now)
        else:
            assert now < after <= now + LIMIT_WINDOW
            assert isinstance(with_slot(slots, Slot("later", after), most=most, window=LIMIT_WINDOW), tuple)
    for moment in given_at:
        assert sum(moment - LIMIT_WINDOW < one <= moment for one in given_at) <= most
