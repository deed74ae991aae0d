"""Answers that were written before, each for as long as the record it was made of is the very same.

A reader gives the same object where a record has not changed (`decoded.py`): what is made of that alone is the same.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from google.protobuf.message import Message

from libs.mongo.values import Saved, State

Answer = TypeVar("Answer", bound=Message)

MOST_BYTES = 2 * 1024 * 1024
MOST_OF_ONE = 16 * 1024
"""A longer one would drive out many, and is rare."""


class Written(Generic[State, Answer]):
    """What one kind of answer says of each customer's record, encoded; those asked for lately."""

    def __init__(self, write: Callable[[Saved[State]], Answer], *, most_bytes: int = MOST_BYTES) -> None:
        """`write` is pure: what it gives depends on the record and on nothing else."""
        self._write = write
        self._most_bytes = most_bytes
        self._bytes = 0
        self._written: OrderedDict[str, tuple[Saved[State], type[Answer], bytes]] = OrderedDict()

    def of(self, saved: Saved[State]) -> Answer:
        """Give a message of the caller's own: written anew, where another record of this customer was written last."""
        known = self._written.get(saved.customer_id)
        if known is not None and known[0] is saved:
            self._written.move_to_end(saved.customer_id)
            _, kind, encoded = known
            return kind.FromString(encoded)
        answer = self._write(saved)
        self._keep(saved, answer)
        return answer

    def _keep(self, saved: Saved[State], answer: Answer) -> None:
        if (older := self._written.pop(saved.customer_id, None)) is not None:
            self._bytes -= len(older[2])
        encoded = answer.SerializeToString()
        if len(encoded) > MOST_OF_ONE:
            return
        self._written[saved.customer_id] = (saved, type(answer), encoded)
        self._bytes += len(encoded)
        while self._bytes > self._most_bytes:
            _, (_, _, oldest) = self._written.popitem(last=False)
            self._bytes -= len(oldest)
