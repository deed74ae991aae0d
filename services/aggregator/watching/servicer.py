"""Translates calls: one short method per RPC of `WatchService`."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from libs.rpc.call import current_call, remaining_seconds
from libs.telemetry.journey import add_journey_labels
from omnithread.context.v1 import watch_service_pb2 as pb
from omnithread.context.v1.watch_service_pb2_grpc import WatchServiceServicer
from omnithread.profile.v1.profile_service_pb2 import GetProfileRequest
from services.aggregator.budget import Budget
from services.aggregator.context import wanted_sections
from services.aggregator.identifying import Identifying
from services.aggregator.subject import Subject
from services.aggregator.watching.operations import Watching, Wish
from services.aggregator.watching.seen import Seen

HEARTBEAT_SECONDS = 15


class WatchServicer(WatchServiceServicer):
    """Answers who watches."""

    def __init__(self, *, watching: Watching, identifying: Identifying, most_answer_seconds: float) -> None:
        self._watching = watching
        self._identifying = identifying
        self._most_answer_seconds = most_answer_seconds

    async def WatchCustomerContext(
        self, request: pb.WatchCustomerContextRequest, _context: object
    ) -> AsyncGenerator[pb.WatchCustomerContextResponse, None]:
        call, wanted = current_call(), wanted_sections(request.sections)
        customer_id = request.customer_id or await self._named(request)
        wish = Wish(
            subject=Subject.of(customer_id, wanted, call.caller),
            changed_sections_only=request.changed_sections_only,
            heartbeat_seconds=request.heartbeat_seconds or HEARTBEAT_SECONDS,
            seen=Seen.from_token(request.resume_token, asked_id=customer_id, wanted=wanted),
        )
        async with aclosing(self._watching.watch(wish, call)) as responses:
            async for response in responses:
                yield response

    async def _named(self, request: pb.WatchCustomerContextRequest) -> str:
        budget = Budget.of_call(remaining_seconds(), most_seconds=self._most_answer_seconds)
        found = await self._identifying.find(GetProfileRequest(identifier=request.identifier), budget)
        add_journey_labels(customer_id=found.profile.customer_id)
        return found.profile.customer_id
