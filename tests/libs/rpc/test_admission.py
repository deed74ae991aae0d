"""When there is more to do than can be done, the less important is turned away first."""

import asyncio
from collections import Counter
from collections.abc import Coroutine

import pytest
from google.rpc.error_details_pb2 import RetryInfo

from libs.errors import OmnithreadError
from libs.rpc import admission as rules
from libs.rpc.admission import Admission
from libs.rpc.importance import Importance, importance_of
from libs.rpc.limit import Limit, LimitBounds
from libs.rpc.slots import Slot

BULK, NORMAL, URGENT = Importance.BULK, Importance.NORMAL, Importance.URGENT


class Entrance:
    """An entrance with a clock that stands still, and a limit that stays."""

    def __init__(self, limit: int = 20) -> None:
        self.now = 100.0
        self.shed: Counter[str] = Counter()
        bounds = LimitBounds(least=limit, first=limit, most=limit)
        self.admission = Admission(limit=Limit(bounds), on_shed=self.count, now=lambda: self.now)

    def count(self, importance: str) -> None:
        self.shed[importance] += 1

    async def fill(self, importance: Importance, count: int) -> list[Slot]:
        return [await self.admission.enter("m", importance) for _ in range(count)]

    async def overload(self, importance: Importance) -> None:
        """Let calls find no slot for longer than an overload takes to be one that lasts."""
        for _ in range(12):
            self.admission.is_closed(importance)
            self.now += 0.1


async def test_bulk_work_gets_half_everyday_calls_most_and_urgent_ones_all() -> None:
    entrance = Entrance(limit=20)
    for importance, most in ((BULK, 10), (NORMAL, 17), (URGENT, 20)):
        await entrance.fill(importance, most - entrance.admission.in_flight)
        await entrance.overload(importance)
        assert entrance.admission.is_closed(importance) is (importance is not URGENT)
    assert not entrance.shed  # being asked turns nobody away


async def test_no_bulk_work_is_let_in_where_an_everyday_call_found_no_slot_a_moment_ago() -> None:
    entrance = Entrance(limit=20)
    held = await entrance.fill(NORMAL, 17)
    await entrance.overload(NORMAL)
    for _ in range(17):
        entrance.admission.leave(held.pop(), counts=False)
    assert entrance.admission.is_closed(BULK) is False  # it may wait for its turn, and has it when everyday ones had
    waiting = asyncio.create_task(entrance.admission.enter("m", BULK))
    for _ in range(3):
        await asyncio.sleep(0)
        entrance.admission.beat(0.0)
    assert not waiting.done()
    assert not entrance.admission.is_closed(NORMAL)
    entrance.now += rules.CALM_SECONDS + 0.01
    entrance.admission.beat(0.0)
    await asyncio.wait_for(waiting, 1)


@pytest.mark.parametrize("importance", [NORMAL, URGENT])
async def test_what_nobody_waits_for_waits_while_calls_find_no_slot_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, importance: Importance
) -> None:
    monkeypatch.setattr(rules, "LOOK_SECONDS", 0.001)
    entrance = Entrance(limit=20)
    await entrance.fill(importance, 20 if importance is URGENT else 17)
    assert await done_at_once(entrance.admission.calm())
    await entrance.overload(importance)
    assert not await done_at_once(entrance.admission.calm())
    entrance.now += rules.CALM_SECONDS + 0.01
    assert await done_at_once(entrance.admission.calm())
    entrance.admission.is_closed(importance)
    await asyncio.wait_for(entrance.admission.calm(), 60)  # though the clock stands still, and the overload goes on


async def done_at_once(waiting: Coroutine[None, None, None]) -> bool:
    task = asyncio.create_task(waiting)
    await asyncio.sleep(0)
    is_done = task.done()
    task.cancel()
    return is_done


