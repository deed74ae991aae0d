"""Sweeps: asks cart every few seconds what it refused, and notes it. Cart's answers never wait for that.

Every replica looks, and each refusal becomes one touchpoint, by its id. How far was looked is kept once all of that is
noted; some seconds are looked at twice, for what was written late.
"""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from libs.channel import Channel
from libs.clock import Clock
from libs.mongo.connection import Database
from libs.mongo.deadline import reading
from libs.sweeping import Sweep
from libs.timestamps import from_timestamp, to_timestamp
from omnithread.cart.v1.cart_internal_service_pb2 import ListRejectionsRequest, Rejection
from services.aggregator.sources import answered
from services.aggregator.troubles.operations import Troubles
from services.aggregator.troubles.values import Trouble

if TYPE_CHECKING:  # the class of a stub on an asyncio channel is known to type checkers only
    from omnithread.cart.v1.cart_internal_service_pb2_grpc import CartInternalServiceAsyncStub

LOOKED = "looked_for_rejections"
"""How far was looked: one document."""
AREA = "cart"
FIRST_LOOK = timedelta(hours=1)
OVERLAP = timedelta(seconds=10)
CALL_SECONDS = 5.0
PAGE = 500
MOST_KNOWN = 5000
"""So many refusals are known to be noted already, the newest; others are looked up."""


class RefusedAtCart:
    """Looks for refusals, again and again."""

    def __init__(
        self,
        *,
        troubles: Troubles,
        cart: "CartInternalServiceAsyncStub",
        database: Database,
        clock: Clock,
        pause_seconds: float,
    ) -> None:
        self._troubles = troubles
        self._cart = cart
        self._looked = database[LOOKED]
        self._clock = clock
        self._known: OrderedDict[str, None] = OrderedDict()
        self._reached: datetime | None = None
        self._sweep = Sweep(name="refused-at-cart", find=self._find, do=self._note, pause_seconds=pause_seconds)

    async def run(self) -> None:
        """Look until cancelled. While cart does not answer nothing is noted, and nothing is lost."""
        await self._sweep.run()

    async def sweep(self) -> None:
        """Note what was refused since the last look, at most 500; one that fails holds up no other."""
        await self._sweep.sweep()

    async def _find(self) -> Sequence[Rejection]:
        if self._reached is not None:  # only now: of what was found last, none is left to do
            await self._note_looked(self._reached)
            self._reached = None
        since = await self._since()
        request = ListRejectionsRequest(since=to_timestamp(since), page_size=PAGE)
        found = (await answered(AREA, self._cart.ListRejections(request, timeout=CALL_SECONDS))).rejections
        if found:
            # A full page within the overlap would else be asked for for ever.
            last = from_timestamp(found[-1].reject_time)
            self._reached = last + OVERLAP if len(found) == PAGE and last - since <= OVERLAP else last
        return [one for one in found if one.rejection_id not in self._known]

    async def _note(self, refused: Rejection) -> None:
        trouble = Trouble(
            key=f"{AREA}:{refused.rejection_id}",
            area=AREA,
            method=refused.method,
            reason=refused.reason,
            channel=Channel(refused.channel.id, refused.channel.kind),
            time=from_timestamp(refused.reject_time),
            session_id=refused.session_id,
            traceparent=refused.traceparent,
        )
        await self._troubles.note(refused.customer_id, trouble)
        self._known[refused.rejection_id] = None
        while len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)

    async def _since(self) -> datetime:
        with reading():
            document = await self._looked.find_one({"_id": AREA})
        return (document["time"] - OVERLAP) if document else self._clock() - FIRST_LOOK

    async def _note_looked(self, time: datetime) -> None:
        with reading():
            await self._looked.update_one({"_id": AREA}, {"$max": {"time": time}}, upsert=True)
