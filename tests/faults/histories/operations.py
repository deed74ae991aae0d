"""One thing that one client did: what it asked, when it asked and was answered, and what it was told."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum


class Kind(Enum):
    """Whether something was to change."""

    WRITE = "write"
    READ = "read"


class Outcome(Enum):
    """What the client knows of it."""

    OK = "ok"
    REFUSED = "refused"
    """Nothing was done."""
    UNKNOWN = "unknown"
    """No answer came: it was done once, at any time since, or never."""


class Via(Enum):
    """Whom the client asked."""

    SERVICE = "service"
    """The one that owns what is asked for."""
    CONTEXT = "context"
    """The aggregator, for the customer context."""


class Section(StrEnum):
    """What of a customer the operation is about. Each has one order of versions."""

    CART = "cart"
    """Writes add to it: an article with the write's mark as its number."""
    PREFERENCES = "preferences"
    """Writes replace it: the one interest that the customer has."""
    JOURNEY = "journey"
    """Writes add to it, and so do those of the cart."""

    @property
    def replaces(self) -> bool:
        """Whether a write takes the place of the one before it."""
        return self is Section.PREFERENCES


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of one client."""

    client: int
    channel: str
    customer: str
    section: Section
    kind: Kind
    invoked: float
    """Seconds, by the one monotonic clock of all clients; of a call that was sent again, the first time."""
    returned: float
    """When the answer came; of one that never came, when the client gave up."""
    outcome: Outcome
    via: Via = Via.SERVICE
    mark: str = ""
    """What a write leaves behind, which no other write does."""
    version: int | None = None
    """Of the record, as the answer said; None where it said none."""
    exact: bool = True
    """Whether a write's version is the one that it made: the answer to a write that had been done says a newer one."""
    seen: Mapping[str, int] | None = None
    """Which marks the answer showed, and how often each; None where it did not show them."""
    sent: int = 1
    """How often the request was sent."""

    @property
    def told(self) -> str:
        """In short, for people."""
        version = "" if self.version is None else f" version {self.version}"
        mark = f" {self.mark}" if self.mark else ""
        return f"{self.kind.value}{mark} on {self.channel} by way of the {self.via.value}{version}"
