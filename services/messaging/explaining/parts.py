"""Puts together what explains messages and silences."""

from collections.abc import Sequence
from functools import partial

from libs.rpc.server import Registration
from libs.service import Foundation
from omnithread.messaging.v1.explanation_service_pb2_grpc import add_ExplanationServiceServicer_to_server
from services.messaging.campaigns.book import CampaignBook
from services.messaging.campaigns.checking import templates_of
from services.messaging.deciding.preparing import Preparing
from services.messaging.deciding.sources import Sources
from services.messaging.explaining.matters import Matter
from services.messaging.explaining.operations import Explanations
from services.messaging.explaining.servicer import ExplanationServicer
from services.messaging.operations import Messages


def explaining_registration(
    foundation: Foundation,
    *,
    messages: Messages,
    sources: Sources,
    preparing: Preparing,
    book: CampaignBook,
) -> Registration:
    """Give what puts `ExplanationService` on the server."""

    async def known() -> Sequence[Matter]:
        """Give what campaigns say; those that customers can enter come first."""
        active, others = await book.all_active(), await book.not_active()
        return tuple(
            Matter(
                campaign.campaign_id,
                campaign.definition.purpose,
                tuple(template_id for _, template_id in templates_of(campaign.definition)),
                campaign.definition.trigger_kind,
                is_active=is_active,
            )
            for campaigns, is_active in ((active, True), (others, False))
            for campaign in campaigns
        )

    explanations = Explanations(
        messages=messages, sources=sources, preparing=preparing, matters=known, clock=foundation.clock
    )
    return partial(add_ExplanationServiceServicer_to_server, ExplanationServicer(explanations))
