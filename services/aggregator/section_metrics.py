"""Counts sections that an answer had to do without, for whoever watches the installation."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter

from omnithread.context.v1.context_pb2 import Section, SectionProblemReason
from services.aggregator.context import Problem


class SectionMetrics:
    """The counter `omnithread_sections_missing_total`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counter = Counter(
            "omnithread_sections_missing",
            "Sections that a context named as missing, withheld or behind, by section and reason.",
            ["section", "reason"],
            registry=registry,
        )

    def count(self, problems: Iterable[Problem]) -> None:
        """Count what one context had to say."""
        for problem in problems:
            section = Section.Name(Section.ValueType(problem.section)).removeprefix("SECTION_")
            reason = SectionProblemReason.Name(SectionProblemReason.ValueType(problem.reason))
            self._counter.labels(section, reason.removeprefix("SECTION_PROBLEM_REASON_")).inc()
