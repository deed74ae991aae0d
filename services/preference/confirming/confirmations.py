"""Remembers what a yes is confirmed by: a code and its tries, in a document that vanishes when its link works no more.

What must not happen twice is a conditional write: a guess is paid for before it is looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from libs.clock import Clock
from libs.mongo.connection import Database
from libs.mongo.deadline import reading
from libs.mongo.migrate import Index
from libs.mongo.once import insert_once
from libs.one_time_codes import NewCode
from services.preference.confirming.model import CODE_LIFETIME, KEPT_AFTERWARDS, LINK_LIFETIME, MOST_TRIES
from services.preference.records import key_from_fields, key_to_fields
from services.preference.store import CONFIRMATIONS
from services.preference.values import ConsentKey

CODE = "one_time_code"
INDEXES = (
    Index(CONFIRMATIONS, (("customer_id", 1),)),
    Index(CONFIRMATIONS, (("delete_time", 1),), expire_after_seconds=0),
)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a yes waits for."""

    confirmation_id: str
    customer_id: str
    key: ConsentKey
    code: str = field(repr=False)
    code_expire_time: datetime
    link_expire_time: datetime
    brand: str
    """Of the channel on which the yes was said."""
    session_id: str
    guesses: tuple[str, ...] = ()
    """Which requests tried a code; each counts once, however often it is sent."""

    @property
    def tries_left(self) -> int:
        """Give how many more guesses are taken."""
        return max(MOST_TRIES - len(self.guesses), 0)


class Confirmations:
    """All that waits for a confirmation."""

    def __init__(self, database: Database, *, clock: Clock, new_code: NewCode) -> None:
        self._collection = database[CONFIRMATIONS]
        self._clock = clock
        self._new_code = new_code

    async def prepare(
        self, confirmation_id: str, customer_id: str, key: ConsentKey, *, brand: str, session_id: str, held_back: bool
    ) -> None:
        """Make ready what the mail will say, before it is announced. A code that still works stays.

        Where the address is not asked, that is counted here, and no code can be guessed that nobody is told: there
        are no tries for a new one, and one that is used up stays so until the address is asked. At most three writes.
        """
        now = self._clock()
        living = {"link_expire_time": now + LINK_LIFETIME, "delete_time": now + LINK_LIFETIME + KEPT_AFTERWARDS}
        fresh = {CODE: self._new_code(), "code_expire_time": now + CODE_LIFETIME, "tries": 0, "guesses": []}
        told = {"customer_id": customer_id, **key_to_fields(key), "brand": brand, "session_id": session_id}
        tries = MOST_TRIES if held_back else 0
        first = {"_id": confirmation_id, **told, **fresh, **living, "held_back": int(held_back), "tries": tries}
        if await insert_once(self._collection, first):
            return
        with reading():
            change = {"$set": living, "$inc": {"held_back": int(held_back)}}
            await self._collection.update_one({"_id": confirmation_id}, change)
            if held_back:
                return
            used_up = {"$or": [{"code_expire_time": {"$lte": now}}, {"tries": {"$gte": MOST_TRIES}}]}
            await self._collection.update_one({"_id": confirmation_id, **used_up}, {"$set": fresh})

    async def find(self, confirmation_id: str) -> Confirmation | None:
        """Give one; None where there is none, or no longer. One read by `_id`."""
        with reading():
            found = await self._collection.find_one({"_id": confirmation_id})
        return _from_document(found) if found else None

    async def pay(self, confirmation_id: str, guess: str) -> bool:
        """Pay for one guess; False where it cannot be paid: it was before, or there are no tries left."""
        with reading():
            result = await self._collection.update_one(
                {"_id": confirmation_id, "tries": {"$lt": MOST_TRIES}, "guesses": {"$ne": guess}},
                {"$inc": {"tries": 1}, "$push": {"guesses": guess}},
            )
        return bool(result.matched_count)


def _from_document(document: Mapping[str, Any]) -> Confirmation:
    return Confirmation(
        confirmation_id=document["_id"],
        customer_id=document["customer_id"],
        key=key_from_fields(document),
        code=document[CODE],
        code_expire_time=document["code_expire_time"],
        link_expire_time=document["link_expire_time"],
        brand=document["brand"],
        session_id=document["session_id"],
        guesses=tuple(document["guesses"]),
    )
