"""Hands carts over: makes tokens, goes on with them, makes them useless.

A hand-over is made with one insert under an id that follows from the request, so that a retry finds it and gives the
same token. Going on with it first marks the hand-over (and its code) as used by this request, and then notes it on the
customer's record: after a crash in between, the retry finds its own mark and goes on.
"""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from libs.channel import Channel
from libs.errors import OmnithreadError, request_id_reused
from libs.mongo.requests import check_not_ahead
from libs.mongo.values import Decision, Outcome, Saved
from libs.origin import Stamp
from libs.rpc.watched_file import WatchedFile
from libs.telemetry.journey import add_journey_labels
from services.cart import errors
from services.cart.events import CartHandedOver
from services.cart.handover.codes import MOST_LIFETIME, FoundCode, HandoverCodes
from services.cart.handover.keys import HandoverKey, HandoverKeys, handover_id_for
from services.cart.handover.links import check_template, link_of, picture_of
from services.cart.handover.store import HandoverStore
from services.cart.handover.tries import HandoverTries
from services.cart.handover.values import Handover, HandoverCode, Use
from services.cart.model import Change
from services.cart.operations import Carts
from services.cart.values import Cart

MOST_WORKING = 50


@dataclass(frozen=True, slots=True)
class Wish:
    """How a customer wants to carry their cart over."""

    lifetime: timedelta
    single_use: bool = False
    with_code: bool = False
    link_template: str = ""
    with_picture: bool = False


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What is carried over."""

    handover: Handover
    token: str
    link: str
    code: str
    picture_png: bytes
    replayed: bool


@dataclass(frozen=True, slots=True)
class Redeemed:
    """With what to go on."""

    handover: Handover
    outcome: Outcome[Cart]


@dataclass(frozen=True, slots=True)
class Handovers:
    """What can be done with hand-overs."""

    carts: Carts
    store: HandoverStore
    codes: HandoverCodes
    tries: HandoverTries
    keys: WatchedFile[HandoverKeys]

    async def create(self, customer_id: str, wish: Wish, stamp: Stamp) -> HandedOver:
        """Make a token for the customer's present cart. One read of the record, a count, and one insert.

        Raises CUSTOMER_NOT_FOUND, LINK_INVALID, HANDOVER_LIMIT (50 that work at once), REQUEST_ID_REUSED, CLOCK_SKEW.
        """
        if wish.link_template:
            check_template(wish.link_template)
        handover_id = handover_id_for(customer_id, stamp.request_id)
        known = await self.store.find(handover_id)
        if known is None:
            check_not_ahead(stamp, self.carts.clock())
            fresh = await self._fresh(handover_id, customer_id, wish, stamp)
            if await self.store.insert(fresh):
                return await self._carried(fresh, wish, replayed=False)
            known = await self.store.find(handover_id)
        if known is None:
            raise errors.handover_invalid()  # it was erased just now
        if not hmac.compare_digest(known.body_hash, stamp.body_hash):
            raise request_id_reused()
        return await self._carried(known, wish, replayed=True)

    async def show(self, token: str) -> Handover:
        """Look whether one can go on with a token. Uses nothing up. One read.

        Raises HANDOVER_INVALID, HANDOVER_EXPIRED, HANDOVER_USED.
        """
        handover_id = self.keys.get().handover_id_of(token)
        handover = await self.store.find(handover_id) if handover_id else None
        if handover is None:
            raise errors.handover_invalid()
        add_journey_labels(customer_id=handover.customer_id)
        if not handover.works_at(self.carts.clock()):
            raise errors.handover_expired()
        if handover.single_use and handover.uses:
            raise errors.handover_used()
        return handover

    async def redeem_token(self, token: str, stamp: Stamp) -> Redeemed:
        """Go on with a token. One read, a conditional write for the mark, and one of the record.

        Raises HANDOVER_INVALID, HANDOVER_EXPIRED, HANDOVER_USED, CUSTOMER_NOT_FOUND, and what any change may raise.
        """
        check_not_ahead(stamp, self.carts.clock())
        handover_id = self.keys.get().handover_id_of(token)
        handover = await self.store.find(handover_id) if handover_id else None
        if handover is None:
            raise errors.handover_invalid()
        return await self._redeem(handover, stamp)

    async def redeem_code(self, code: str, stamp: Stamp) -> Redeemed:
        """Go on with six digits, once. Raises as `redeem_token`, and HANDOVER_TRIES_EXCEEDED after ten wrong ones."""
        check_not_ahead(stamp, self.carts.clock())
        tried = (stamp.origin.channel_id, stamp.origin.actor_id, _name_of(stamp))
        await self.tries.take(*tried)
        found = await self.codes.find(code)
        handover = await self.store.find(found.handover_id) if found else None
        if found is None or handover is None:
            raise errors.handover_invalid()
        async with self._noting(handover, stamp):
            await self._use_up(found, stamp)
        await self.tries.give_back(*tried)
        return await self._redeem(handover, stamp)

    async def revoke(self, customer_id: str, handover_id: str, stamp: Stamp) -> None:
        """Make a token useless. Safe to repeat. One read, one write. Raises HANDOVER_NOT_FOUND, CUSTOMER_NOT_FOUND."""
        check_not_ahead(stamp, self.carts.clock())
        saved = await self.carts.get(customer_id)
        if not await self.store.revoke(handover_id, saved.lineage):
            raise errors.handover_not_found()

    async def _fresh(self, handover_id: str, customer_id: str, wish: Wish, stamp: Stamp) -> Handover:
        saved = await self.carts.get(customer_id)
        now = self.carts.clock()
        if await self.store.count_working(saved.lineage, now, most=MOST_WORKING) >= MOST_WORKING:
            raise errors.handover_limit(MOST_WORKING)
        key = self.keys.get().newest
        fresh = Handover(
            handover_id=handover_id,
            customer_id=saved.customer_id,
            cart_id=saved.state.cart_id,
            channel=_channel(stamp),
            session_id=stamp.origin.session_id,
            traceparent=stamp.origin.traceparent,
            create_time=now,
            expire_time=now + wish.lifetime,
            single_use=wish.single_use,
            key_id=key.key_id,
            body_hash=stamp.body_hash,
        )
        return replace(fresh, code=await self._drawn(fresh, key, now)) if wish.with_code else fresh

    async def _drawn(self, fresh: Handover, key: HandoverKey, now: datetime) -> HandoverCode:
        expire_time = min(fresh.expire_time, now + MOST_LIFETIME)
        return await self.codes.draw(key, fresh.handover_id, fresh.customer_id, expire_time)

    async def _carried(self, handover: Handover, wish: Wish, *, replayed: bool) -> HandedOver:
        key = self.keys.get().find(handover.key_id)
        if key is None:
            raise errors.handover_expired()  # its key is in use no more
        token = key.token(handover.handover_id)
        link = link_of(wish.link_template, token) if wish.link_template else ""
        return HandedOver(
            handover=handover,
            token=token,
            link=link,
            code=key.code(handover.handover_id, handover.code.place) if handover.code else "",
            picture_png=await asyncio.to_thread(picture_of, link or token) if wish.with_picture else b"",
            replayed=replayed,
        )

    @asynccontextmanager
    async def _noting(self, handover: Handover, stamp: Stamp) -> AsyncIterator[None]:
        """Note a hand-over that works no longer, with whom it was made for; it is refused whether it could be noted."""
        try:
            yield
        except OmnithreadError as error:
            if error.reason in {"HANDOVER_EXPIRED", "HANDOVER_USED"}:
                with suppress(OmnithreadError):
                    saved = await self.carts.get(handover.customer_id)
                    await self.carts.commands.rejections.note_beside(handover.customer_id, saved, stamp, error)
            raise

    async def _use_up(self, found: FoundCode, stamp: Stamp) -> None:
        request = _name_of(stamp)
        if found.used_by == request:
            return
        if found.expire_time <= self.carts.clock():
            raise errors.handover_expired()
        if not await self.codes.use(found, request):
            raise errors.handover_used()

    async def _redeem(self, handover: Handover, stamp: Stamp) -> Redeemed:
        now = self.carts.clock()
        async with self._noting(handover, stamp):
            used = await self.store.use(handover, Use(_name_of(stamp), now, _channel(stamp)))
        event = CartHandedOver(
            used.cart_id, stamp.issue_time or now, used.handover_id, used.channel, from_traceparent=used.traceparent
        )

        def decide(saved: Saved[Cart]) -> Change:
            return Decision(saved.state, (event,))

        return Redeemed(used, await self.carts.records.run(used.customer_id, stamp, decide))


def _name_of(stamp: Stamp) -> str:
    """Name a request with its body, so that another guess under the same id is another try."""
    named = f"{stamp.origin.channel_id}\0{stamp.request_id}\0".encode() + stamp.body_hash
    return hashlib.sha256(named).hexdigest()[:32]


def _channel(stamp: Stamp) -> Channel:
    return Channel(stamp.origin.channel_id, stamp.origin.channel_kind)
