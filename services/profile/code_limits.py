"""Counts the codes of the last hour, by customer and by address, each count in a document that vanishes by itself.

An address is kept as its hash: nobody has to be remembered for having been asked.
"""

import hashlib
from dataclasses import dataclass

from libs.clock import Clock
from libs.errors import conflict
from libs.mongo.connection import Database, Document
from libs.mongo.deadline import reading
from libs.mongo.migrate import Index
from libs.mongo.once import insert_once
from services.profile.errors import verification_limit
from services.profile.model import CustomerId, Identifier
from services.profile.verification import LIMIT_WINDOW, MOST_PER_ADDRESS, MOST_PER_CUSTOMER, Slot, with_slot

CODE_LIMITS = "code_limits"
MAX_TRIES = 12

INDEXES = (
    Index(CODE_LIMITS, (("customer_id", 1),), sparse=True),
    Index(CODE_LIMITS, (("expire_time", 1),), expire_after_seconds=0),
)


@dataclass(frozen=True, slots=True)
class Counted:
    """Whose codes are counted together."""

    key: str
    most: int
    customer_id: CustomerId | None = None


def of_customer(customer_id: CustomerId) -> Counted:
    """Count the codes that a customer asked for."""
    return Counted(key=f"customer:{customer_id}", most=MOST_PER_CUSTOMER, customer_id=customer_id)


def of_address(identifier: Identifier) -> Counted:
    """Count the codes that went to an address, whoever asked."""
    return Counted(key=f"address:{hashlib.sha256(identifier.key.encode()).hexdigest()}", most=MOST_PER_ADDRESS)


class CodeLimits:
    """All counts."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._collection = database[CODE_LIMITS]
        self._clock = clock

    async def take(self, counted: Counted, verification_id: str) -> None:
        """Count one code, the same one once. Raises VERIFICATION_LIMIT, or CONFLICT after losing too often."""
        for _ in range(MAX_TRIES):
            with reading():
                found = await self._collection.find_one({"_id": counted.key})
            now = self._clock()
            after = with_slot(_slots(found), Slot(verification_id, now), most=counted.most)
            if not isinstance(after, tuple):
                raise verification_limit(after)
            if await self._write(counted, found, after):
                return
        raise conflict()

    async def give_back(self, counted: Counted, verification_id: str) -> None:
        """Count a code no longer that was refused after all; where others are faster it stays counted for its hour."""
        with reading():
            found = await self._collection.find_one({"_id": counted.key})
        if found is not None:
            kept = tuple(slot for slot in _slots(found) if slot.verification_id != verification_id)
            await self._write(counted, found, kept)

    async def _write(self, counted: Counted, found: Document | None, slots: tuple[Slot, ...]) -> bool:
        fields: Document = {
            "slots": [{"verification_id": slot.verification_id, "time": slot.time} for slot in slots],
            "expire_time": self._clock() + LIMIT_WINDOW,
            "revision": found["revision"] + 1 if found else 1,
        }
        if found is None:
            whose = {"customer_id": counted.customer_id} if counted.customer_id else {}
            return await insert_once(self._collection, {"_id": counted.key, **whose, **fields})
        with reading():
            result = await self._collection.update_one(
                {"_id": counted.key, "revision": found["revision"]}, {"$set": fields}
            )
        return bool(result.matched_count)


def _slots(found: Document | None) -> tuple[Slot, ...]:
    return tuple(Slot(one["verification_id"], one["time"]) for one in found["slots"]) if found else ()
