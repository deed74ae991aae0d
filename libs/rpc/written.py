"""Answers that were written before, each for as long as what it was made of is the very same.

A reader of records gives the same object where nothing has changed: what is made of that alone is the same.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from google.protobuf.message import Message

from libs.lately_used import LatelyUsed

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
        self._written: LatelyUsed[str, tuple[Thing, type[Answer], bytes]] = LatelyUsed(
            most_bytes=most_bytes, most_of_one=MOST_OF_ONE
        )

    def of(self, name: str, thing: Thing) -> Answer:
        """Give a message of the caller's own: written anew, where another thing had this name last."""
        known = self._written.find(name)
        if known is not None and known[0] is thing:
            _, kind, encoded = known
            return kind.FromString(encoded)
        answer = self._write(thing)
        encoded = answer.SerializeToString()
        self._written.keep(name, (thing, type(answer), encoded), size=len(encoded))
        return answer
