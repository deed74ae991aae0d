"""Counts how often an address is asked for a confirmation, whoever says that it is theirs: strangers are not bombed.

An address is kept as its hash, for a day. Whoever asks is not told that it is enough: it is counted, and nothing goes.
"""

import hashlib

from prometheus_client import CollectorRegistry, Counter

from libs.clock import Clock
from libs.mongo.connection import Database, Document
from libs.mongo.migrate import Index
from libs.mongo.revised import RevisedDocuments
from libs.one_time_codes import Slot, with_slot
from services.preference.confirming.model import LIMIT_WINDOW, MOST_PER_ADDRESS
from services.preference.values import ConsentKey

CONFIRMATION_LIMITS = "confirmation_limits"
INDEXES = (Index(CONFIRMATION_LIMITS, (("expire_time", 1),), expire_after_seconds=0),)


class ConfirmationLimits:
    """All counts."""

    def __init__(self, database: Database, *, clock: Clock, registry: CollectorRegistry) -> None:
        self._counts = RevisedDocuments(database[CONFIRMATION_LIMITS], lifetime=LIMIT_WINDOW, clock=clock)
        self._clock = clock
        self._counter = Counter(
            "omnithread_consent_confirmations",
            "Confirmations of a yes that were wanted, by outcome: asked or held_back.",
            ["outcome"],
            registry=registry,
        )

    async def take(self, key: ConsentKey, name: str) -> bool:
        """Count one question to the address, the same one once; False where it has been asked enough for today."""
        enough = False

        def decide(found: Document | None) -> Document | None:
            nonlocal enough
            slots = tuple(Slot(one["name"], one["time"]) for one in found["slots"]) if found else ()
            after = with_slot(slots, Slot(name, self._clock()), most=MOST_PER_ADDRESS, window=LIMIT_WINDOW)
            enough = not isinstance(after, tuple)
            if not isinstance(after, tuple):
                return None
            return {"slots": [{"name": slot.name, "time": slot.time} for slot in after]}

        address = hashlib.sha256(f"{key.delivery_kind}\0{key.contact_point}".encode()).hexdigest()
        written = await self._counts.change(address, decide)
        may_ask = written and not enough
        self._counter.labels("asked" if may_ask else "held_back").inc()
        return may_ask
