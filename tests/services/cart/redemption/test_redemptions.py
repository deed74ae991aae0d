"""What counts only so often: codes, and offers with a limit, whoever asks at the same moment."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from libs.errors import OmnithreadError
from services.cart.offers.values import CodeRule
from services.cart.redemption.code_tries import MOST_TRIES, CodeTries
from services.cart.redemption.codes import normal_code
from services.cart.redemption.operations import is_reserved
from tests.services.cart.till_drawer import Drawer, drawer_at, offers_of, price_with, terms

OFFERS = offers_of(
    welcome=terms(CodeRule.SINGLE_USE),
    spring=terms(CodeRule.SHARED, shared_code="SPRING"),
    early=terms(most=3),
    always=terms(),
)


@pytest.fixture
async def drawer(mongo_uri: str, unique_prefix: str) -> AsyncIterator[Drawer]:
    async with drawer_at(mongo_uri, unique_prefix) as drawer:
        yield drawer


def test_a_code_is_the_same_however_it_is_written() -> None:
    assert {normal_code(text) for text in ("ab-12 cd", "AB12CD", " a b-1\t2CD")} == {"AB12CD"}


async def test_a_code_goes_to_one_of_two_orders_and_to_nobody_else_once_that_is_placed(drawer: Drawer) -> None:
    await drawer.one.codes.claim(["A1", "B2"], "welcome")
    price = price_with(welcome="A1")
    tries = await asyncio.gather(
        drawer.one.reserve(price, OFFERS, order_id="ord_1", customer_id="cus_1"),
        drawer.other.reserve(price, OFFERS, order_id="ord_2", customer_id="cus_2"),
        return_exceptions=True,
    )
    lost = [error.reason for error in tries if isinstance(error, OmnithreadError)]
    assert lost == ["OFFER_CODE_USED"]
    winner = "ord_1" if tries[0] is None else "ord_2"
    found = await drawer.one.codes.look_up(["a-1", "b2", "c3", "spring"], OFFERS)
    assert found.usable == {"B2": "welcome", "SPRING": "spring"}
    assert (found.used, found.unknown) == ({"A1": "welcome"}, ("C3",))
    again = await drawer.other.codes.look_up(["A1"], OFFERS, for_order_id=winner)
    assert again.usable == {"A1": "welcome"}, "a retry of the same order goes on with what it reserved"

    await drawer.one.confirm(winner, price)
    await drawer.other.confirm(winner, price)
    await drawer.other.release(winner)
    assert await drawer.states() == {"A1": "redeemed", "B2": "free"}
    assert (await drawer.one.codes.look_up(["A1"], OFFERS, for_order_id=winner)).used == {"A1": "welcome"}


async def test_a_code_for_one_order_opens_nothing_while_its_offer_has_a_shared_one(drawer: Drawer) -> None:
    await drawer.one.codes.claim(["OLD1"], "spring")
    found = await drawer.one.codes.look_up(["old-1", "spring"], OFFERS)
    assert (found.usable, found.ended, found.used) == ({"SPRING": "spring"}, {"OLD1": "spring"}, {})


async def test_what_an_order_reserved_and_did_not_count_in_the_end_is_given_back(drawer: Drawer) -> None:
    await drawer.one.codes.claim(["A1", "B2"], "welcome")
    await drawer.one.reserve(price_with(welcome="A1", early=""), OFFERS, order_id="ord_1", customer_id="cus_1")
    await drawer.one.reserve(price_with(welcome="B2"), OFFERS, order_id="ord_1", customer_id="cus_1")
    await drawer.one.confirm("ord_1", price_with(welcome="B2"))
    assert await drawer.states() == {"A1": "free", "B2": "redeemed"}
    assert await drawer.one.counters.taken(["early"]) == {"early": 0}


async def test_an_offer_for_three_is_had_by_three_of_thirty(drawer: Drawer) -> None:
    async def order(number: int) -> str:
        replica = drawer.one if number % 2 else drawer.other
        price = price_with(early="", always="")
        try:
            await replica.reserve(price, OFFERS, order_id=f"ord_{number}", customer_id=f"cus_{number}")
        except OmnithreadError as error:
            return error.reason
        return ""

    first = await asyncio.gather(*(order(number) for number in range(30)))
    assert sorted(first) == ["", "", "", *["OFFER_USED_UP"] * 27]
    again = await asyncio.gather(*(order(number) for number in range(30)))
    assert again == first, "sent again, each counts once"
    winners = [f"ord_{number}" for number, reason in enumerate(first) if not reason]
    assert await drawer.one.used_up(OFFERS) == {"early"}
    assert await drawer.one.used_up(OFFERS, for_order_id=winners[0]) == set()

    await drawer.one.confirm(winners[0], price_with(early=""))
    await drawer.one.release(winners[1])
    await drawer.other.release(winners[1])
    assert await drawer.one.counters.taken(["early"]) == {"early": 2}
    await drawer.one.reserve(price_with(early=""), OFFERS, order_id="ord_late", customer_id="cus_late")
    assert await drawer.one.used_up(OFFERS) == {"early"}


async def test_a_second_try_that_comes_when_the_order_is_placed_takes_no_second_place(drawer: Drawer) -> None:
    price = price_with(early="")
    await drawer.one.reserve(price, OFFERS, order_id="ord_1", customer_id="cus_1")
    await drawer.one.confirm("ord_1", price)
    await drawer.other.reserve(price, OFFERS, order_id="ord_1", customer_id="cus_1")
    await drawer.other.confirm("ord_1", price)
    assert await drawer.one.counters.taken(["early"]) == {"early": 1}
    assert not await drawer.one.is_anything_reserved("ord_1")

    await drawer.one.reserve(price, OFFERS, order_id="ord_2", customer_id="cus_2")
    await drawer.one.release("ord_2")
    await drawer.one.reserve(price, OFFERS, order_id="ord_2", customer_id="cus_2")
    assert await drawer.one.counters.taken(["early"]) == {"early": 2}, "one that was given back can be had again"


async def test_only_what_has_a_limit_is_reserved() -> None:
    assert not is_reserved(price_with(always="", spring="SPRING"), OFFERS)
    assert is_reserved(price_with(early=""), OFFERS)
    assert is_reserved(price_with(welcome="A1"), OFFERS)


async def test_only_reservations_that_are_old_enough_are_looked_at_again(drawer: Drawer) -> None:
    await drawer.one.codes.claim(["A1", "B2"], "welcome")
    await drawer.one.reserve(price_with(welcome="A1", early=""), OFFERS, order_id="ord_1", customer_id="cus_1")
    drawer.clock.move(seconds=50)
    await drawer.one.reserve(price_with(welcome="B2", early=""), OFFERS, order_id="ord_2", customer_id="cus_2")
    drawer.clock.move(seconds=20)
    overdue = await drawer.other.overdue(drawer.clock() - timedelta(seconds=60), 10)
    assert [(one.order_id, one.customer_id) for one in overdue] == [("ord_1", "cus_1")]
    await drawer.one.release("ord_1")
    assert await drawer.one.overdue(drawer.clock() - timedelta(seconds=60), 10) == []


async def test_a_code_belongs_to_one_offer(drawer: Drawer) -> None:
    await drawer.one.codes.claim(["A1"], "welcome")
    await drawer.one.codes.claim(["A1", "B2"], "welcome")
    await drawer.one.codes.claim(["SUMMER"], "summer", shared=True)
    for codes, offer_id, shared in ((["C3", "A1"], "early", False), (["A1"], "welcome", True), (["SUMMER"], "x", True)):
        with pytest.raises(OmnithreadError) as refused:
            await drawer.other.codes.claim(codes, offer_id, shared=shared)
        assert refused.value.reason == "OFFER_CODE_TAKEN"
    assert sorted(await drawer.states()) == ["A1", "B2", "SUMMER"]
    assert (await drawer.one.codes.look_up(["summer"], OFFERS)).ended == {"SUMMER": "summer"}


async def test_ten_unknown_codes_are_tried_in_a_quarter_of_an_hour_also_all_at_once(drawer: Drawer) -> None:
    one, other = (CodeTries(drawer.database, clock=drawer.clock) for _ in range(2))
    for _ in range(20):
        await one.give_back("cus_1", "web-shop", await one.take("cus_1", "web-shop"))
    tries = await asyncio.gather(
        *((one, other)[number % 2].take("cus_1", "web-shop") for number in range(30)), return_exceptions=True
    )
    assert sum(1 for outcome in tries if not isinstance(outcome, OmnithreadError)) == MOST_TRIES
    assert {error.reason for error in tries if isinstance(error, OmnithreadError)} <= {
        "OFFER_TRIES_EXCEEDED",
        "CONFLICT",
    }
    await other.take("cus_1", "app")
    await other.take("cus_2", "web-shop")
    with pytest.raises(OmnithreadError) as refused:
        await one.take("cus_1", "web-shop")
    assert refused.value.metadata == {"retry_time": "2026-03-14T12:15:00.000Z"}
    drawer.clock.move(minutes=15)
    await one.take("cus_1", "web-shop")
