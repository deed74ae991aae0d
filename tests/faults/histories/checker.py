"""Checks a whole history: per customer and section, in time that grows like its length, and with a bounded report."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice

from tests.faults.histories.contents import check_contents
from tests.faults.histories.operations import Kind, Operation, Section
from tests.faults.histories.order import check_order
from tests.faults.histories.violations import Violation

MOST_VIOLATIONS = 100
"""The rest is not reported: one is too many."""


def check(history: Iterable[Operation]) -> list[Violation]:
    """Give what is wrong, at most 100 things; nothing where all promises were kept."""
    return list(islice(_violations(history), MOST_VIOLATIONS))


def _violations(history: Iterable[Operation]) -> Iterator[Violation]:
    parts: dict[tuple[str, Section], list[Operation]] = defaultdict(list)
    for operation in history:
        parts[operation.customer, operation.section].append(operation)
    marks = {part: _marks(operations) for part, operations in parts.items()}
    for (customer, section), operations in parts.items():
        yield from check_order(operations)
        writers = marks[customer, section]
        if section is Section.JOURNEY:
            writers = {**marks.get((customer, Section.CART), {}), **writers}
        yield from check_contents(operations, writers, section)


def _marks(operations: Iterable[Operation]) -> dict[str, Operation]:
    return {one.mark: one for one in operations if one.kind is Kind.WRITE}
