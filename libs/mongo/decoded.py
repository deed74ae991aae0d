"""What documents were when they were read before: the same bytes mean the same record, so they are not read twice.

A customer who is looked at a page at a time has a record that seldom changes between two looks, and decoding it costs
more than asking for it. Nothing can be stale here: MongoDB is asked each time, and what it answers is compared whole.
"""

from collections import OrderedDict
from typing import Generic

from libs.mongo.values import Saved, State

MOST_BYTES = 2 * 1024 * 1024
"""Of documents as MongoDB sends them; decoded they take some ten times as much."""
MOST_OF_ONE = 16 * 1024
"""A longer one would drive out many, and is rare."""


class Decoded(Generic[State]):
    """The records of documents that were read lately, the newest at the end."""

    def __init__(self, *, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._saved: OrderedDict[bytes, Saved[State]] = OrderedDict()

    def find(self, document: bytes) -> Saved[State] | None:
        """Give what these bytes were, None where that is not known."""
        saved = self._saved.get(document)
        if saved is not None:
            self._saved.move_to_end(document)
        return saved

    def keep(self, document: bytes, saved: Saved[State]) -> None:
        """Remember what these bytes are; the oldest make room."""
        if len(document) > MOST_OF_ONE or document in self._saved:
            return
        self._saved[document] = saved
        self._bytes += len(document)
        while self._bytes > self._most_bytes:
            oldest, _ = self._saved.popitem(last=False)
            self._bytes -= len(oldest)
