"""Sweeps: announces carts that lie idle, ends those that nobody touched for very long, and takes off locks.

Every replica looks; one conditional write decides who does it, since the request id is made of the cart's state.
A cart is announced once, and again only after it has changed.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from opentelemetry.trace import Tracer

from libs.origin import Origin, Stamp
from libs.sweeping import MAX_AT_ONCE, Sweep
from libs.telemetry.causes import start_effect, working_in
from libs.telemetry.journey import journey_labels
from libs.telemetry.propagation import current_traceparent
from services.cart.desk.operations import Desk
from services.cart.operations import Carts
from services.cart.store import EXPIRE_DUE_TIME, IDLE_DUE_TIME, LOCK_DUE_TIME

PART = "cart-sweep"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CartSweeps:
    """What falls due in carts."""

    carts: Carts
    desk: Desk
    pause_seconds: float
    tracer: Tracer | None = None

    def all(self) -> tuple[Sweep[str], ...]:
        """Give the sweeps, each to be run beside the others."""
        return (
            Sweep(name="idle-carts", find=self._idle, do=self._announce, pause_seconds=self.pause_seconds),
            Sweep(name="expired-carts", find=self._expired, do=self._expire, pause_seconds=self.pause_seconds),
            Sweep(name="over-locks", find=self._over_locks, do=self._unlock, pause_seconds=self.pause_seconds),
        )

    async def _idle(self) -> list[str]:
        return await self.carts.records.due(IDLE_DUE_TIME, self.carts.clock(), MAX_AT_ONCE)

    async def _expired(self) -> list[str]:
        return await self.carts.records.due(EXPIRE_DUE_TIME, self.carts.clock(), MAX_AT_ONCE)

    async def _over_locks(self) -> list[str]:
        return await self.carts.records.due(LOCK_DUE_TIME, self.carts.clock(), MAX_AT_ONCE)

    async def _announce(self, customer_id: str) -> None:
        cart = (await self.carts.records.get_exact(customer_id)).state
        if cart.idle_due_time is None or cart.update_time is None:
            return  # another replica was faster
        origin = cart.last_origin or Origin.system(PART)
        with (
            _labels(origin, customer_id),
            working_in(
                start_effect(
                    "cart abandoned",
                    cause=origin.traceparent,
                    age=self.carts.clock() - cart.update_time,
                    by=self.tracer,
                )
            ),
        ):
            if await self.carts.abandon(customer_id, _stamp("idle", customer_id, cart.idle_due_time, origin)):
                log.info("cart_abandoned", customer_id=customer_id, cart_id=cart.cart_id)

    async def _expire(self, customer_id: str) -> None:
        cart = (await self.carts.records.get_exact(customer_id)).state
        if cart.expire_due_time is None or cart.update_time is None:
            return  # another replica was faster
        origin = cart.last_origin or Origin.system(PART)
        with (
            _labels(origin, customer_id),
            working_in(
                start_effect(
                    "cart expired", cause=origin.traceparent, age=self.carts.clock() - cart.update_time, by=self.tracer
                )
            ),
        ):
            if await self.carts.expire(customer_id, _stamp("expire", customer_id, cart.expire_due_time, origin)):
                log.info("cart_expired", customer_id=customer_id, cart_id=cart.cart_id)

    async def _unlock(self, customer_id: str) -> None:
        lock = (await self.carts.records.get_exact(customer_id)).state.lock
        if lock is not None:
            origin = Origin.system(PART)
            await self.desk.unlock_over(customer_id, _stamp("unlock", customer_id, lock.until_time, origin))


def _labels(origin: Origin, customer_id: str) -> AbstractContextManager[object]:
    return journey_labels(
        journey_id=origin.journey_id, session_id=origin.session_id, channel_id=PART, customer_id=customer_id
    )


def _stamp(what: str, customer_id: str, due_time: datetime, last_origin: Origin) -> Stamp:
    """Give the same request id on every replica for one state of the cart, which its due time stands for."""
    origin = replace(
        Origin.system(PART, traceparent=current_traceparent()),
        journey_id=last_origin.journey_id,
        session_id=last_origin.session_id,
    )
    return Stamp.internal(f"{what}:{customer_id}:{int(due_time.timestamp() * 1000)}", origin)
