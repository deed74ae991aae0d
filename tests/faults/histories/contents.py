"""Whether what was shown is what was written: nothing lost, nothing twice, nothing from nowhere, nothing gone again."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from tests.faults.histories.operations import Kind, Operation, Outcome, Section
from tests.faults.histories.violations import Rule, Violation

Writers = Mapping[str, Operation]
"""Who wrote each mark."""


def check_contents(operations: Sequence[Operation], writers: Writers, section: Section) -> Iterator[Violation]:
    """Check what the operations of one section of one customer showed; `writers` are all who could leave marks there.

    Every distinct state is looked at once: what that costs grows with the states, not with the reads.
    """
    shown = [one for one in operations if one.outcome is Outcome.OK and one.seen is not None]
    for operation in shown:
        yield from _each(operation, writers)
    with_version = [one for one in shown if one.version is not None]
    yield from (_replaced if section.replaces else _added)(_states(with_version), writers)
    yield from _same(with_version)
    for operation in shown:
        if operation.version is None:
            yield from _all_there(operation, writers)


def _each(operation: Operation, writers: Writers) -> Iterator[Violation]:
    for mark, count in _seen(operation).items():
        writer = writers.get(mark)
        if writer is None or writer.outcome is Outcome.REFUSED or writer.invoked > operation.returned:
            yield Violation(Rule.PHANTOM, operation, f", shows {mark}")
        elif count > 1:
            unanswered = writer.outcome is Outcome.UNKNOWN
            yield Violation(Rule.UNKNOWN_TWICE if unanswered else Rule.DONE_TWICE, operation, f", {count} x {mark}")


def _states(shown: Sequence[Operation]) -> list[Operation]:
    """Give one operation for each version, in the order of versions."""
    found: dict[int, Operation] = {}
    for operation in shown:
        found.setdefault(operation.version or 0, operation)
    return [found[version] for version in sorted(found)]


def _same(shown: Sequence[Operation]) -> Iterator[Violation]:
    first: dict[int | None, Operation] = {}
    for operation in shown:
        other = first.setdefault(operation.version, operation)
        if other.seen is not operation.seen and other.seen != operation.seen:
            yield Violation(Rule.VERSION_REUSED, operation, f", otherwise told to {other.told}")


def _added(states: Sequence[Operation], writers: Writers) -> Iterator[Violation]:
    """Check that each state has what the one before had, and what was written with its version or an earlier one."""
    due = sorted(_acknowledged(writers), key=lambda writer: writer.version or 0)
    before: AbstractSet[str] = frozenset()
    place = 0
    for state in states:
        there = _seen(state).keys()
        for mark in before - there:
            lost = writers[mark].outcome is Outcome.OK if mark in writers else False
            yield Violation(Rule.LOST_UPDATE if lost else Rule.GONE, state, f", lacks {mark}")
        while place < len(due) and (due[place].version or 0) <= (state.version or 0):
            if due[place].mark not in there | before:
                yield Violation(Rule.LOST_UPDATE, state, f", lacks {due[place].mark}")
            place += 1
        for mark in there - before:
            writer = writers.get(mark)
            if writer is not None and writer.exact and (writer.version or 0) > (state.version or 0):
                yield Violation(Rule.PHANTOM, state, f", shows {mark} of version {writer.version}")
        before = there


def _replaced(states: Sequence[Operation], writers: Writers) -> Iterator[Violation]:
    """Check that each state shows the newest write up to its version, or one whose own version nobody knows."""
    made = sorted((one for one in _acknowledged(writers) if one.exact), key=lambda writer: writer.version or 0)
    newest: Operation | None = None
    over = 0
    """Up to this version, all writes of a known version were replaced by one of an unknown one."""
    place = 0
    for state in states:
        version = state.version or 0
        while place < len(made) and (made[place].version or 0) <= version:
            newest = made[place]
            place += 1
        marks = _seen(state)
        if len(marks) > 1:
            yield Violation(Rule.PHANTOM, state, f", shows {len(marks)} at once")
        mark = next(iter(marks), "")
        writer = writers.get(mark)
        if writer is not None and (not writer.exact or writer.outcome is Outcome.UNKNOWN):
            over = version
        elif writer is not newest and (mark == "" or writer is not None):
            ahead = writer is not None and (writer.version or 0) > version
            yield Violation(Rule.PHANTOM if ahead else Rule.LOST_UPDATE, state, f", shows {mark or 'nothing'}")
        elif newest is not None and (newest.version or 0) <= over:
            yield Violation(Rule.GONE, state, f", shows {mark} again")


def _all_there(operation: Operation, writers: Writers) -> Iterator[Violation]:
    """Check a whole list without a version: all that was acknowledged before it was asked for."""
    seen = _seen(operation)
    for writer in _acknowledged(writers):
        if writer.returned < operation.invoked and writer.mark not in seen:
            yield Violation(Rule.LOST_UPDATE, operation, f", lacks {writer.mark}")


def _acknowledged(writers: Writers) -> list[Operation]:
    return [one for one in writers.values() if one.kind is Kind.WRITE and one.outcome is Outcome.OK]


def _seen(operation: Operation) -> Mapping[str, int]:
    assert operation.seen is not None  # only such are looked at here
    return operation.seen
