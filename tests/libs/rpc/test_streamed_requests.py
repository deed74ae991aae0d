"""Callers that stream to us: each message is checked as a request is, and the stream has its limits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from typing import Any

import grpc
import pytest

from deploy.local.keys import Keys
from libs.errors import OmnithreadError, not_found
from libs.rpc.admission import PACE, Admission
from libs.rpc.call import current_call
from libs.rpc.import_stream import batches, faulty_field, in_lanes, opened
from libs.rpc.importance import Importance
from libs.rpc.incoming import StreamLimits
from libs.rpc.limit import Limit, LimitBounds
from omnithread.preference.v1 import consent_import_service_pb2 as pb
from omnithread.preference.v1.consent_import_service_pb2_grpc import (
    ConsentImportServiceServicer,
    add_ConsentImportServiceServicer_to_server,
)
from tests.libs.rpc.opened_door import OpenedDoor, Refusal, as_channel, opened_door, refused

IMPORT = "/omnithread.preference.v1.ConsentImportService/ImportConsents"
START = pb.ImportConsentsRequest(start=pb.ConsentImportStart(import_id="crm-2025"))


LOST_BY_GRPC = "Internal error from Core"
"""What grpc's asyncio client makes of a refusal that comes while it is writing."""
MOST_TRIES = 50


class ScriptedImport(ConsentImportServiceServicer):
    """Says of each row who sent it, and refuses the faulty ones alone."""

    def __init__(self) -> None:
        self.error: OmnithreadError | None = None

    async def ImportConsents(  # noqa: N802  the contract's name
        self, requests: AsyncIterator[pb.ImportConsentsRequest], _context: object
    ) -> AsyncIterator[pb.ImportConsentsResponse]:
        _, rows = await opened(requests)
        async for batch in batches(rows):
            if self.error is not None:
                raise self.error
            yield pb.ImportConsentsResponse(
                results=[
                    pb.ConsentRowResult(
                        number=told.message.row.number,
                        record_id=current_call().caller.channel_id,
                        reason=told.fault.reason if told.fault else "",
                        field=faulty_field(told.fault) if told.fault else "",
                    )
                    for told in batch
                ]
            )


@pytest.fixture
async def scripted() -> ScriptedImport:
    return ScriptedImport()


@pytest.fixture
async def importing(keys: Keys, scripted: ScriptedImport) -> AsyncIterator[OpenedDoor]:
    more = [partial(add_ConsentImportServiceServicer_to_server, scripted)]
    limits = StreamLimits(most_messages=500, idle_seconds=2.0)
    async with opened_door(keys, more=more, stream_limits=limits) as door:
        yield door


def stream(door: OpenedDoor, *, metadata: Any = None) -> Any:
    call = door.channel.stream_stream(
        IMPORT,
        request_serializer=lambda message: message if isinstance(message, bytes) else message.SerializeToString(),
        response_deserializer=pb.ImportConsentsResponse.FromString,
    )
    return call(metadata=as_channel(door.keys, "web-shop") if metadata is None else metadata, timeout=60)


def row(number: int, **fields: Any) -> pb.ImportConsentsRequest:
    said: dict[str, Any] = {
        "customer_id": "cus_1",
        "purpose": "newsletter",
        "delivery_kind": 1,
        "state": 1,
        "source": "crm",
        "occur_time": {"seconds": 1_700_000_000},
        **fields,
    }
    return pb.ImportConsentsRequest(row=pb.ConsentRow(number=number, **said))


async def told(door: OpenedDoor, *messages: Any) -> list[pb.ConsentRowResult]:
    call = stream(door)
    for message in messages:
        await call.write(message)
    await call.done_writing()
    return [result async for answer in call for result in answer.results]


async def refusal(door: OpenedDoor, *messages: Any, metadata: Any = None) -> Refusal:
    async def send() -> None:
        call = stream(door, metadata=metadata)
        with suppress(asyncio.InvalidStateError):  # refused before all was sent
            for number, message in enumerate(messages):
                await call.write(message)
                if number == 0:
                    await call.initial_metadata()  # comes when the first message was accepted
            await call.done_writing()
        async for _ in call:
            pass

    for _ in range(MOST_TRIES):
        answer = await refused(send())
        if answer.message != LOST_BY_GRPC:
            return answer
    raise AssertionError("grpc's client lost the reason again and again")


async def test_rows_are_answered_in_their_order_in_batches_of_a_hundred(importing: OpenedDoor) -> None:
    call = stream(importing)
    await call.write(START)
    for number in range(1, 251):
        await call.write(row(number))
    await call.done_writing()
    answers = [answer async for answer in call]
    assert [result.number for answer in answers for result in answer.results] == list(range(1, 251))
    assert max(len(answer.results) for answer in answers) <= 100
    assert {result.record_id for answer in answers for result in answer.results} == {"web-shop"}
    assert importing.counted("OK", IMPORT) == 1
    assert importing.span(IMPORT[1:]).attributes is not None


async def test_a_caller_who_waits_for_an_answer_gets_it(importing: OpenedDoor) -> None:
    call = stream(importing)
    await call.write(START)
    for number in (1, 2):
        await call.write(row(number))
        answer = await call.read()
        assert [result.number for result in answer.results] == [number]
    await call.done_writing()
    assert await call.read() is grpc.aio.EOF


