"""Keeps what all clients did, by one clock, in bounded memory."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from tests.faults.histories.operations import Operation, Section

MOST_OPERATIONS = 200_000


class HistoryFull(Exception):
    """More operations than a history is for."""


class Recorder:
    """One history. What several answers showed alike is kept once: memory grows with states, not with reads."""

    def __init__(self, now: Callable[[], float], *, most_operations: int = MOST_OPERATIONS) -> None:
        self.now = now
        self._most_operations = most_operations
        self._states: dict[tuple[str, Section, int | None, frozenset[tuple[str, int]]], Mapping[str, int]] = {}
        self.history: list[Operation] = []

    def note(self, operation: Operation) -> None:
        """Keep one operation. Raises HistoryFull."""
        if len(self.history) >= self._most_operations:
            raise HistoryFull(f"{self._most_operations} operations")
        if operation.seen is not None:
            key = (operation.customer, operation.section, operation.version, frozenset(operation.seen.items()))
            operation = replace(operation, seen=self._states.setdefault(key, operation.seen))
        self.history.append(operation)

    @property
    def states(self) -> int:
        """How many distinct states are kept."""
        return len(self._states)
