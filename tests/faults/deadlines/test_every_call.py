"""Every method of every service with a deadline: no query and no call behind it carries more, and none comes after it.

What is asked of MongoDB, of other services and of Kafka is seen at the drivers and where it arrives, and compared with
the time that the test itself gave the call.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import grpc
import pytest

from tests.faults.deadlines.asking import Asked, ask_all, ask_honestly, ask_prepared, unary
from tests.faults.deadlines.open import Seen, open_seen
from tests.faults.results import note
from tests.faults.retries.calls import SEEDS
from tests.faults.retries.patience import until
from tests.faults.seeds import chance, seed, share
from tests.hostile.contract import AREAS
from tests.hostile.furnished import furnish
from tests.proxies.strikes import Fault, Point

pytestmark = pytest.mark.timeout(1200)

DEADLINE_SECONDS = 8.0
"""Less than the 10 s that a command may take where nothing says less."""
SHORT_SECONDS = 0.4
SLOW_SECONDS = 0.15
"""What each command takes where the time is to run out in the midst of work."""
AT_ONCE = 4
MOST_LATE_SECONDS = 1.0
ALWAYS = 10**9


@pytest.fixture(scope="module")
async def seen(
    mongo_uri: str, kafka_bootstrap: str, new_prefix: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Seen]:
    state = tmp_path_factory.mktemp("deadlines")
    async with open_seen(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=new_prefix(), state=state
    ) as opened:
        yield opened


async def test_no_query_and_no_call_behind_any_method_may_take_longer_than_its_caller_waits(seen: Seen) -> None:
    async def all_of(service: str) -> list[Asked]:
        return [asked async for asked in ask_all(seen, service, seconds=DEADLINE_SECONDS)]

    asked = [one for many in await asyncio.gather(*(all_of(service) for service in AREAS)) for one in many]
    tell(asked, "every method", wanted=sum(len(unary(service)) for service in AREAS))
    assert any(one.watched.calls for one in asked)
    for service in AREAS:
        assert any(one.watched.commands for one in asked if one.path in {rpc.path for rpc in unary(service)})


async def test_no_query_and_no_call_of_a_change_that_is_made_may_take_longer_than_its_caller_waits(seen: Seen) -> None:
    names = chance("deadlines").sample(sorted(SEEDS), max(5, round(len(SEEDS) * share())))
    asked = [await ask_prepared(seen, name, seconds=DEADLINE_SECONDS) for name in names]
    tell(asked, "changes that were made", wanted=len(names))
    assert [one.path for one in asked if not one.watched.commands] == []


async def test_nothing_is_begun_for_a_caller_who_waits_no_longer(seen: Seen) -> None:
    async def all_of(service: str) -> list[Asked]:
        furnished, turn = await furnish(seen.furnishable, service), asyncio.Semaphore(AT_ONCE)

        async def one_of(place: int) -> Asked:
            async with turn:
                return await ask_honestly(seen, unary(service)[place], furnished, seconds=SHORT_SECONDS)

        armed.append(seen.house.mongo[service].arm(slow, matching=lambda _: True, times=ALWAYS))
        return await asyncio.gather(*(one_of(place) for place in range(len(unary(service)))))

    slow, armed = Fault(Point.BEFORE, hook=lambda: asyncio.sleep(SLOW_SECONDS), goes_on=True), list[object]()
    try:
        asked = [one for many in await asyncio.gather(*(all_of(service) for service in AREAS)) for one in many]
    finally:
        for proxy in seen.house.mongo.values():
            proxy.disarm()
    ran_out = [one for one in asked if one.code is grpc.StatusCode.DEADLINE_EXCEEDED]
    late = [line for one in asked for line in one.watched.late]
    note(
        "deadlines",
        seed=seed(),
        done=len(asked),
        wanted="nothing begun after the deadline",
        found=f"{len(late)} commands and calls begun late for {len(asked)} methods, of which {len(ran_out)} ran out "
        f"of time; {late[:5]}",
        ok=not late and len(ran_out) > len(asked) / 10,
    )


async def test_no_call_waits_for_an_event_to_be_published(seen: Seen) -> None:
    before = seen.witness.published

    async def published() -> bool:
        return seen.witness.published > before

    await seen.furnishable.new_customer()
    await until(published)
    within = seen.witness.published_in_a_call
    note(
        "deadlines",
        seed=seed(),
        done=seen.witness.published,
        wanted="no event published within a call",
        found=f"{len(within)} of {seen.witness.published} {within[:3]}",
        ok=not within,
    )


def tell(asked: Sequence[Asked], of_what: str, *, wanted: int) -> None:
    commands, calls = (sum(getattr(one.watched, what) for one in asked) for what in ("commands", "calls"))
    over = [line for one in asked for line in one.watched.over + one.watched.late]
    reached = sum(one.watched.commands > 0 for one in asked)
    done = sum(one.code is grpc.StatusCode.OK for one in asked)
    note(
        "deadlines",
        seed=seed(),
        done=len(asked),
        wanted="0 commands and calls beyond the remaining deadline",
        found=f"{of_what}: {len(over)} of {commands} commands and {calls} calls for {len(asked)} methods, of which "
        f"{reached} reached the database and {done} were answered well; {over[:5]}",
        ok=len(asked) == wanted and commands > 0 and not over,
    )
