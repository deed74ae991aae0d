"""Six digits that stand for a hand-over for some minutes, once. They are kept as a hash that needs the key.

At most 5,000 work at once, of a million: whoever guesses is stopped (`handover/tries.py`) long before they hit one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.clock import Clock
from libs.errors import conflict
from libs.mongo.connection import Database, Document
from libs.mongo.deadline import reading
from libs.mongo.migrate import Index
from libs.mongo.once import insert_once
from libs.rpc.watched_file import WatchedFile
from services.cart import errors
from services.cart.handover.keys import HandoverKey, HandoverKeys
from services.cart.handover.values import HandoverCode

HANDOVER_CODES = "handover_codes"
MOST_CODES = 5_000
MOST_LIFETIME = timedelta(seconds=600)
MAX_DRAWINGS = 20
INDEXES = (
    Index(HANDOVER_CODES, (("handover_id", 1),)),
    Index(HANDOVER_CODES, (("customer_id", 1),)),
    Index(HANDOVER_CODES, (("expire_time", 1),), expire_after_seconds=0),
)


@dataclass(frozen=True, slots=True)
class FoundCode:
    """What six digits stand for."""

    code_hash: str
    handover_id: str
    expire_time: datetime
    used_by: str
    """The request that went on with them; empty for none."""


class HandoverCodes:
    """All codes that work, and those that did a moment ago."""

    def __init__(self, database: Database, *, keys: WatchedFile[HandoverKeys], clock: Clock) -> None:
        self._collection = database[HANDOVER_CODES]
        self._keys = keys
        self._clock = clock

    async def draw(self, key: HandoverKey, handover_id: str, customer_id: str, expire_time: datetime) -> HandoverCode:
        """Give a hand-over digits that no other has now; the same ones where it has some already.

        Raises HANDOVER_LIMIT where too many work at once, and CONFLICT where 20 drawings were all taken.
        """
        with reading():
            known = await self._collection.find_one({"handover_id": handover_id})
        if known is not None:
            return HandoverCode(known["place"], known["expire_time"])
        with reading():
            working = {"expire_time": {"$gt": self._clock()}}
            if await self._collection.count_documents(working, limit=MOST_CODES) >= MOST_CODES:
                raise errors.handover_limit(MOST_CODES)
        for place in range(MAX_DRAWINGS):
            fields: Document = {
                "handover_id": handover_id,
                "customer_id": customer_id,
                "place": place,
                "expire_time": expire_time,
                "used_by": "",
            }
            digits = key.code(handover_id, place)
            if not await self._works_by_another_key(key, digits) and await self._take(key.code_hash(digits), fields):
                return HandoverCode(place, expire_time)
        raise conflict()

    async def find(self, code: str) -> FoundCode | None:
        """Give what digits stand for, whether they still work or not; None where nobody was given them."""
        hashes = [key.code_hash(code) for key in self._keys.get().keys]
        with reading():
            documents = await self._collection.find({"_id": {"$in": hashes}}).to_list(len(hashes))
        if not documents:
            return None
        found = max(documents, key=lambda one: one["expire_time"])  # those of an older key may be over
        return FoundCode(found["_id"], found["handover_id"], found["expire_time"], found["used_by"])

    async def use(self, code: FoundCode, request: str) -> bool:
        """Use digits up for one request; False where another one was faster."""
        free = {"_id": code.code_hash, "handover_id": code.handover_id, "used_by": {"$in": ["", request]}}
        with reading():
            result = await self._collection.update_one(free, {"$set": {"used_by": request}})
        return bool(result.matched_count)

    async def _works_by_another_key(self, key: HandoverKey, digits: str) -> bool:
        """Say whether somebody has these very digits by an older key. No query where there is none."""
        hashes = [other.code_hash(digits) for other in self._keys.get().keys if other.key_id != key.key_id]
        if not hashes:
            return False
        with reading():
            working = {"_id": {"$in": hashes}, "expire_time": {"$gt": self._clock()}}
            return await self._collection.find_one(working, {"_id": 1}) is not None

    async def _take(self, code_hash: str, fields: Document) -> bool:
        if await insert_once(self._collection, {"_id": code_hash, **fields}):
            return True
        over = {"_id": code_hash, "expire_time": {"$lte": self._clock()}}
        with reading():
            result = await self._collection.update_one(over, {"$set": fields})
            if result.matched_count:
                return True
            found = await self._collection.find_one({"_id": code_hash})
        return found is not None and found["handover_id"] == fields["handover_id"]
