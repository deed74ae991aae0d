"""What documents were when they were read before: the same bytes mean the same record, so they are not read twice.

A customer who is looked at a page at a time has a record that seldom changes between two looks, and decoding it costs
more than asking for it. Nothing can be stale here: MongoDB is asked each time, and what it answers is compared whole.
"""

from typing import Generic

from libs.lately_used import LatelyUsed
from libs.mongo.values import Saved, State

MOST_BYTES = 2 * 1024 * 1024
"""Of documents as MongoDB sends them; decoded they take some ten times as much."""
MOST_OF_ONE = 16 * 1024
"""A longer one would drive out many, and is rare."""


class Decoded(Generic[State]):
    """The records of documents that were read lately."""

    def __init__(self, *, most_bytes: int = MOST_BYTES) -> None:
        self._saved: LatelyUsed[bytes, Saved[State]] = LatelyUsed(most_bytes=most_bytes, most_of_one=MOST_OF_ONE)

    def find(self, document: bytes) -> Saved[State] | None:
        """Give what these bytes were, None where that is not known."""
        return self._saved.find(document)

    def keep(self, document: bytes, saved: Saved[State]) -> None:
        """Remember what these bytes are; the longest unused make room."""
        self._saved.keep(document, saved, size=len(document))
