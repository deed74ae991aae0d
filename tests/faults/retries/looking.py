"""Looks at all databases for all who wait to compare what they did: one look serves everybody who wants one then."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.collection import Collection

from tests.faults.retries.effects import Documents, Named, difference, effects, waiting_records
from tests.faults.retries.patience import patience

LOOK_AGAIN_SECONDS = 0.3
MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of some cases at one time."""

    waiting: tuple[str, ...]
    """Their records with events that are not relayed yet."""
    documents: list[Documents]
    """What each of them came to; empty where something is waiting."""


@dataclass(slots=True)
class _Wish:
    cases: Sequence[Named]
    owner: str
    answer: "asyncio.Future[Look]"


@dataclass(slots=True)
class Looking:
    """Reads around all proxies. Blocks in a thread of its own."""

    client: MongoClient[RawBSONDocument]
    databases: Mapping[str, str]
    """By service."""
    _wishes: list[_Wish] = field(default_factory=list)
    _busy: asyncio.Task[None] | None = None

    def collection(self, service: str, name: str) -> Collection[RawBSONDocument]:
        """Give a collection of a service's; what it is asked blocks."""
        return self.client[self.databases[service]][name]

    async def look(self, cases: Sequence[Named], *, owner: str) -> Look:
        """See what these cases came to at the service that answers for them, and which events others have of it."""
        wish = _Wish(cases, owner, asyncio.get_running_loop().create_future())
        self._wishes.append(wish)
        if self._busy is None or self._busy.done():
            self._busy = asyncio.create_task(self._fulfil())
        return await wish.answer

    async def at_rest(self, cases: Sequence[Named], *, owner: str, quiet_seconds: float) -> list[Documents]:
        """See what these cases came to, once all is relayed and nothing has changed for a time."""
        before: list[Documents] = []
        last = "nothing was read"
        since = asyncio.get_running_loop().time()
        async with patience(lambda: f"{owner} comes to rest; {last}"):
            while True:
                look = await self.look(cases, owner=owner)
                now = asyncio.get_running_loop().time()
                if look.waiting:
                    last, since = f"not relayed: {look.waiting}", now
                elif changed := _changed(before, look.documents, owner):
                    last, since, before = f"changed last: {changed[:MOST_TOLD]}", now, look.documents
                elif now - since >= quiet_seconds:
                    return look.documents
                await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _fulfil(self) -> None:
        while self._wishes:
            wishes, self._wishes = self._wishes, []
            try:
                looks = await asyncio.to_thread(self._look, wishes)
            except Exception as error:  # noqa: BLE001  whoever asked for it has to hear of it
                for wish in wishes:
                    if not wish.answer.done():
                        wish.answer.set_exception(error)
                continue
            for wish, look in zip(wishes, looks, strict=True):
                if not wish.answer.done():
                    wish.answer.set_result(look)

    def _look(self, wishes: Sequence[_Wish]) -> list[Look]:
        waiting = [waiting_records(self.client, self.databases, wish.cases) for wish in wishes]
        ready = [wish for wish, found in zip(wishes, waiting, strict=True) if not found]
        cases = [case for wish in ready for case in wish.cases]
        owners = frozenset(wish.owner for wish in ready)
        seen = iter(effects(self.client, self.databases, cases, owners=owners) if ready else [])
        return [
            Look(found, [] if found else [next(seen) for _ in wish.cases])
            for wish, found in zip(wishes, waiting, strict=True)
        ]


def _changed(before: Sequence[Documents], now: Sequence[Documents], owner: str) -> list[str]:
    if not before:
        return ["everything was read for the first time"]
    both = zip(before, now, strict=True)
    return [line for was, is_now in both for line in difference(was, is_now, owner=owner)]
