"""What a history may be guilty of."""

from dataclasses import dataclass
from enum import StrEnum

from tests.faults.histories.operations import Operation


class Rule(StrEnum):
    """A promise that can be broken."""

    STALE_READ = "a read that began after an acknowledged write does not see it"
    READ_BACKWARDS = "a channel was told of less than another channel before it"
    CONTEXT_OLDER = "a section of the context is older than what was told of it"
    VERSION_REUSED = "two states have the same version"
    VERSION_BACKWARDS = "a write that began after another was told has no newer version"
    LOST_UPDATE = "an acknowledged write is not there"
    DONE_TWICE = "an acknowledged write was done twice"
    UNKNOWN_TWICE = "a write without an answer was done twice"
    PHANTOM = "what nobody wrote, or not yet, is there"
    GONE = "what was there is gone"


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise."""

    rule: Rule
    operation: Operation
    """Where it shows."""
    detail: str = ""

    def __str__(self) -> str:
        """Say it for people."""
        operation = self.operation
        return f"{self.rule} ({operation.customer} {operation.section}: {operation.told}{self.detail})"
