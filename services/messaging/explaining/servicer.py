"""Translates calls: one short method per RPC of `ExplanationService`."""

from libs.timestamps import from_timestamp
from omnithread.messaging.v1 import explanation_service_pb2 as pb
from omnithread.messaging.v1.explanation_service_pb2_grpc import ExplanationServiceServicer
from services.messaging.explaining.convert import message_story_to_proto, silence_story_to_proto
from services.messaging.explaining.matters import Missed
from services.messaging.explaining.operations import Explanations


class ExplanationServicer(ExplanationServiceServicer):
    """Answers why somebody got a message, or why not."""

    def __init__(self, explanations: Explanations) -> None:
        self._explanations = explanations

    async def ExplainMessage(self, request: pb.ExplainMessageRequest, _context: object) -> pb.ExplainMessageResponse:
        _, story = await self._explanations.of_message(request.customer_id, request.message_id)
        return pb.ExplainMessageResponse(explanation=message_story_to_proto(story))

    async def ExplainSilence(self, request: pb.ExplainSilenceRequest, _context: object) -> pb.ExplainSilenceResponse:
        missed = Missed(purpose=request.purpose, campaign_id=request.campaign_id, template_id=request.template_id)
        since = from_timestamp(request.since_time) if request.HasField("since_time") else None
        story = await self._explanations.of_silence(request.customer_id, missed, since)
        return pb.ExplainSilenceResponse(explanation=silence_story_to_proto(story))