async def test_a_faulty_row_is_refused_by_itself(importing: OpenedDoor) -> None:
    results = await told(importing, START, row(1), row(2, source=""), row(3))
    assert [(one.number, one.reason, one.field) for one in results] == [
        (1, "", ""),
        (2, "INVALID_FIELD", "source"),
        (3, "", ""),
    ]


async def test_a_stream_without_a_token_is_refused(importing: OpenedDoor) -> None:
    answer = await refusal(importing, START, row(1), metadata=[])
    assert (answer.code, answer.reason) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING")
    assert importing.counted("UNAUTHENTICATED", IMPORT) >= 1


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([], "IMPORT_INVALID"),
        ([row(1)], "IMPORT_INVALID"),
        ([START, START], "IMPORT_INVALID"),
        ([START, pb.ImportConsentsRequest()], "IMPORT_INVALID"),
        ([pb.ImportConsentsRequest(start=pb.ConsentImportStart(import_id="no spaces"))], "INVALID_FIELD"),
        ([START, b"\xff\xff"], "UNDECODABLE"),
        ([START, row(1, wording="a" * 300_000)], "TOO_LARGE"),
    ],
)
async def test_a_stream_that_is_none_is_refused_with_its_reason(
    importing: OpenedDoor, messages: list[Any], reason: str
) -> None:
    answer = await refusal(importing, *messages)
    assert answer.reason == reason


async def test_more_messages_than_are_allowed_end_the_stream(importing: OpenedDoor) -> None:
    answer = await refusal(importing, START, *(row(number) for number in range(1, 502)))
    assert answer.reason == "IMPORT_INVALID"


async def test_a_caller_who_says_nothing_more_is_not_waited_for_for_ever(importing: OpenedDoor) -> None:
    call = stream(importing)
    await call.write(START)
    await call.write(row(1))
    answer = await call.read()
    assert [result.number for result in answer.results] == [1]
    refused_stream = await refused(call.read())
    assert (refused_stream.code, refused_stream.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")


async def test_what_the_servicer_raises_is_told_as_for_other_calls(
    importing: OpenedDoor, scripted: ScriptedImport
) -> None:
    scripted.error = not_found("CUSTOMER_NOT_FOUND", "Nobody.")
    answer = await refusal(importing, START, row(1))
    assert (answer.code, answer.reason, answer.domain) == (
        grpc.StatusCode.NOT_FOUND,
        "CUSTOMER_NOT_FOUND",
        "cart.omnithread",
    )


async def test_a_caller_who_leaves_ends_its_stream(keys: Keys, scripted: ScriptedImport) -> None:
    more = [partial(add_ConsentImportServiceServicer_to_server, scripted)]
    async with opened_door(keys, more=more) as patient:
        call = stream(patient)
        await call.write(START)
        await call.write(row(1))
        await call.read()
        call.cancel()
        async with asyncio.timeout(30):
            # grpc ends the messages and the call in either order; where the messages end first, that is the end.
            while not patient.counted("CANCELLED", IMPORT) and not patient.counted("OK", IMPORT):
                await asyncio.sleep(0.01)


async def test_rows_of_one_person_keep_their_order_and_others_go_beside_them() -> None:
    begun: list[int] = []
    free = asyncio.Event()

    async def carry_out(number: int) -> int:
        begun.append(number)
        if number == 0:
            await free.wait()
        return number * 10

    work = asyncio.create_task(in_lanes([0, 1, 2], carry_out, lanes_of=lambda number: ["anna"] if number < 2 else []))
    async with asyncio.timeout(20):
        while begun != [0, 2]:
            await asyncio.sleep(0)
        free.set()
        assert await work == [0, 10, 20]
    assert begun == [0, 2, 1]


async def test_in_an_overload_no_import_begins(keys: Keys, scripted: ScriptedImport) -> None:
    admission = Admission(limit=Limit(LimitBounds(least=20, first=20, most=20)))
    more = [partial(add_ConsentImportServiceServicer_to_server, scripted)]
    async with opened_door(keys, more=more, admission=admission) as door:
        [result] = await told(door, START, row(1))
        assert result.record_id == "web-shop"
        held = [await admission.enter("m", Importance.NORMAL) for _ in range(10)]
        assert (await refusal(door, START, row(1))).reason == "OVERLOADED"
        admission.leave(held.pop(), counts=False)
        await told(door, START, row(1))
        assert admission.in_flight == 9  # a stream holds no slot


async def test_before_each_row_an_import_gives_way() -> None:
    room, begun = asyncio.Event(), list[int]()

    async def wait_for_room() -> None:
        await room.wait()

    async def carry_out(number: int) -> int:
        begun.append(number)
        return number

    PACE.set(wait_for_room)
    work = asyncio.create_task(in_lanes([0, 1, 2], carry_out, lanes_of=lambda number: [str(number)]))
    for _ in range(20):
        await asyncio.sleep(0)
    assert begun == []
    room.set()
    assert await work == [0, 1, 2]
