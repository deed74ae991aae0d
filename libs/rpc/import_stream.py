"""The stream of an import: its start, then its rows, answered in batches and in their order.

Rows that concern the same person are carried out one after the other, as they came; others beside each other.
While the process has more to do than it can, each row waits for room, for two seconds at most.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from typing import TypeVar

from google.protobuf.message import Message
from prometheus_client import CollectorRegistry, Counter

from libs.errors import OmnithreadError, Status, invalid_argument
from libs.rpc.admission import PACE
from libs.rpc.call import call_or_none
from libs.rpc.incoming import Incoming, Told
from libs.telemetry.causes import start_effect, working_in

MOST_ROWS_A_BATCH = 100
PAUSE_SECONDS = 0.05
"""Where the next row takes longer, those that came are answered first: the caller may be waiting for it."""
ROWS_AT_ONCE = 4
"""An import has time; the channels, which use the same database, have not."""

LONG_AGO = timedelta(days=1)

REFUSED = frozenset({Status.INVALID_ARGUMENT, Status.FAILED_PRECONDITION, Status.NOT_FOUND, Status.PERMISSION_DENIED})
TOO_LARGE_FOR_EVER = "RECORD_TOO_LARGE"

RequestT = TypeVar("RequestT", bound=Message)
Row = TypeVar("Row")
Result = TypeVar("Result")


async def opened(requests: AsyncIterator[RequestT]) -> tuple[RequestT, AsyncGenerator[Told[RequestT], None]]:
    """Give the start of an import and its rows, the faulty ones with their fault. Raises IMPORT_INVALID."""
    if not isinstance(requests, Incoming):
        raise TypeError("an import is read as the door gives it")
    each: AsyncGenerator[Told[RequestT], None] = requests.each()
    first = await anext(each, None)
    if first is None or _part(first) != "start":
        raise _invalid("The stream does not begin with its start.")
    if first.fault is not None:
        raise first.fault
    return first.message, _rows(each)


async def batches(
    rows: AsyncGenerator[Row, None], *, most: int = MOST_ROWS_A_BATCH, pause_seconds: float = PAUSE_SECONDS
) -> AsyncGenerator[list[Row], None]:
    """Give the rows in batches: full ones, and what there is whenever the next row takes a while.

    What ends the stream before its time is raised after the rows that came before it were given.
    """
    batch: list[Row] = []
    coming: asyncio.Task[Row | None] | None = None
    ended_by: OmnithreadError | None = None
    try:
        while ended_by is None:
            coming = coming or asyncio.create_task(_next_of(rows))
            await asyncio.wait({coming}, timeout=pause_seconds if batch else None)
            if coming.done():
                try:
                    row = coming.result()
                except OmnithreadError as error:
                    row, ended_by = None, error
                coming = None
                if row is None:
                    break
                batch.append(row)
                if len(batch) < most:
                    continue
            yield batch
            batch = []
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.wait({coming})
        await rows.aclose()
    if batch:
        yield batch
    if ended_by is not None:
        raise ended_by


async def in_lanes(
    rows: Sequence[Row],
    carry_out: Callable[[Row], Awaitable[Result]],
    *,
    lanes_of: Callable[[Row], Iterable[str]],
    at_once: int = ROWS_AT_ONCE,
) -> list[Result]:
    """Carry out rows, those that share a lane in their order, and give what came of each in the order of the rows."""
    slots = asyncio.Semaphore(at_once)
    call, pace = call_or_none(), PACE.get()
    cause = call.traceparent if call else ""
    last: dict[str, asyncio.Task[Result]] = {}
    tasks: list[asyncio.Task[Result]] = []

    async def after(before: set[asyncio.Task[Result]], row: Row) -> Result:
        if before:
            await asyncio.wait(before)
        async with slots:
            if pace is not None:
                await pace()
            # A trace for each row, linked to the call: one of a million rows would help nobody.
            with working_in(start_effect("import row", cause=cause, age=LONG_AGO)):
                return await carry_out(row)

    async with asyncio.TaskGroup() as group:
        for row in rows:
            lanes = set(lanes_of(row))
            task = group.create_task(after({last[lane] for lane in lanes if lane in last}, row))
            tasks.append(task)
            last |= dict.fromkeys(lanes, task)
    return [task.result() for task in tasks]


class ImportMeter:
    """Counts rows by what came of them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._rows = Counter(
            "omnithread_import_rows",
            "Rows of imports, by what came of them and whether it was a dry run.",
            ["state", "dry_run"],
            registry=registry,
        )

    def count(self, states: Iterable[str], *, dry_run: bool) -> None:
        """Count some rows by the names of their states."""
        for state in states:
            self._rows.labels(state.rpartition("_STATE_")[2].lower(), str(dry_run).lower()).inc()


def is_refusal(error: OmnithreadError) -> bool:
    """Say whether the same row would be refused again; else it is worth to be sent again."""
    return error.status in REFUSED or error.reason == TOO_LARGE_FOR_EVER


def faulty_field(error: OmnithreadError, *, within: str = "row.") -> str:
    """Name the field that is to blame, as seen from the row; empty where none is."""
    return error.field_faults[0].field.removeprefix(within) if error.field_faults else ""


async def _rows(each: AsyncGenerator[Told[RequestT], None]) -> AsyncGenerator[Told[RequestT], None]:
    async for told in each:
        part = _part(told)
        if part == "start":
            raise _invalid("The stream has two starts.")
        if part != "row":
            raise _invalid("A message of the stream is neither its start nor a row.")
        yield told


async def _next_of(rows: AsyncGenerator[Row, None]) -> Row | None:
    return await anext(rows, None)


def _part(told: Told[RequestT]) -> str | None:
    part: str | None = told.message.WhichOneof("part")
    return part


def _invalid(message: str) -> OmnithreadError:
    return invalid_argument("IMPORT_INVALID", message)
