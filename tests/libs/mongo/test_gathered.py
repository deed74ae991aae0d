"""What many ask for at once is asked of MongoDB together, and each is given what is theirs."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, Tracer

from libs.errors import OmnithreadError
from libs.mongo.connection import Collection, Database, connect, undecoded
from libs.mongo.connection import database as named_database
from libs.mongo.deadline import Deadline
from libs.mongo.gathered import GatheredFinds
from libs.telemetry import shared_work
from libs.telemetry.journey import journey_labels
from libs.telemetry.tracing import tracer_provider
from tests.libs.mongo.conftest import CommandLog

MANY = 200


@pytest.fixture
async def things(database: Database, commands: CommandLog) -> Collection:
    things = database["things"]
    await things.insert_many([{"_id": f"thing_{number}", "number": number} for number in range(MANY)])
    commands.sent.clear()
    return things


@pytest.fixture
def gathered(things: Collection) -> GatheredFinds:
    return GatheredFinds(undecoded(things), {"hidden": 0})


async def found(gathered: GatheredFinds, number: int, *, seconds: float = 30.0) -> Any:  # what BSON holds
    document = await gathered.find(f"thing_{number}", Deadline(at_most_seconds=seconds))
    return None if document is None else document["number"]


async def test_each_is_given_theirs_by_a_few_commands(gathered: GatheredFinds, commands: CommandLog) -> None:
    asked = [*range(MANY), *range(MANY), *range(MANY, MANY + 5)]
    answers = await asyncio.gather(*(found(gathered, number) for number in asked))
    assert answers == [*range(MANY), *range(MANY), *[None] * 5]
    assert commands.names.count("find") <= len(asked) / 10


async def test_who_is_alone_does_not_wait_and_sees_what_was_just_written(
    things: Collection, gathered: GatheredFinds
) -> None:
    assert await found(gathered, 1) == 1
    await things.update_one({"_id": "thing_1"}, {"$set": {"number": 1001}})
    assert await found(gathered, 1) == 1001


async def test_whoever_asks_after_a_write_sees_it_however_many_ask_at_once(
    things: Collection, gathered: GatheredFinds
) -> None:
    async def write_and_read(number: int) -> bool:
        for told in range(1, 21):
            await things.update_one({"_id": f"thing_{number}"}, {"$set": {"number": told}})
            if await found(gathered, number) != told:
                return False
        return True

    async def only_read(until_done: asyncio.Event) -> None:
        while not until_done.is_set():
            await asyncio.gather(*(found(gathered, number) for number in range(10)))

    done = asyncio.Event()
    reading = asyncio.create_task(only_read(done))
    assert all(await asyncio.gather(*(write_and_read(number) for number in range(10))))
    done.set()
    await reading


async def test_who_gives_up_takes_nobody_along(gathered: GatheredFinds) -> None:
    asking = [asyncio.create_task(found(gathered, number)) for number in range(50)]
    await asyncio.sleep(0)
    given_up, kept = asking[1::2], asking[::2]
    for task in given_up:
        task.cancel()
    assert await asyncio.gather(*kept) == [*range(0, 50, 2)]
    answers = await asyncio.gather(*given_up, return_exceptions=True)
    assert all(isinstance(answer, asyncio.CancelledError) for answer in answers)
    assert await found(gathered, 7) == 7


async def test_whose_time_is_over_is_not_asked_for(gathered: GatheredFinds, commands: CommandLog) -> None:
    busy = asyncio.create_task(found(gathered, 1))
    await asyncio.sleep(0)
    late = [asyncio.create_task(found(gathered, number, seconds=0.0)) for number in range(10)]
    answers = await asyncio.gather(*late, return_exceptions=True)
    assert [one.reason for one in answers if isinstance(one, OmnithreadError)] == ["DEPENDENCY_UNAVAILABLE"] * 10
    assert await busy == 1
    assert commands.names.count("find") == 1


@dataclass(frozen=True, slots=True)
class Traces:
    """Whose calls are traced, and what came of it."""

    tracer: Tracer
    kept: InMemorySpanExporter

    def finds(self) -> list[ReadableSpan]:
        return [span for span in self.kept.get_finished_spans() if span.name == "find things"]


@pytest.fixture
def traces(monkeypatch: pytest.MonkeyPatch) -> Traces:
    kept = InMemorySpanExporter()
    tracer = tracer_provider(service="test", ratio=1.0, processor=SimpleSpanProcessor(kept)).get_tracer("test")
    monkeypatch.setattr(shared_work, "tracer", lambda: tracer)
    return Traces(tracer, kept)


async def test_the_trace_of_each_tells_of_the_command_that_was_sent_for_all(
    gathered: GatheredFinds, things: Collection, commands: CommandLog, traces: Traces
) -> None:

    async def traced(number: int) -> Any:
        with journey_labels(customer_id=f"cus_{number}"), traces.tracer.start_as_current_span(f"call {number}"):
            return await found(gathered, number)

    asked = [traced(number) if number % 2 else found(gathered, number) for number in range(20)]
    assert await asyncio.gather(*asked) == list(range(20))
    assert commands.names.count("find") == 1
    spans, finds = traces.kept.get_finished_spans(), traces.finds()
    calls = {span.context.span_id: span for span in spans if span.name.startswith("call") and span.context}
    assert len(calls) == len(finds) == 10
    nodes: Any = things.database.client.nodes
    [(_, port)] = nodes
    for find in finds:
        assert find.parent is not None
        call, told = calls.pop(find.parent.span_id), dict(find.attributes or {})
        assert told.pop("customer.id") == (call.attributes or {})["customer.id"]
        assert told == {
            "db.system.name": "mongodb",
            "db.namespace": things.database.name,
            "db.collection.name": "things",
            "db.operation.name": "find",
            "db.query.text": "find",
            "omnithread.together": 20,
            "server.address": "127.0.0.1",
            "server.port": port,
        }
        assert find.kind is SpanKind.CLIENT
        assert (call.start_time or 0) <= (find.start_time or 0) < (find.end_time or 0) <= (call.end_time or 0)


async def test_a_command_for_all_that_fails_is_told_to_each_without_values(unique_prefix: str, traces: Traces) -> None:
    client = connect("mongodb://127.0.0.1:1/?directConnection=true", app_name="test")
    try:
        gathered = GatheredFinds(undecoded(named_database(client, unique_prefix)["things"]), {"hidden": 0})

        async def traced(number: int) -> Any:
            with traces.tracer.start_as_current_span("a call"):
                return await found(gathered, number, seconds=0.3)

        answers = await asyncio.gather(*(traced(number) for number in range(3)), return_exceptions=True)
    finally:
        client.close()
    assert all(isinstance(one, OmnithreadError) for one in answers)
    while len(finds := traces.finds()) < len(answers):  # who waits may give up a moment before
        await asyncio.sleep(0.01)
    assert [span.status.is_ok for span in finds] == [False] * 3
    assert all((span.attributes or {})["error.type"] and not span.events for span in finds)


async def test_where_the_database_is_away_each_is_told_so_in_their_own_time(unique_prefix: str) -> None:
    client = connect("mongodb://127.0.0.1:1/?directConnection=true", app_name="test")
    gathered = GatheredFinds(undecoded(named_database(client, unique_prefix)["things"]), {})
    asked = [found(gathered, number, seconds=0.5) for number in range(20)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    client.close()
    assert {one.reason for one in answers if isinstance(one, OmnithreadError)} == {"DEPENDENCY_UNAVAILABLE"}
    assert len(answers) == sum(isinstance(one, OmnithreadError) for one in answers)
