"""The last look at a message that needs consent, just before its text leaves: a no that was said meanwhile holds.

A message is judged, written, claimed, and only then handed over, which may take long where the provider is slow to
answer. What was asked at the beginning is old by then: so the customer's wishes are asked for again and all gates are
asked once more with them, unless they were asked a moment ago. Together with the time that a text takes to leave this
keeps the promise that nothing reaches a provider later than a second after an opt-out was acknowledged.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from services.messaging.deciding.facts import Wishes
from services.messaging.deciding.sources import NotThere, SourceAway

FRESH_SECONDS = 0.6
"""An answer counts for so long, from when it was asked for."""
LOOK_SECONDS = 2.0
"""So long one answer is waited for: who looks has to settle the message within its lease, and nothing was said yet."""
MOST_ASKS = 3
"""So often is asked where each answer takes too long; then the message waits."""


class CalledOff(Exception):
    """The message is not to go as it was judged; the message says why, in a word."""


@dataclass(slots=True)
class LastLook:
    """One message's; calling it returns where the message may go. Raises CalledOff."""

    asked_at: float
    """When the wishes were asked for by which it was judged, on the event loop's clock."""
    clock: Callable[[], float]
    wishes: Callable[[], Awaitable[Wishes]]
    still_goes: Callable[[Wishes], bool]
    """Asks all gates again: whether it goes now, the same way to the same address."""

    async def __call__(self) -> None:
        """Look."""
        for _ in range(MOST_ASKS):
            if self.clock() - self.asked_at <= FRESH_SECONDS:
                return
            asked_at = self.clock()
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    wishes = await self.wishes()
            except (SourceAway, NotThere):
                raise CalledOff("wishes unknown") from None
            except TimeoutError:
                break
            if not self.still_goes(wishes):
                raise CalledOff("not to go any more")
            self.asked_at = asked_at
        if self.clock() - self.asked_at > FRESH_SECONDS:
            raise CalledOff("wishes too slow")
