"""What waits is bounded, each customer once; what is under way for one caller serves all."""

import asyncio
from datetime import timedelta

import pytest

from libs.events.flights import Flights, TooManyFlights
from libs.events.pauses import growing_pause
from libs.events.waiting import Waiting


async def test_a_customer_waits_once_and_in_order() -> None:
    waiting = Waiting()
    waiting.add(["anna", "berta", "anna", "clara"])
    assert await waiting.take(2) == ["anna", "berta"]
    assert await waiting.take(2) == ["clara"]


async def test_what_does_not_fit_is_left_out() -> None:
    waiting = Waiting(most=2)
    waiting.add(["anna", "berta", "clara"])
    assert await waiting.take(10) == ["anna", "berta"]


async def test_all_is_done_when_the_worker_asks_for_more() -> None:
    waiting = Waiting()
    waiting.add(["anna"])
    assert await waiting.take(10) == ["anna"]
    done = asyncio.ensure_future(waiting.all_done())
    await asyncio.sleep(0)
    assert not done.done()
    worker = asyncio.ensure_future(waiting.take(10))
    await done
    worker.cancel()


async def test_a_flight_goes_on_when_whoever_began_it_leaves() -> None:
    flights: Flights[str, int] = Flights(most=1, timeout_seconds=60)
    land = asyncio.Event()

    async def fly() -> int:
        await land.wait()
        return 7

    first = asyncio.ensure_future(flights.join("anna", fly))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(flights.join("anna", fly))
    await asyncio.sleep(0)
    with pytest.raises(TooManyFlights):
        await flights.join("berta", fly)
    first.cancel()
    land.set()
    assert await second == 7


def test_pauses_double_up_to_the_longest() -> None:
    pauses = [
        growing_pause(attempts, first=timedelta(seconds=1), most=timedelta(seconds=10)).total_seconds()
        for attempts in (1, 2, 3, 4, 5, 1000)
    ]
    assert pauses == [1, 2, 4, 8, 10, 10]
