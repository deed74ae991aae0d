"""The five areas as export and erasure see them: the internal services of the four, and the aggregator itself.

All questions are in the suite's own name. What goes wrong comes back as the other service's own error.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from libs.mongo.connection import Database
from libs.mongo.erase import Eraser
from libs.mongo.privacy_service import MOST_PAGE_SIZE, answer_export
from libs.origin import Origin
from omnithread.common.v1.privacy_pb2 import AreaErasure, ExportedDocument
from omnithread.context.v1 import context_internal_service_pb2 as context_pb
from omnithread.profile.v1 import profile_internal_service_pb2 as profile_pb
from services.aggregator.events import Event
from services.aggregator.model import AREA
from services.aggregator.privacy import HOLDINGS
from services.aggregator.sources import Sources, answered
from services.aggregator.values import Thread

RESOLVE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ExportedPage:
    """Some of what an area holds, and where the next page begins; empty at the end."""

    documents: Sequence[ExportedDocument]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class Areas:
    """Asks each area what it is to do about a customer."""

    sources: Sources
    eraser: Eraser[Thread, Event]
    database: Database

    async def everybody(self, customer_id: str) -> tuple[str, ...]:
        """Give who stands for an id today, then those merged into them, as profile knows it.

        Raises CUSTOMER_NOT_FOUND, CUSTOMER_ERASED, DEPENDENCY_UNAVAILABLE, DEADLINE_EXCEEDED.
        """
        asked = profile_pb.ResolveCustomerRequest(customer_id=customer_id)
        call = self.sources.profile_internal.ResolveCustomer(asked, timeout=RESOLVE_SECONDS)
        answer = await answered("profile", call)
        return answer.customer_id, *answer.merged_customer_ids

    async def export(
        self, area: str, customer_ids: Sequence[str], page_token: str, *, timeout_seconds: float
    ) -> ExportedPage:
        """Give one page of what an area holds about the customer, the first of the ids, and the merged."""
        fields: dict[str, Any] = {
            "customer_id": customer_ids[0],
            "merged_customer_ids": customer_ids[1:],
            "page_size": MOST_PAGE_SIZE,
            "page_token": page_token,
        }
        if area == AREA:
            own = context_pb.ExportAreaRequest(**fields)
            page = await answer_export(self.database, HOLDINGS, own, response_type=context_pb.ExportAreaResponse)
        else:
            stub, messages = self.sources.internal(area)
            request = messages.ExportAreaRequest(**fields)
            page = await answered(area, stub.ExportArea(request, timeout=timeout_seconds))
        return ExportedPage(documents=page.documents, next_page_token=page.next_page_token)

    async def erase(
        self, area: str, customer_ids: Sequence[str], *, erasure_id: str, origin: Origin, timeout_seconds: float
    ) -> tuple[AreaErasure, Sequence[str]]:
        """Let an area forget the customer, the first of the ids, and the merged; give its receipt and who they were.

        Raises CONFLICT while merges or their undoing are on their way there, and TimeoutError.
        """
        if area == AREA:
            async with asyncio.timeout(timeout_seconds):
                receipt = await self.eraser.erase(customer_ids, erasure_id=erasure_id, origin=origin)
            return receipt, customer_ids
        stub, messages = self.sources.internal(area)
        request = messages.EraseAreaRequest(
            erasure_id=erasure_id, customer_id=customer_ids[0], merged_customer_ids=customer_ids[1:]
        )
        answer = await answered(area, stub.EraseArea(request, timeout=timeout_seconds))
        return answer.erasure, answer.customer_ids
