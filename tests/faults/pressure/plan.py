"""What a load consists of, and what came of it; as JSON between the test and the process that makes the load."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

READ, PROOF, OPT_OUT = "read", "proof", "opt-out"
"""What everybody waits for, what nobody waits for, and what must not fail, which writes and is seldom."""
USUAL_MIX: Mapping[str, float] = {READ: 0.88, PROOF: 0.1, OPT_OUT: 0.02}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """One spell of calls to preference."""

    address: str
    tokens: Sequence[str]
    """Of the channels that call in turn."""
    customers: Sequence[str]
    seconds: float
    rate: float = 0.0
    """Calls a second, whether answered or not; 0 for workers that wait for their answers."""
    workers: int = 0
    """How many call one after the other, where there is no rate."""
    mix: Mapping[str, float] = field(default_factory=lambda: dict(USUAL_MIX))
    deadline_seconds: float = 2.0
    settle_seconds: float = 1.0
    """What is sent in the beginning is not counted."""
    authority: str = ""
    """The certificate of who signed the suite's; empty for plaintext."""
    seed: int = 1

    def to_json(self) -> str:
        """Give it for the other process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "LoadPlan":
        """Read it there."""
        return cls(**json.loads(text))


@dataclass(slots=True)
class Tally:
    """What became of the calls of one kind."""

    sent: int = 0
    done: int = 0
    """Answered with OK within their deadline."""
    shed: int = 0
    others: dict[str, int] = field(default_factory=dict)
    """By status, what failed in any other way."""
    seconds: list[float] = field(default_factory=list)
    """Of those that were done, from when they should have been sent."""

    @property
    def shed_share(self) -> float:
        """Give how many of them were turned away."""
        return self.shed / self.sent if self.sent else 0.0

    @property
    def lost_share(self) -> float:
        """Give how many of them were not done, turned away or failed in any other way."""
        return 1 - self.done / self.sent if self.sent else 0.0


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What came of a load."""

    seconds: float
    by_kind: Mapping[str, Tally]

    @property
    def goodput(self) -> float:
        """Give how many calls a second were done."""
        return sum(tally.done for tally in self.by_kind.values()) / self.seconds

    @property
    def offered(self) -> float:
        """Give how many a second were sent."""
        return sum(tally.sent for tally in self.by_kind.values()) / self.seconds

    def p(self, share: float, kind: str = "") -> float:
        """Give the seconds within which a share of the calls that were done was answered."""
        tallies = [self.by_kind[kind]] if kind else self.by_kind.values()
        all_seconds = sorted(one for tally in tallies for one in tally.seconds)
        return all_seconds[min(len(all_seconds) - 1, int(len(all_seconds) * share))] if all_seconds else 0.0

    def others(self) -> dict[str, int]:
        """Give what failed in another way than by being turned away."""
        found: dict[str, int] = {}
        for tally in self.by_kind.values():
            for code, count in tally.others.items():
                found[code] = found.get(code, 0) + count
        return found

    def to_json(self) -> str:
        """Give it for the test."""
        return json.dumps({"seconds": self.seconds, "by_kind": {k: asdict(v) for k, v in self.by_kind.items()}})

    @classmethod
    def from_json(cls, text: str) -> "LoadResult":
        """Read it there."""
        told = json.loads(text)
        return cls(told["seconds"], {kind: Tally(**tally) for kind, tally in told["by_kind"].items()})
