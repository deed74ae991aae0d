"""Puts together what explains messages and silences."""

from collections.abc import Sequence
from functools import partial

from libs.rpc.server import Registration
from libs.service import Foundation
from omnithread.messaging.v1.explanation_service_pb2_grpc import add_ExplanationServiceServicer_to_server
from services.messaging.campaigns.book import CampaignBook
from services.messaging.campaigns.checking import templates_of
from services.messaging.campaigns.values import TriggerKind
from services.messaging.deciding.preparing import Preparing
from services.messaging.deciding.sources import Sources
from services.messaging.explaining.operations import Explanations, Matter
from services.messaging.explaining.servicer import ExplanationServicer
from services.messaging.operations import Messages

CART_ABANDONED = TriggerKind.CART_ABANDONED


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
        """Give what campaigns would say: of each, its first message."""
        return tuple(
            Matter(
                campaign.definition.purpose,
                template_id,
                campaign.campaign_id,
                about_carts=campaign.definition.trigger_kind is CART_ABANDONED,
            )
            for campaign in await book.all_active()
            for _, template_id in list(templates_of(campaign.definition))[:1]
        )

    explanations = Explanations(
        messages=messages, sources=sources, preparing=preparing, matters=known, clock=foundation.clock
    )
    return partial(add_ExplanationServiceServicer_to_server, ExplanationServicer(explanations))