async def test_a_burst_is_taken_in_as_slots_become_free() -> None:
    entrance = Entrance(limit=20)
    held = await entrance.fill(NORMAL, 17)
    waiting = [asyncio.create_task(entrance.admission.enter("m", NORMAL)) for _ in range(30)]
    await asyncio.sleep(0)
    while held:
        entrance.admission.leave(held.pop(), counts=False)
        await asyncio.sleep(0)
        held += [task.result() for task in waiting if task.done()]
        waiting = [task for task in waiting if not task.done()]
    assert not waiting
    assert entrance.admission.in_flight == 0
    assert not entrance.shed


async def test_who_must_not_fail_is_called_first() -> None:
    entrance = Entrance(limit=20)
    await entrance.fill(NORMAL, 2)  # what is left to everyday calls is taken
    held = await entrance.fill(URGENT, 18)
    order: list[Importance] = []

    async def come(importance: Importance) -> None:
        await entrance.admission.enter("m", importance)
        order.append(importance)

    coming = [asyncio.create_task(come(importance)) for importance in (BULK, NORMAL, URGENT, NORMAL, URGENT)]
    await asyncio.sleep(0)
    for slot in held:
        entrance.admission.leave(slot, counts=False)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    entrance.now += rules.CALM_SECONDS + 0.01
    entrance.admission.beat(0.0)
    await asyncio.gather(*coming)
    assert order == [URGENT, URGENT, NORMAL, NORMAL, BULK]


async def test_while_an_overload_lasts_nobody_waits_and_each_is_told_when_to_come_again() -> None:
    entrance = Entrance(limit=20)
    await entrance.fill(NORMAL, 17)
    await entrance.overload(NORMAL)
    with pytest.raises(OmnithreadError) as turned_away:
        await entrance.admission.enter("m", NORMAL)
    assert turned_away.value.reason == "OVERLOADED"
    [told] = turned_away.value.details
    assert isinstance(told, RetryInfo)
    assert told.retry_delay.ToMilliseconds() == 2000
    assert entrance.shed == {"NORMAL": 1}


async def test_an_overload_is_over_after_a_pause() -> None:
    entrance = Entrance(limit=20)
    await entrance.fill(NORMAL, 17)
    await entrance.overload(NORMAL)
    entrance.now += 1
    assert not entrance.admission.is_closed(NORMAL)


async def test_nobody_waits_longer_than_half_of_the_time_that_the_caller_has() -> None:
    entrance = Entrance(limit=20)
    await entrance.fill(URGENT, 20)
    loop = asyncio.get_running_loop()
    started = loop.time()
    with pytest.raises(OmnithreadError, match="OVERLOADED"):
        await entrance.admission.enter("m", URGENT, remaining_seconds=0.02)
    assert loop.time() - started < rules.WAIT_SECONDS
    assert entrance.admission.in_flight == 20


async def test_who_goes_away_while_waiting_leaves_no_trace() -> None:
    entrance = Entrance(limit=20)
    held = await entrance.fill(URGENT, 20)
    gone, staying = (asyncio.create_task(entrance.admission.enter("m", URGENT)) for _ in range(2))
    await asyncio.sleep(0)
    entrance.admission.leave(held.pop(), counts=False)
    gone.cancel()  # in the very moment in which it was called
    await asyncio.wait({gone})
    await staying
    assert entrance.admission.in_flight == 20


async def test_one_channel_cannot_crowd_out_the_others() -> None:
    entrance = Entrance(limit=20)
    others = await entrance.fill(NORMAL, 1)
    assert entrance.admission.claim(others[0], "store-042") is None
    refused = [entrance.admission.claim(slot, "web-shop") for slot in await entrance.fill(NORMAL, 16)]
    told = [refusal.reason for refusal in refused if refusal is not None]
    assert told == ["OVERLOADED"] * 6  # half of the slots, ten, are its own


async def test_a_channel_alone_has_what_there_is() -> None:
    entrance = Entrance(limit=20)
    slots = await entrance.fill(NORMAL, 17)
    assert [entrance.admission.claim(slot, "web-shop") for slot in slots] == [None] * 17


