"""Remembers which changes of carts were refused, and why, so that a cart's account can name them.

What was decided on is remembered, refusals by the state of the cart: not faulty requests, not faults of ours.
Beside it stands what kept a customer from going on without being a change of the cart that was decided on: a checkout
that gave up on a cart that did not come to rest, a hand-over that works no longer. An account does not count it.
A refusal is answered whether it could be remembered or not.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from libs.channel import Channel
from libs.clock import Clock
from libs.errors import CONFLICT, OmnithreadError, Status
from libs.mongo.connection import Database
from libs.mongo.deadline import reading
from libs.mongo.migrate import Index
from libs.mongo.once import insert_once
from libs.mongo.values import Saved
from libs.origin import Stamp
from libs.rpc.call import call_or_none
from services.cart.values import Cart

REJECTED_CHANGES = "rejected_changes"
KEPT_FOR = timedelta(days=90)
MAX_PER_CUSTOMER = 10_000
REJECTION_INDEXES = (
    Index(REJECTED_CHANGES, (("customer_id", 1), ("cart_id", 1), ("reject_time", -1))),
    Index(REJECTED_CHANGES, (("customer_id", 1), ("request_id", 1))),
    Index(REJECTED_CHANGES, (("reject_time", 1), ("_id", 1))),
    Index(REJECTED_CHANGES, (("expire_time", 1),), expire_after_seconds=0),
)
_DECIDED = {Status.FAILED_PRECONDITION, Status.NOT_FOUND, Status.ABORTED}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rejections:
    """The changes that were refused."""

    database: Database
    clock: Clock

    @asynccontextmanager
    async def noted(self, asked_customer_id: str, saved: Saved[Cart], stamp: Stamp) -> AsyncIterator[None]:
        """Note a refusal that is raised within, and let it go on. For what is decided outside of `Commands.run`."""
        try:
            yield
        except OmnithreadError as error:
            await self.note(asked_customer_id, saved, stamp, error)
            raise

    async def note(self, asked_customer_id: str, saved: Saved[Cart], stamp: Stamp, error: OmnithreadError) -> None:
        """Note one refusal of a change, once however often it is asked for; another error is not noted.

        One count and one write. Beyond 10,000 of one customer no more are kept.
        """
        if error.status in _DECIDED and error.reason != CONFLICT:
            await self._note(asked_customer_id, saved, stamp, error, decided=True)

    async def note_beside(
        self, asked_customer_id: str, saved: Saved[Cart], stamp: Stamp, error: OmnithreadError
    ) -> None:
        """Note what failed without being a change of the cart that was decided on. Costs as `note`."""
        await self._note(asked_customer_id, saved, stamp, error, decided=False)

    async def since(self, time: datetime, *, limit: int) -> Sequence[Mapping[str, Any]]:
        """Give the documents of what was refused since a time, oldest first. One indexed query."""
        with reading():
            found = self.database[REJECTED_CHANGES].find({"reject_time": {"$gte": time}})
            return await found.sort([("reject_time", 1), ("_id", 1)]).limit(limit).to_list(limit)

    async def _note(
        self, asked_customer_id: str, saved: Saved[Cart], stamp: Stamp, error: OmnithreadError, *, decided: bool
    ) -> None:
        call, now = call_or_none(), self.clock()
        document = {
            "_id": rejection_id(asked_customer_id, stamp.request_id),
            "customer_id": saved.customer_id,
            "cart_id": saved.state.cart_id,
            "request_id": stamp.request_id,
            "method": call.method.rpartition("/")[2] if call else "",
            "reason": error.reason,
            "channel": Channel(stamp.origin.channel_id, stamp.origin.channel_kind).to_fields(),
            "session_id": stamp.origin.session_id,
            "traceparent": stamp.origin.traceparent,
            "decided": decided,
            "reject_time": now,
            "expire_time": now + KEPT_FOR,
        }
        rejected = self.database[REJECTED_CHANGES]
        try:
            with reading():
                theirs = await rejected.count_documents({"customer_id": saved.customer_id}, limit=MAX_PER_CUSTOMER)
            if theirs < MAX_PER_CUSTOMER:
                await insert_once(rejected, document)
        except OmnithreadError as failure:
            log.warning("rejection_not_noted", customer_id=saved.customer_id, reason=failure.reason)


def rejection_id(asked_customer_id: str, request_id: str) -> str:
    """Give the id under which a refusal is kept: the same for every try of one request."""
    return hashlib.sha256(f"{asked_customer_id}\0{request_id}".encode()).hexdigest()
