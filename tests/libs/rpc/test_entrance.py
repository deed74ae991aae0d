"""At a door with more before it than it can let in: most are told to come again, and nothing of theirs is looked at."""

import asyncio
import time

import grpc

from deploy.local.keys import Keys
from libs.clock import system_clock
from libs.rpc.admission import Admission
from libs.rpc.limit import Limit, LimitBounds
from libs.rpc.quotas import Allowance, Quotas
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest, GetCartResponse
from tests.libs.rpc.opened_door import ASK, OpenedDoor, as_channel, opened_door, refused

LEAST = LimitBounds(least=8, first=8, most=8)


def working(door: OpenedDoor, seconds: float) -> list[int]:
    """Let each call take so long, and note how many are answered at once."""
    at_once, together = 0, list[int]()

    async def work(_request: GetCartRequest) -> GetCartResponse:
        nonlocal at_once
        at_once += 1
        together.append(at_once)
        try:
            await asyncio.sleep(seconds)
        finally:
            at_once -= 1
        return GetCartResponse()

    door.will(work)
    return together


async def test_a_burst_is_answered_with_never_more_at_once_than_may_be(keys: Keys) -> None:
    async with opened_door(keys, admission=Admission(limit=Limit(LEAST))) as door:
        together = working(door, 0.005)
        answers = await asyncio.gather(*(door.ask() for _ in range(30)))
    assert len(answers) == 30
    assert max(together) <= 7  # of eight slots, less what is kept for what must not fail


async def test_who_is_turned_away_is_told_so_and_leaves_no_span(keys: Keys) -> None:
    shed: list[str] = []
    admission = Admission(limit=Limit(LEAST), on_shed=shed.append)
    async with opened_door(keys, admission=admission) as door:
        working(door, 2.0)
        held = [asyncio.create_task(door.ask()) for _ in range(7)]
        while admission.in_flight < 7:
            await asyncio.sleep(0.01)
        refusals = await asyncio.gather(*(refused(door.ask()) for _ in range(20)))
        await asyncio.gather(*held)
        spans = [span for span in door.spans.get_finished_spans() if span.name.endswith("GetCart")]
        counted = door.counted("RESOURCE_EXHAUSTED")
    assert {(refusal.code, refusal.reason, refusal.domain) for refusal in refusals} == {
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", "cart.omnithread")
    }
    assert (len(shed), counted, len(spans)) == (20, 20, 7)


async def test_while_the_overload_lasts_they_are_told_at_once(keys: Keys) -> None:
    admission = Admission(limit=Limit(LEAST))
    async with opened_door(keys, admission=admission) as door:
        working(door, 3.0)
        held = [asyncio.create_task(door.ask()) for _ in range(7)]
        while admission.in_flight < 7:
            await asyncio.sleep(0.01)
        took = []
        for _ in range(12):  # each comes while the one before is hardly gone
            began = time.monotonic()
            await refused(door.ask())
            took.append(time.monotonic() - began)
        await asyncio.gather(*held)
    assert min(took[-6:]) < 0.1 < took[0]


async def test_a_channel_that_floods_is_turned_away_and_another_is_served(keys: Keys) -> None:
    quotas = Quotas(usual=Allowance(calls_per_second=0.001, burst=5), own=dict, clock=system_clock)
    async with opened_door(keys, quotas=quotas) as door:
        answers = await asyncio.gather(*(door.ask() for _ in range(20)), return_exceptions=True)
        assert sum(isinstance(answer, GetCartResponse) for answer in answers) == 5
        assert (await door.refusal()).reason == "RATE_LIMITED"
        await door.stub.GetCart(ASK, metadata=as_channel(keys, "store-042"), timeout=20)


async def test_calls_of_one_method_are_taken_in_side_by_side(keys: Keys) -> None:
    async with opened_door(keys) as door:
        assert door.server.takes_in_side_by_side
