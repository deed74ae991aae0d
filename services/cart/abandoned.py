"""Sweeps: announces carts that nobody has touched for the configured time.

Every replica looks; one conditional write decides who announces, since the request id is made of the cart's state.
A cart is announced once, and again only after it has changed.
"""

import asyncio
from dataclasses import replace
from datetime import datetime

import structlog
from opentelemetry.trace import Tracer

from libs.clock import Clock
from libs.errors import OmnithreadError
from libs.origin import Origin, Stamp
from libs.telemetry.causes import span_of_effect
from libs.telemetry.journey import journey_labels
from libs.telemetry.propagation import current_traceparent
from services.cart.model import NothingToAnnounce
from services.cart.operations import Carts
from services.cart.store import IDLE_DUE_TIME

MAX_CARTS_AT_ONCE = 500
PART = "cart-sweep"

log = structlog.get_logger(__name__)


class AbandonedCarts:
    """Looks for idle carts again and again."""

    def __init__(self, *, carts: Carts, clock: Clock, pause_seconds: float, tracer: Tracer | None = None) -> None:
        self._carts = carts
        self._clock = clock
        self._pause_seconds = pause_seconds
        self._tracer = tracer

    async def run(self) -> None:
        """Look until cancelled. While MongoDB does not answer nothing is announced, and nothing is lost."""
        while True:
            try:
                await self.sweep()
            except OmnithreadError as error:
                log.warning("idle_carts_not_found", reason=error.reason)
            await asyncio.sleep(self._pause_seconds)

    async def sweep(self) -> None:
        """Announce the carts whose time has come, at most 500, longest idle first; one that fails holds up no other."""
        for customer_id in await self._carts.records.due(IDLE_DUE_TIME, self._clock(), MAX_CARTS_AT_ONCE):
            try:
                await self._announce(customer_id)
            except OmnithreadError as error:
                log.warning("idle_cart_not_announced", customer_id=customer_id, reason=error.reason)

    async def _announce(self, customer_id: str) -> None:
        cart = (await self._carts.records.get_exact(customer_id)).state
        if cart.idle_due_time is None or cart.update_time is None:
            return  # another replica was faster
        origin = cart.last_origin or Origin.system(PART)
        with (
            journey_labels(journey_id=origin.journey_id, session_id=origin.session_id, customer_id=customer_id),
            span_of_effect(
                "cart abandoned", cause=origin.traceparent, age=self._clock() - cart.update_time, by=self._tracer
            ),
        ):
            try:
                await self._carts.abandon(customer_id, _stamp(customer_id, cart.idle_due_time, origin))
            except NothingToAnnounce:
                return
        log.info("cart_abandoned", customer_id=customer_id, cart_id=cart.cart_id)


def _stamp(customer_id: str, idle_due_time: datetime, last_origin: Origin) -> Stamp:
    """Give the same request id on every replica for one state of the cart, which its due time stands for."""
    origin = replace(
        Origin.system(PART, traceparent=current_traceparent()),
        journey_id=last_origin.journey_id,
        session_id=last_origin.session_id,
    )
    return Stamp.internal(f"idle:{customer_id}:{int(idle_due_time.timestamp() * 1000)}", origin)
