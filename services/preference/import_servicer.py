"""Translates calls: the stream of `ConsentImportService`, row by row."""

import hashlib
from collections.abc import AsyncIterator
from datetime import datetime

from libs.errors import OmnithreadError, invalid_field
from libs.mongo.requests import MAX_AHEAD
from libs.origin import Origin, Stamp
from libs.rpc.call import Call, current_call
from libs.rpc.import_stream import ImportMeter, batches, faulty_field, in_lanes, is_refusal, opened
from libs.rpc.incoming import Told
from libs.telemetry.propagation import current_traceparent
from libs.timestamps import from_timestamp
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_SYSTEM
from omnithread.preference.v1 import consent_import_service_pb2 as pb
from omnithread.preference.v1.consent_import_service_pb2_grpc import ConsentImportServiceServicer
from services.preference.convert import statement_from_row
from services.preference.history import COUNTS, KEPT
from services.preference.importing import ConsentImports
from services.preference.model import Act

STATES = {COUNTS: pb.CONSENT_ROW_STATE_COUNTS, KEPT: pb.CONSENT_ROW_STATE_KEPT}


class ConsentImportServicer(ConsentImportServiceServicer):
    """Takes consents over from another system."""

    def __init__(self, *, imports: ConsentImports, meter: ImportMeter) -> None:
        self._imports = imports
        self._meter = meter

    async def ImportConsents(
        self, requests: AsyncIterator[pb.ImportConsentsRequest], _context: object
    ) -> AsyncIterator[pb.ImportConsentsResponse]:
        opening, rows = await opened(requests)
        start, answered = opening.start, 0

        async def carry_out(told: Told[pb.ImportConsentsRequest]) -> pb.ConsentRowResult:
            return await self._carry_out(start, told)

        async for batch in batches(rows):
            results = await in_lanes(batch, carry_out, lanes_of=lambda told: [told.message.row.customer_id])
            answered += len(results)
            self._meter.count([pb.ConsentRowState.Name(one.state) for one in results], dry_run=start.dry_run)
            yield pb.ImportConsentsResponse(results=results, answered_count=answered)

    async def _carry_out(
        self, start: pb.ConsentImportStart, told: Told[pb.ImportConsentsRequest]
    ) -> pb.ConsentRowResult:
        row, call = told.message.row, current_call()
        try:
            if told.fault is not None:
                raise told.fault
            stamp, record_id = _stamp_of(start, row, call)
            statement, act = statement_from_row(row), _act_of(row, call, now=self._imports.book.clock())
            if start.dry_run:
                state = await self._imports.foresee(row.customer_id, statement, act=act, record_id=record_id)
                return pb.ConsentRowResult(number=row.number, state=STATES[state])
            state = await self._imports.carry_out(row.customer_id, statement, act=act, record_id=record_id, stamp=stamp)
            return pb.ConsentRowResult(number=row.number, state=STATES[state], record_id=record_id)
        except OmnithreadError as error:
            failed = pb.CONSENT_ROW_STATE_REFUSED if is_refusal(error) else pb.CONSENT_ROW_STATE_FAILED
            return pb.ConsentRowResult(number=row.number, state=failed, reason=error.reason, field=faulty_field(error))


def _act_of(row: pb.ConsentRow, call: Call, *, now: datetime) -> Act:
    """Say when and where it was said: as the row states, and on the channel that imports it."""
    time = from_timestamp(row.occur_time, field="occur_time")
    if time > now + MAX_AHEAD:
        raise invalid_field("occur_time", "is in the future")
    return Act(origin=_origin(call, channel_kind=call.caller.channel_kind), time=now, issue_time=time)


def _stamp_of(start: pb.ConsentImportStart, row: pb.ConsentRow, call: Call) -> tuple[Stamp, str]:
    """Make the command that a row is, and the id of its proof: the same row of the same import is the same.

    It is no act of the customer now, so it comes from the suite, in the name of the channel that imports.
    """
    name = f"{call.caller.channel_id}\0{start.import_id}\0{row.number}".encode()
    body = row.SerializeToString(deterministic=True)
    stamp = Stamp(
        request_id=f"import:{hashlib.sha256(name).hexdigest()[:40]}",
        body_hash=hashlib.sha256(body).digest(),
        issue_time=None,
        origin=_origin(call, channel_kind=CHANNEL_KIND_SYSTEM),
    )
    return stamp, f"con_{hashlib.sha256(name + body).hexdigest()[:32]}"


def _origin(call: Call, *, channel_kind: int) -> Origin:
    return Origin(
        channel_id=call.caller.channel_id,
        channel_kind=channel_kind,
        actor_id=call.caller.actor_id,
        traceparent=current_traceparent() or call.traceparent,
    )
