"""What this replica knows of the offers that count: a moment old for what is shown, of now for what is paid.

Every document's version only grows, so the sum of all versions, the edition, stands for one state of all of them.
"""

import asyncio
import time
from collections.abc import Callable

from libs.mongo.documents import Documents
from services.cart.offers.values import NO_OFFERS, ActiveOffer, ActiveOffers, Offer, OfferState

MOST_OFFERS = 2000
MOST_ACTIVE = 200
ROOM_FOR_RACES = 20
"""Replicas that make or activate offers at one moment may go beyond a limit by a few, which then count as well."""
OLDEST_SECONDS = 1.0
MOST_LOOKS = 3


class OfferBook:
    """The offers that count."""

    def __init__(
        self,
        *,
        documents: Documents[Offer],
        monotonic: Callable[[], float] = time.monotonic,
        oldest_seconds: float = OLDEST_SECONDS,
    ) -> None:
        self._documents = documents
        self._monotonic = monotonic
        self._oldest_seconds = oldest_seconds
        self._known = NO_OFFERS
        self._looked_at: float | None = None
        self._seen_at = 0.0
        self._looking = asyncio.Lock()

    async def current(self) -> ActiveOffers:
        """Give the offers as they were committed a second ago, or later. At most one small query a second."""
        if self._is_old():
            async with self._looking:
                if self._is_old():
                    await self._look()
        return self._known

    async def committed(self) -> ActiveOffers:
        """Give the offers as they are committed now. One query that an index covers, two more where they changed."""
        return await self._look()

    async def trait_names(self) -> frozenset[str]:
        """Give the traits that offers look at."""
        return (await self.current()).trait_names

    def _is_old(self) -> bool:
        return self._looked_at is None or self._monotonic() - self._looked_at >= self._oldest_seconds

    async def _look(self) -> ActiveOffers:
        """Look whether offers have changed; what is older than what is known is not taken over it."""
        began = self._monotonic()
        edition = await self._edition()
        known = self._known
        if edition != known.edition:
            for _ in range(MOST_LOOKS):
                known = ActiveOffers.of(await self._active(), edition)
                now = await self._edition()
                if now == edition:
                    break
                edition = now
        if known.edition >= self._known.edition or began > self._seen_at:  # smaller: restored from a backup since
            self._known, self._looked_at, self._seen_at = known, began, self._monotonic()
        return known

    async def _edition(self) -> int:
        return sum((await self._documents.versions(MOST_OFFERS + ROOM_FOR_RACES)).values())

    async def _active(self) -> list[ActiveOffer]:
        most = MOST_ACTIVE + ROOM_FOR_RACES
        found = await self._documents.page(limit=most, match={"state": str(OfferState.ACTIVE)})
        return [ActiveOffer(saved.key, saved.state.version, saved.state.terms) for saved in found if saved.state.terms]
