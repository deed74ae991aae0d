"""Answers that were written before, each for as long as what it was made of is the very same.

A reader of records gives the same object where nothing has changed: what is made of that alone is the same.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from google.protobuf.message import Message

Thing = TypeVar("Thing")
Answer = TypeVar("Answer", bound=Message)

MOST_BYTES = 2 * 1024 * 1024
MOST_OF_ONE = 16 * 1024
"""A longer one would drive out many, and is rare."""


class Written(Generic[Thing, Answer]):
    """What one kind of answer says of things that have names, encoded; those asked for lately."""

    def __init__(self, write: Callable[[Thing], Answer], *, most_bytes: int = MOST_BYTES) -> None:
        """`write` is pure: what it gives depends on the thing and on nothing else."""
        self._write = write
        self._most_bytes = most_bytes
        self._bytes = 0
        self._written: OrderedDict[str, tuple[Thing, type[Answer], bytes]] = OrderedDict()

    def of(self, name: str, thing: Thing) -> Answer:
        """Give a message of the caller's own: written anew, where another thing had this name last."""
        known = self._written.get(name)
        if known is not None and known[0] is thing:
            self._written.move_to_end(name)
            _, kind, encoded = known
            return kind.FromString(encoded)
        answer = self._write(thing)
        self._keep(name, thing, answer)
        return answer

    def _keep(self, name: str, thing: Thing, answer: Answer) -> None:
        if (older := self._written.pop(name, None)) is not None:
            self._bytes -= len(older[2])
        encoded = answer.SerializeToString()
        if len(encoded) > MOST_OF_ONE:
            return
        self._written[name] = (thing, type(answer), encoded)
        self._bytes += len(encoded)
        while self._bytes > self._most_bytes:
            _, (_, _, oldest) = self._written.popitem(last=False)
            self._bytes -= len(oldest)
