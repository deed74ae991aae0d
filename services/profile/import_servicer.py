"""Translates calls: the stream of `CustomerImportService`, row by row."""

from collections.abc import AsyncIterator

from libs.channel import Channel
from libs.errors import OmnithreadError
from libs.rpc.call import current_call
from libs.rpc.import_stream import ImportMeter, batches, in_lanes, opened
from libs.rpc.incoming import Told
from omnithread.profile.v1 import customer_import_service_pb2 as pb
from omnithread.profile.v1.customer_import_service_pb2_grpc import CustomerImportServiceServicer
from services.profile.import_rows import failure_of, introduction_from_row, result_of, stamp_of_row
from services.profile.importing import CustomerImports


class CustomerImportServicer(CustomerImportServiceServicer):
    """Takes customers over from another system."""

    def __init__(self, *, imports: CustomerImports, meter: ImportMeter) -> None:
        self._imports = imports
        self._meter = meter

    async def ImportCustomers(
        self, requests: AsyncIterator[pb.ImportCustomersRequest], _context: object
    ) -> AsyncIterator[pb.ImportCustomersResponse]:
        opening, rows = await opened(requests)
        start, answered = opening.start, 0

        async def carry_out(told: Told[pb.ImportCustomersRequest]) -> pb.ImportRowResult:
            return await self._carry_out(start, told)

        async for batch in batches(rows):
            results = await in_lanes(batch, carry_out, lanes_of=_people_of)
            answered += len(results)
            self._meter.count([pb.ImportRowState.Name(one.state) for one in results], dry_run=start.dry_run)
            yield pb.ImportCustomersResponse(results=results, answered_count=answered)

    async def _carry_out(self, start: pb.ImportStart, told: Told[pb.ImportCustomersRequest]) -> pb.ImportRowResult:
        row, call, profiles = told.message.row, current_call(), self._imports.profiles
        try:
            if told.fault is not None:
                raise told.fault
            introduction = introduction_from_row(
                row,
                source=start.source,
                channel=Channel(id=call.caller.channel_id, kind=call.caller.channel_kind),
                now=profiles.clock(),
                rules=profiles.rules,
            )
            act = self._imports.foresee if start.dry_run else self._imports.carry_out
            return result_of(row, await act(introduction, stamp_of_row(start, row, call)))
        except OmnithreadError as error:
            return failure_of(row, error)


def _people_of(told: Told[pb.ImportCustomersRequest]) -> set[str]:
    """Give by what two rows may mean the same person."""
    return {f"{one.kind}:{one.value.strip().lower()}" for one in told.message.row.identifiers}