async def test_who_floods_leaves_room_to_one_who_called_a_moment_ago() -> None:
    entrance = Entrance(limit=20)
    [gone] = await entrance.fill(NORMAL, 1)
    entrance.admission.claim(gone, "store-042")
    entrance.admission.leave(gone, counts=False)

    async def flood() -> None:
        for _ in range(100):
            if entrance.admission.in_flight < 17:
                [slot] = await entrance.fill(NORMAL, 1)
                if entrance.admission.claim(slot, "web-shop") is not None:
                    entrance.admission.leave(slot, counts=False)

    await flood()
    assert entrance.admission.in_flight == 15  # three quarters
    entrance.now += rules.OTHERS_SECONDS
    await flood()
    assert entrance.admission.in_flight == 17


async def test_what_must_not_fail_is_never_refused_for_how_busy_its_channel_is() -> None:
    entrance = Entrance(limit=20)
    for slot in [*await entrance.fill(NORMAL, 1), *await entrance.fill(NORMAL, 15)]:
        entrance.admission.claim(slot, "web-shop" if slot.beside > 1 else "store-042")
    [read], [opt_out] = await entrance.fill(NORMAL, 1), await entrance.fill(URGENT, 1)
    assert entrance.admission.claim(opt_out, "web-shop") is None
    assert entrance.admission.claim(read, "web-shop") is not None
    assert set(entrance.shed) == {"NORMAL"}


async def test_who_crowds_out_others_with_bulk_work_is_counted_as_that() -> None:
    entrance = Entrance(limit=20)
    bulk = await entrance.fill(BULK, 10)
    others = await entrance.fill(URGENT, 6)
    for slot in bulk[1:]:
        entrance.admission.claim(slot, "web-shop")
    for slot in others:
        entrance.admission.claim(slot, "store-042")
    entrance.admission.claim((await entrance.fill(URGENT, 1))[0], "web-shop")
    assert entrance.admission.claim(bulk[0], "web-shop") is not None
    assert entrance.shed == {"BULK": 1}


async def test_however_many_urgent_calls_there_are_some_everyday_ones_are_served() -> None:
    entrance = Entrance(limit=20)
    await entrance.overload(NORMAL)
    await entrance.fill(URGENT, 18)
    with pytest.raises(OmnithreadError, match="OVERLOADED"):
        await entrance.admission.enter("m", URGENT, remaining_seconds=0.02)
    assert not entrance.admission.is_closed(NORMAL)
    read, another = await entrance.fill(NORMAL, 2)
    await entrance.overload(NORMAL)
    assert entrance.admission.is_closed(NORMAL)
    entrance.admission.leave(read, counts=False)
    entrance.admission.leave(another, counts=False)
    assert not entrance.admission.is_closed(NORMAL)


async def test_where_no_everyday_calls_come_urgent_ones_have_all() -> None:
    entrance = Entrance(limit=20)
    await entrance.overload(NORMAL)
    entrance.now += rules.WANTED_SECONDS
    assert len(await entrance.fill(URGENT, 20)) == 20


async def test_a_small_process_leaves_one_place_to_everyday_calls() -> None:
    entrance = Entrance(limit=8)
    await entrance.overload(NORMAL)
    await entrance.fill(URGENT, 7)
    assert not entrance.admission.is_closed(NORMAL)


async def test_who_waits_for_another_service_for_a_while_takes_nobodys_place() -> None:
    entrance = Entrance(limit=20)
    slots = await entrance.fill(NORMAL, 17)
    for slot in slots:
        entrance.admission.claim(slot, "web-shop")
        slot.asks()
    entrance.now += 1
    waiting = asyncio.create_task(entrance.admission.enter("m", NORMAL))
    await asyncio.sleep(0)
    entrance.admission.beat(0.0)
    others = [await waiting, *await entrance.fill(NORMAL, 16)]
    assert entrance.admission.in_flight == 34
    assert [entrance.admission.claim(slot, "web-shop") for slot in others[:10]] == [None] * 10
    slots[0].answered()
    slots[1].asks()  # it asks two at once, and one answers
    slots[1].answered()
    for slot in (*slots, *others):
        entrance.admission.leave(slot, counts=True)
    assert entrance.admission.in_flight == 0
    slots[2].answered()  # work that it has left behind
    assert len(await entrance.fill(NORMAL, 17)) == 17
    assert entrance.admission.in_flight == 17


