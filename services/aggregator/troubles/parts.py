"""Wires what notes troubles."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from libs.service import Foundation
from services.aggregator.operations import Journeys
from services.aggregator.settings import AggregatorSettings
from services.aggregator.troubles.operations import Troubles
from services.aggregator.troubles.rejections import RefusedAtCart
from services.aggregator.troubles.sections import MissingSections

if TYPE_CHECKING:  # the class of a stub on an asyncio channel is known to type checkers only
    from omnithread.cart.v1.cart_internal_service_pb2_grpc import CartInternalServiceAsyncStub


@dataclass(frozen=True, slots=True)
class TroubleParts:
    """What runs in the background."""

    refused_at_cart: RefusedAtCart
    missing_sections: MissingSections

    def sweeps(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Give what is to be kept running, by name."""
        return {"refused-at-cart": self.refused_at_cart.run, "missing-sections": self.missing_sections.run}


def trouble_parts(
    settings: AggregatorSettings, foundation: Foundation, journeys: Journeys, cart: "CartInternalServiceAsyncStub"
) -> TroubleParts:
    """Put them together."""
    troubles = Troubles(journeys)
    return TroubleParts(
        refused_at_cart=RefusedAtCart(
            troubles=troubles,
            cart=cart,
            database=foundation.database,
            clock=foundation.clock,
            pause_seconds=settings.trouble_sweep_seconds,
        ),
        missing_sections=MissingSections(troubles=troubles, clock=foundation.clock),
    )
