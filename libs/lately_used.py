"""What was used lately, within bounds: the longest unused makes room, and what nobody uses is let go of soon.

For what is costly to make anew, and may be made anew at any time. It may hold what belongs to a person: nothing stays
here for long after it was last asked for, so that who is forgotten is forgotten here too.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

UNUSED_SECONDS = 300.0


@dataclass(slots=True)
class _Held(Generic[Value]):
    value: Value
    size: int
    used: float


class LatelyUsed(Generic[Key, Value]):
    """Values by their keys, in the order in which they were used last."""

    def __init__(
        self,
        *,
        most: float = math.inf,
        most_bytes: float = math.inf,
        most_of_one: float = math.inf,
        unused_seconds: float = UNUSED_SECONDS,
        on_gone: Callable[[Value], None] = lambda _value: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """At most `most` values and `most_bytes`; one larger than `most_of_one` is not taken, since it drives out many.

        `on_gone` is told of each that was kept and is let go of, whatever for.
        """
        self._most = most
        self._most_bytes = most_bytes
        self._most_of_one = min(most_of_one, most_bytes)
        self._unused_seconds = unused_seconds
        self._on_gone = on_gone
        self._clock = clock
        self._held: OrderedDict[Key, _Held[Value]] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._held)

    def find(self, key: Key) -> Value | None:
        """Give the value that was kept under a key, None where there is none any more."""
        now = self._let_go_of_unused()
        held = self._held.get(key)
        if held is None:
            return None
        held.used = now
        self._held.move_to_end(key)
        return held.value

    def keep(self, key: Key, value: Value, *, size: int = 0) -> bool:
        """Keep a value under a key, in place of the one that had it, and say whether there is room for it.

        The longest unused make room.
        """
        now = self._let_go_of_unused()
        self.forget(key)
        if size > self._most_of_one or not self._most:
            return False
        self._held[key] = _Held(value, size, now)
        self.bytes += size
        while len(self._held) > self._most or self.bytes > self._most_bytes:
            self.forget(next(iter(self._held)))
        return True

    def forget(self, key: Key) -> None:
        """Let go of what is kept under a key, if anything is."""
        held = self._held.pop(key, None)
        if held is not None:
            self.bytes -= held.size
            self._on_gone(held.value)

    def clear(self) -> None:
        """Let go of all."""
        for key in tuple(self._held):
            self.forget(key)

    def _let_go_of_unused(self) -> float:
        now = self._clock()
        while self._held:
            key = next(iter(self._held))
            if now - self._held[key].used <= self._unused_seconds:
                break
            self.forget(key)
        return now
