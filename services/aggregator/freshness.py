"""Brings a customer's journey up to what the four services have committed, before it is shown.

The group consumer does this all the time, moments behind. A strong read does not wait for it: it compares the heads
that the services answered with what was heard, and asks their owners for what is missing.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Protocol

import structlog
from grpc.aio import AioRpcError

from libs.events.streams import OwnerAway, Stream
from omnithread.common.v1.event_pb2 import Head
from services.aggregator.heads import reaches
from services.aggregator.values import Thread

log = structlog.get_logger(__name__)


class Listening(Protocol):
    """The consumer, as far as a read needs it."""

    async def positions(self, customer_id: str) -> dict[str, Head]:
        """Give how far the events of each area have been taken in."""
        ...

    async def catch_up(
        self, area: str, customer_id: str, to_seq: int, *, timeout_seconds: float, epoch: str = ""
    ) -> int:
        """Take in what is missing up to `to_seq`, and give how many events still are."""
        ...


class Freshness:
    """Knows how far behind a journey is, and catches up."""

    def __init__(self, *, listening: Listening, streams: Mapping[str, Stream]) -> None:
        self._listening = listening
        self._streams = streams

    async def catch_up(self, customer_id: str, heads: Mapping[str, Head], *, timeout_seconds: float) -> int:
        """Take in what happened up to these heads, by area, and give how many events are still missing."""
        known = await self._listening.positions(customer_id)
        behind = {area: head for area, head in heads.items() if not reaches(known.get(area), head)}
        missing = await asyncio.gather(
            *(
                self._listening.catch_up(area, customer_id, head.seq, timeout_seconds=timeout_seconds, epoch=head.epoch)
                for area, head in behind.items()
            )
        )
        return sum(missing)

    async def catch_up_areas(self, customer_id: str, areas: Iterable[str], *, timeout_seconds: float) -> bool:
        """Take in all that these areas announced of a customer, as far as they answer in time; says whether it is all.

        For one who was absorbed, since the heads that are read with a context are the survivor's.
        """
        asked = sorted(areas)
        try:
            async with asyncio.timeout(timeout_seconds):
                known = await self._listening.positions(customer_id)
                found = await asyncio.gather(*(self._head(area, customer_id, known) for area in asked))
                heads = {area: head for area, head in zip(asked, found, strict=True) if head is not None}
                missing = await self.catch_up(customer_id, heads, timeout_seconds=timeout_seconds)
        except TimeoutError:
            log.info("journey_left_to_consumer", customer_id=customer_id)
            return False
        return missing == 0 and len(heads) == len(asked)

    async def catch_up_all(self, customer_id: str, *, timeout_seconds: float) -> None:
        """Take in all that the services announced of a customer, as far as they answer in time."""
        await self.catch_up_areas(customer_id, self._streams, timeout_seconds=timeout_seconds)

    async def _head(self, area: str, customer_id: str, known: Mapping[str, Head]) -> Head | None:
        try:
            return (await self._streams[area].replay(customer_id, known[area].seq if area in known else 0)).head
        except (OwnerAway, AioRpcError) as error:
            log.info("head_not_told", area=area, customer_id=customer_id, error=type(error).__name__)
            return None


def not_heard(thread: Thread, customer_id: str, heads: Mapping[str, Head]) -> dict[str, Head]:
    """Give the heads beyond what the thread itself says to have heard of this customer.

    The newest event may be one that means nothing for the journey: then only the consumer's cursor knows of it.
    """
    heard = {h.area: Head(epoch=h.epoch, seq=h.seq) for h in thread.heard if h.customer_id == customer_id}
    return {area: head for area, head in heads.items() if not reaches(heard.get(area), head)}
