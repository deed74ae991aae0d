"""Translates calls: one short method per RPC of `PrivacyService`."""

from collections.abc import AsyncGenerator

from libs.errors import CUSTOMER_ERASED, OmnithreadError, customer_not_found
from libs.rpc.call import remaining_seconds, stamp_of
from libs.timestamps import to_timestamp
from omnithread.common.v1.privacy_pb2 import AreaErasure, ErasedCollection
from omnithread.context.v1 import privacy_service_pb2 as pb
from omnithread.context.v1.privacy_service_pb2_grpc import PrivacyServiceServicer
from services.aggregator.areas import Areas
from services.aggregator.budget import Budget
from services.aggregator.erasure import AREAS, AreaReceipt, Erasure
from services.aggregator.erasures import Erasures

PAGE_SECONDS = 10.0


class PrivacyServicer(PrivacyServiceServicer):
    """Gives people their data, and forgets them when they say so."""

    def __init__(self, *, areas: Areas, erasures: Erasures, most_answer_seconds: float) -> None:
        self._areas = areas
        self._erasures = erasures
        self._most_answer_seconds = most_answer_seconds

    async def ExportCustomer(
        self, request: pb.ExportCustomerRequest, _context: object
    ) -> AsyncGenerator[pb.ExportCustomerResponse, None]:
        try:
            customer_ids = await self._areas.everybody(request.customer_id)
        except OmnithreadError as error:
            if error.reason == CUSTOMER_ERASED:
                raise customer_not_found(request.customer_id) from error
            raise
        for area in AREAS:
            page_token, is_first = "", True
            while is_first or page_token:
                page = await self._areas.export(area, customer_ids, page_token, timeout_seconds=PAGE_SECONDS)
                yield pb.ExportCustomerResponse(customer_id=customer_ids[0], area=area, documents=page.documents)
                page_token, is_first = page.next_page_token, False

    async def EraseCustomer(self, request: pb.EraseCustomerRequest, _context: object) -> pb.EraseCustomerResponse:
        erasure, replayed = await self._erasures.erase(
            request.customer_id,
            reason=request.reason,
            stamp=stamp_of(request),
            budget=Budget.of_call(remaining_seconds(), most_seconds=self._most_answer_seconds),
        )
        return pb.EraseCustomerResponse(erasure=_erasure(erasure), replayed=replayed)

    async def GetErasure(self, request: pb.GetErasureRequest, _context: object) -> pb.GetErasureResponse:
        found = await self._erasures.get(erasure_id=request.erasure_id, customer_id=request.customer_id)
        return pb.GetErasureResponse(erasure=_erasure(found))


def _erasure(erasure: Erasure) -> pb.Erasure:
    return pb.Erasure(
        erasure_id=erasure.erasure_id,
        customer_id=erasure.customer_id,
        state=pb.ERASURE_STATE_DONE if erasure.is_done else pb.ERASURE_STATE_RUNNING,
        reason=erasure.reason,
        channel=erasure.channel.to_proto(),
        actor_id=erasure.actor_id,
        accept_time=to_timestamp(erasure.accept_time) if erasure.accept_time else None,
        complete_time=to_timestamp(erasure.complete_time) if erasure.complete_time else None,
        areas=[_receipt(receipt) for receipt in erasure.receipts],
        pending_areas=sorted(erasure.pending_areas),
    )


def _receipt(receipt: AreaReceipt) -> AreaErasure:
    return AreaErasure(
        area=receipt.area,
        collections=[
            ErasedCollection(
                collection=row.collection,
                erased_count=row.erased_count,
                pseudonymised_count=row.pseudonymised_count,
                why_kept=row.why_kept,
            )
            for row in receipt.rows
        ],
        erase_time=to_timestamp(receipt.erase_time),
    )
