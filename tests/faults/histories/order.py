"""Whether versions keep to the order in which things happened: unique, and never older than what somebody was told."""

import heapq
from collections.abc import Iterator, Sequence

from tests.faults.histories.operations import Kind, Operation, Outcome, Via
from tests.faults.histories.violations import Rule, Violation


def check_order(operations: Sequence[Operation]) -> Iterator[Violation]:
    """Check the operations of one section of one customer, in any order. O(n log n)."""
    told = [one for one in operations if one.outcome is Outcome.OK and one.version is not None]
    yield from _unique(told)
    answered: list[tuple[float, int]] = []
    newest: Operation | None = None
    in_order = sorted(told, key=lambda one: one.invoked)
    for place, operation in enumerate(in_order):
        while answered and answered[0][0] < operation.invoked:
            before = in_order[heapq.heappop(answered)[1]]
            if newest is None or _version(before) > _version(newest):
                newest = before
        if newest is not None and (rule := _broken(newest, operation)):
            yield Violation(rule, operation, f", after {newest.told}")
        heapq.heappush(answered, (operation.returned, place))


def _unique(told: Sequence[Operation]) -> Iterator[Violation]:
    made: dict[int, Operation] = {}
    for operation in told:
        if operation.kind is Kind.WRITE and operation.exact:
            other = made.setdefault(_version(operation), operation)
            if other is not operation:
                yield Violation(Rule.VERSION_REUSED, operation, f", and {other.told}")


def _broken(before: Operation, after: Operation) -> Rule | None:
    """Name what is broken where `before` was answered before `after` began."""
    if after.kind is Kind.WRITE:
        return Rule.VERSION_BACKWARDS if _version(after) <= _version(before) else None
    if _version(after) >= _version(before):
        return None
    if after.via is Via.CONTEXT:
        return Rule.CONTEXT_OLDER
    return Rule.STALE_READ if before.kind is Kind.WRITE else Rule.READ_BACKWARDS


def _version(operation: Operation) -> int:
    assert operation.version is not None  # only such are looked at here
    return operation.version
