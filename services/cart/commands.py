"""Carries out what somebody asks of a customer's cart: all commands of channels go through here.

One place for what holds for each of them: a lock that another member of staff holds refuses it, an etag that is not
the present one refuses it, an applied change counts in the cart's tally, and a refused one is remembered.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from libs.clock import Clock
from libs.errors import OmnithreadError, etag_mismatch
from libs.mongo.record import Records
from libs.mongo.values import Outcome, Saved
from libs.origin import Origin, Stamp
from services.cart.audit.accounting import counted
from services.cart.audit.rejections import Rejections
from services.cart.desk.locking import check_unlocked, without_over_lock
from services.cart.events import Event
from services.cart.model import Act, Change
from services.cart.values import Cart

NEVER = timedelta(0)

Decide: TypeAlias = Callable[[Saved[Cart], Act], Change]
"""Pure and synchronous; may be called again on a newer state."""


@dataclass(frozen=True, slots=True)
class Commands:
    """Runs commands on carts."""

    records: Records[Cart, Event]
    rejections: Rejections
    clock: Clock
    idle_after: timedelta
    expire_after: timedelta = NEVER
    """0 where carts never expire."""

    async def run(
        self, customer_id: str, decide: Decide, *, stamp: Stamp, etag: str = "", though_locked: bool = False
    ) -> Outcome[Cart]:
        """Carry out a command once, as `Records.run` does.

        `though_locked` is for what may be done while a member of staff works on the cart.
        Raises CART_LOCKED, ETAG_MISMATCH, and what `decide` and `Records.run` raise.
        """
        act = self.act(stamp.origin, stamp.issue_time)
        refused: list[tuple[Saved[Cart], OmnithreadError]] = []

        def decide_on(saved: Saved[Cart]) -> Change:
            try:
                return _decided(saved, decide, act, etag=etag, though_locked=though_locked)
            except OmnithreadError as error:
                refused.append((saved, error))
                raise

        try:
            return await self.records.run(customer_id, stamp, decide_on)
        except OmnithreadError as error:
            if refused and refused[-1][1] is error:
                await self.rejections.note(customer_id, refused[-1][0], stamp, error)
            raise

    def act(self, origin: Origin, occur_time: datetime | None = None) -> Act:
        """Give what a change that is asked for now knows about itself."""
        now = self.clock()
        return Act(
            origin=origin,
            time=now,
            occur_time=occur_time or now,
            idle_due_time=now + self.idle_after,
            expire_due_time=now + self.expire_after if self.expire_after else None,
        )


def _decided(saved: Saved[Cart], decide: Decide, act: Act, *, etag: str, though_locked: bool) -> Change:
    cart, freed = without_over_lock(saved.state, act.time)
    if not though_locked:
        check_unlocked(cart, act.origin, act.time)
    if etag and etag != saved.etag():
        raise etag_mismatch()
    change = decide(replace(saved, state=counted(cart, applied=1)), act)
    return replace(change, events=(*freed, *change.events))
