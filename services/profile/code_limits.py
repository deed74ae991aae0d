"""Counts the codes of the last hour, by customer and by address, each count in a document that vanishes by itself.

An address is kept as its hash: nobody has to be remembered for having been asked.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from libs.clock import Clock
from libs.errors import conflict
from libs.mongo.connection import Database, Document
from libs.mongo.migrate import Index
from libs.mongo.revised import RevisedDocuments
from libs.one_time_codes import Slot, with_slot
from services.profile.errors import verification_limit
from services.profile.model import CustomerId, Identifier
from services.profile.verification import LIMIT_WINDOW, MOST_PER_ADDRESS, MOST_PER_CUSTOMER

CODE_LIMITS = "code_limits"

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
        self._counts = RevisedDocuments(database[CODE_LIMITS], lifetime=LIMIT_WINDOW, clock=clock)
        self._clock = clock

    async def take(self, counted: Counted, verification_id: str) -> None:
        """Count one code, the same one once. Raises VERIFICATION_LIMIT, or CONFLICT after losing too often."""

        def decide(found: Document | None) -> Document:
            after = with_slot(
                _slots(found), Slot(verification_id, self._clock()), most=counted.most, window=LIMIT_WINDOW
            )
            if not isinstance(after, tuple):
                raise verification_limit(after)
            return _fields(after)

        whose = {"customer_id": counted.customer_id} if counted.customer_id else {}
        if not await self._counts.change(counted.key, decide, first=whose):
            raise conflict()

    async def give_back(self, counted: Counted, verification_id: str) -> None:
        """Count a code no longer that was refused after all; where others are faster it stays counted for its hour."""

        def decide(found: Document | None) -> Document | None:
            kept = tuple(slot for slot in _slots(found) if slot.name != verification_id)
            return _fields(kept) if found is not None else None

        await self._counts.change(counted.key, decide, tries=1)


def _slots(found: Document | None) -> tuple[Slot, ...]:
    return tuple(Slot(one["verification_id"], one["time"]) for one in found["slots"]) if found else ()


def _fields(slots: Sequence[Slot]) -> Document:
    return {"slots": [{"verification_id": slot.name, "time": slot.time} for slot in slots]}
