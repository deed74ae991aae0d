"""Customers with work to be done, each once, in order of arrival."""

import asyncio
from collections.abc import Iterable

MOST_WAITING = 10_000


class Waiting:
    """A bounded set that one worker takes from.

    What does not fit is left to the sweep, which finds it in the database: nothing here is the only place of anything.
    """

    def __init__(self, *, most: int = MOST_WAITING) -> None:
        self._most = most
        self._waiting: dict[str, None] = {}
        self._in_work: frozenset[str] = frozenset()
        self._some = asyncio.Event()
        self._none = asyncio.Event()
        self._none.set()

    def __len__(self) -> int:
        """Give how many wait."""
        return len(self._waiting)

    def add(self, customer_ids: Iterable[str]) -> None:
        """Let customers wait, unless they do or there are too many."""
        for customer_id in customer_ids:
            if len(self._waiting) >= self._most:
                return
            self._waiting[customer_id] = None
            self._some.set()
            self._none.clear()

    async def take(self, limit: int) -> list[str]:
        """Wait for customers and give the first of them; with it, those taken before count as done."""
        self._in_work = frozenset()
        self._settle()
        await self._some.wait()
        taken = [customer_id for customer_id, _ in zip(self._waiting, range(limit), strict=False)]
        for customer_id in taken:
            del self._waiting[customer_id]
        self._in_work = frozenset(taken)
        self._settle()
        return taken

    async def all_done(self) -> None:
        """Wait until nobody waits and nobody's work is under way."""
        await self._none.wait()

    def _settle(self) -> None:
        if not self._waiting:
            self._some.clear()
            if not self._in_work:
                self._none.set()