async def test_while_our_own_loop_is_late_all_count_who_wait() -> None:
    entrance = Entrance(limit=20)
    for slot in await entrance.fill(NORMAL, 17):
        slot.asks()
    entrance.now += 1
    entrance.admission.beat(0.0)
    await entrance.fill(NORMAL, 17)
    for _ in range(5):
        entrance.admission.beat(0.1)
    await entrance.overload(NORMAL)
    assert entrance.admission.is_closed(NORMAL)
    assert entrance.admission.in_flight == 34


async def test_one_slow_service_behind_makes_nobody_be_turned_away() -> None:
    limit, now, shed = Limit(), 100.0, Counter[str]()
    admission = Admission(limit=limit, on_shed=lambda name: shed.update([name]), now=lambda: now)
    under_way: list[tuple[float, Slot]] = []
    for tick in range(60 * 20):  # fifty reads a second for twenty seconds, after a quiet while
        now += 1 / 50
        if tick % 5 == 0 or tick > 200:
            assert not admission.is_closed(NORMAL)
            slot = await admission.enter("read", NORMAL)
            slot.asks()
            under_way.append((now + (3.0 if tick > 200 else 0.02), slot))
        while under_way and under_way[0][0] <= now:
            _, done = under_way.pop(0)
            done.answered()
            admission.leave(done, counts=True)
        if tick % 3 == 0:
            admission.beat(0.0)
    assert not shed
    assert admission.in_flight > 100
    assert limit.value >= 48


async def test_bulk_work_that_runs_waits_until_there_is_room_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "LOOK_SECONDS", 0.001)
    entrance = Entrance(limit=20)
    held = await entrance.fill(NORMAL, 10)
    giving_way = asyncio.create_task(entrance.admission.give_way())
    await asyncio.sleep(0)
    assert not giving_way.done()
    entrance.admission.leave(held[0], counts=False)
    await giving_way
    await entrance.fill(NORMAL, 1)
    await entrance.admission.give_way()


async def test_who_is_called_takes_the_place_at_once() -> None:
    entrance = Entrance(limit=20)
    held = await entrance.fill(URGENT, 20)
    waiting = asyncio.create_task(entrance.admission.enter("m", URGENT))
    await asyncio.sleep(0)
    entrance.admission.leave(held.pop(), counts=False)
    with pytest.raises(OmnithreadError, match="OVERLOADED"):  # one who comes before the other has woken up
        await entrance.admission.enter("m", URGENT, remaining_seconds=0.02)
    await waiting
    assert entrance.admission.in_flight == 20


async def test_those_who_wait_do_not_keep_out_the_more_important(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_WAITING", 5)
    entrance = Entrance(limit=20)
    held = await entrance.fill(URGENT, 20)
    reads = [asyncio.create_task(entrance.admission.enter("m", NORMAL)) for _ in range(6)]
    await asyncio.sleep(0)
    opt_out = asyncio.create_task(entrance.admission.enter("m", URGENT))
    await asyncio.sleep(0)
    for slot in held[:4]:
        entrance.admission.leave(slot, counts=False)
    await opt_out
    for read in reads:
        read.cancel()
    await asyncio.gather(*reads, return_exceptions=True)


@pytest.mark.parametrize(
    ("path", "importance"),
    [
        ("/omnithread.preference.v1.PreferenceService/SetConsent", URGENT),
        ("/omnithread.preference.v1.PreferenceService/GetPreferences", NORMAL),
        ("/omnithread.preference.v1.ConsentService/VerifyConsentChain", BULK),
        ("/omnithread.preference.v1.Nobody/Knows", NORMAL),
    ],
)
def test_the_contract_says_how_important_a_method_is(path: str, importance: Importance) -> None:
    from omnithread.preference.v1 import consent_service_pb2, preference_service_pb2  # noqa: F401, PLC0415  descriptors

    assert importance_of(path) is importance
