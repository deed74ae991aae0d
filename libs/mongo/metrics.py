"""What is counted of conditional writes, by collection: how often they lose a race, and how often that is given up."""

from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter


@dataclass(frozen=True, slots=True)
class LoopMetrics:
    """Of one collection."""

    written: Counter
    lost_race: Counter
    unknown: Counter
    given_up: Callable[[str], None]
    """Counts a command that was given up, with its reason."""


class WriteMetrics:
    """Of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._tries = Counter(
            "omnithread_write_tries",
            "Conditional writes by how they ended: WRITTEN, LOST_RACE (run again), UNKNOWN (no answer; run again).",
            ["collection", "outcome"],
            registry=registry,
        )
        self._given_up = Counter(
            "omnithread_writes_given_up",
            "Commands that were given up: CONFLICT after too many lost races, OUTCOME_UNKNOWN without an answer.",
            ["collection", "reason"],
            registry=registry,
        )

    def of(self, collection: str) -> LoopMetrics:
        """Give those of one collection."""
        return LoopMetrics(
            written=self._tries.labels(collection, "WRITTEN"),
            lost_race=self._tries.labels(collection, "LOST_RACE"),
            unknown=self._tries.labels(collection, "UNKNOWN"),
            given_up=lambda reason: self._given_up.labels(collection, reason).inc(),
        )
