"""Customers say no while workers send to them as fast as they can: nothing reaches a provider a second later.

And where preference does not answer, what needs consent waits.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import grpc
import pytest

from libs.mongo.connection import connect, database
from libs.mongo.shapes import RECORDS
from omnithread.common.v1.delivery_pb2 import DeliveryKind
from tests.faults.results import note
from tests.faults.seeds import chance, rounds, seed
from tests.faults.senders import EMAIL, REMINDER, WAYS, Company, Sent, Worker, all_over, company
from tests.services.calls import until
from tests.services.messaging.office import NO, Person, came_to

pytestmark = pytest.mark.timeout(900)

CUSTOMERS = 200
LEAST_CUSTOMERS = 12
AT_ONCE = 24
"""So many are written to at the same time."""
PAUSE_SECONDS = 0.4
LATEST_NO_SECONDS = 2.0
"""After the first message came."""
GO_ON_SECONDS = 2.0
"""So long it is gone on sending after a no."""
SLOWEST_SERVER_SECONDS = 1.5
PROMISED_SECONDS = 1.0
BUSY = frozenset({grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED})


@dataclass(slots=True)
class Told:
    """What one customer got, and when their no was acknowledged."""

    person: Person
    way: DeliveryKind.ValueType
    sent: list[Sent] = field(default_factory=list)
    no_at: float = 0.0


@pytest.fixture
async def one(mongo_uri: str, kafka_bootstrap: str, unique_prefix: str, tmp_path: Path) -> AsyncIterator[Company]:
    async with company(
        workers=2, mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=unique_prefix, state=tmp_path
    ) as one:
        yield one


async def written_to(one: Company, told: Told, worker: Worker, draw: Random) -> None:
    """Send to somebody again and again, also after they said no."""
    if told.way == EMAIL:
        one.post.before_text[told.person.address] = lambda: asyncio.sleep(draw.uniform(0, SLOWEST_SERVER_SECONDS))

    async def say_no() -> None:
        async def got_something() -> bool:
            return one.effects(told.person, told.way) > 0

        await until(got_something)
        await asyncio.sleep(draw.uniform(0, LATEST_NO_SECONDS))
        await one.say(told.person, told.way, NO)
        told.no_at = time.monotonic()

    saying = asyncio.create_task(say_no())
    while not told.no_at or time.monotonic() < told.no_at + GO_ON_SECONDS:
        try:
            told.sent.append((told.person, told.way, REMINDER, await worker.send(told.person, told.way)))
        except grpc.aio.AioRpcError as error:
            if error.code() not in BUSY:
                raise
        await asyncio.sleep(PAUSE_SECONDS)
    await saying


async def test_nothing_is_taken_by_a_provider_more_than_a_second_after_a_no(one: Company) -> None:
    count = max(LEAST_CUSTOMERS, rounds(CUSTOMERS))
    everybody: list[Told] = []
    for first in range(0, count, AT_ONCE):
        ways = [WAYS[number % len(WAYS)] for number in range(first, min(first + AT_ONCE, count))]
        crowd = [Told(await one.person(way), way) for way in ways]
        await asyncio.gather(
            *(
                written_to(one, told, one.workers[place % len(one.workers)], chance("no", first + place))
                for place, told in enumerate(crowd)
            )
        )
        await all_over(one.workers, [sent for told in crowd for sent in told.sent])
        everybody += crowd
    taken = late = 0
    worst = 0.0
    for told in everybody:
        times = one.times(told.person, told.way)
        taken += len(times)
        late += sum(taken_at > told.no_at + PROMISED_SECONDS for taken_at in times)
        worst = max([worst, *(taken_at - told.no_at for taken_at in times)])
    assert taken > 0
    queued = sum(len(told.sent) for told in everybody)
    note(
        "quiet-hours",
        seed=seed(),
        done=count,
        wanted=f"0 taken more than {PROMISED_SECONDS:.0f} s after an opt-out was acknowledged",
        found=f"{late} taken more than {PROMISED_SECONDS:.0f} s after an opt-out; {count} customers, {queued} messages "
        f"to them, {taken} taken, the latest {worst:.2f} s after",
        ok=late == 0,
    )


async def test_what_needs_consent_waits_while_preference_is_frozen_and_a_no_said_meanwhile_holds(
    one: Company, mongo_uri: str
) -> None:
    pairs = [(await one.person(way), await one.person(way), way) for way in WAYS]
    one.preference.freeze()
    sent: list[Sent] = []
    for number, (yes, no, way) in enumerate(pairs):
        for person in (yes, no):
            worker = one.workers[number % len(one.workers)]
            sent.append((person, way, REMINDER, await worker.send(person, way)))
        await one.say(no, way, NO)
    client = connect(mongo_uri, app_name="test")
    records = database(client, one.services.database_name("messaging"))[RECORDS]

    async def each_was_tried_twice() -> bool:
        found = await records.find({"_id": {"$in": [person.customer_id for person, *_ in sent]}}).to_list(100)
        return all(record["waiting"] and record["waiting"][0]["attempts"] >= 2 for record in found)

    await until(each_was_tried_twice)
    client.close()
    wrong = sum(one.effects(person, way) for person, way, *_ in sent)
    one.preference.thaw()
    ends = [came_to(message) for message in await all_over(one.workers, sent)]
    wanted = [("SENT", ""), ("SKIPPED", "NO_CONSENT")] * len(pairs)
    reached = [one.effects(person, way) for person, way, *_ in sent]
    note(
        "quiet-hours",
        seed=seed(),
        done=len(sent),
        wanted="0 sent while consent could not be read; then each as the customer said",
        found=f"{wrong} sent while consent could not be read; then {ends.count(wanted[0])} with a yes sent, "
        f"{ends.count(wanted[1])} with a no kept back, of {len(pairs)} each",
        ok=wrong == 0 and ends == wanted and reached == [1, 0] * len(pairs),
    )
