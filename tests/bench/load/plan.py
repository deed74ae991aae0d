"""What is called, by whom, and what came of it; as JSON between the benchmark and the process that calls."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Self

FIXED = "fixed"
"""Every answer is the same bytes: of the bare references."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """A customer in a visit that goes on."""

    customer_id: str
    session_id: str
    journey_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """Calls of one kind to one address."""

    address: str
    kind: str
    """The name of what is called, in `kinds.py`."""
    visitors: Sequence[Visitor]
    """In whose name is called, in turn."""
    token: str
    expected: Mapping[str, str] = field(default_factory=dict)
    """For each customer an answer, in Base64, that all others must agree with in what they say; of `fixed` the one
    that all must be."""

    def to_json(self) -> str:
        """Give it as a line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read it there."""
        told = json.loads(text)
        return cls(**told | {"visitors": [Visitor(**one) for one in told["visitors"]]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One spell of it."""

    seconds: float
    concurrency: int = 0
    """How many call one after the other, each when it was answered."""
    rate: float = 0.0
    """Or how many calls a second are made, whether or not earlier ones were answered."""

    def to_json(self) -> str:
        """Give it as a line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read it there."""
        return cls(**json.loads(text))

    @property
    def name(self) -> str:
        """Say it in a few words."""
        return f"{self.rate:g} a second" if self.rate else f"{self.concurrency} at once"


@dataclass(slots=True, kw_only=True)
class Told:
    """What came of a spell."""

    wall_seconds: float = 0.0
    calls: int = 0
    wrong: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    turned_away: int = 0
    """How often a call was too much for the server just then, and was made again: its time goes on meanwhile."""
    latencies_ms: list[float] = field(default_factory=list)
    """Of what was answered rightly; with a rate, from when it should have been sent."""

    def to_json(self) -> str:
        """Give it as a line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read it there."""
        return cls(**json.loads(text))


def to_text(answer: bytes) -> str:
    """Write bytes for JSON."""
    return b64encode(answer).decode()


def to_bytes(text: str) -> bytes:
    """Read them back."""
    return b64decode(text)
