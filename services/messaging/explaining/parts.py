"""Puts together what explains messages and silences."""

from collections.abc import Sequence
from functools import partial

from libs.rpc.server import Registration
from libs.service import Foundation
from omnithread.messaging.v1.explanation_service_pb2_grpc import add_ExplanationServiceServicer_to_server
from services.messaging.deciding.preparing import Preparing
from services.messaging.deciding.sources import Sources
from services.messaging.explaining.operations import Explanations, Matter
from services.messaging.explaining.servicer import ExplanationServicer
from services.messaging.operations import Messages
from services.messaging.settings import MessagingSettings


def explaining_registration(
    settings: MessagingSettings,
    foundation: Foundation,
    *,
    messages: Messages,
    sources: Sources,
    preparing: Preparing,
) -> Registration:
    """Give what puts `ExplanationService` on the server."""
    matters = (
        Matter(settings.reminder_purpose, settings.reminder_template_id, about_carts=True),
        Matter(settings.price_alert_purpose, settings.price_alert_template_id),
    )

    async def known() -> Sequence[Matter]:
        return matters

    explanations = Explanations(
        messages=messages, sources=sources, preparing=preparing, matters=known, clock=foundation.clock
    )
    return partial(add_ExplanationServiceServicer_to_server, ExplanationServicer(explanations))
