"""The checker passes histories that keep the promises, finds every planted bug, and copes with long histories."""

import random
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faults.histories.checker import MOST_VIOLATIONS, check
from tests.faults.histories.operations import Kind, Operation, Section
from tests.faults.histories.planted import PLANTED
from tests.faults.histories.recorder import HistoryFull, Recorder
from tests.faults.histories.violations import Rule
from tests.faults.histories.world import World
from tests.faults.results import note
from tests.faults.seeds import seed

SEEDS = st.integers(0, 2**32)


def made(chance: int, *, clients: int = 4, customers: int = 2, operations: int = 40, bug: Rule | None = None) -> World:
    """Give a history of clients that overlap, with a bug in the midst of it or none."""
    world = World(random.Random(chance), clients=clients, customers=customers)
    world.run(operations)
    if bug is not None:
        PLANTED[bug](world, "cus_0")
        world.run(operations)
    world.read_all()
    world.chance.shuffle(world.history)
    return world


@given(SEEDS, st.integers(1, 16), st.integers(1, 4), st.integers(0, 120))
@settings(max_examples=150)
def test_a_history_that_keeps_the_promises_passes(chance: int, clients: int, customers: int, operations: int) -> None:
    assert [
        str(one) for one in check(made(chance, clients=clients, customers=customers, operations=operations).history)
    ] == []


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.name.lower())
@given(SEEDS, st.integers(0, 60))
@settings(max_examples=50)
def test_every_planted_bug_is_found(bug: Rule, chance: int, operations: int) -> None:
    found = {violation.rule for violation in check(made(chance, operations=operations, bug=bug).history)}
    assert bug in found


def test_ten_of_ten_planted_bugs_are_found() -> None:
    found = [bug for bug in PLANTED if bug in {one.rule for one in check(made(seed(), bug=bug).history)}]
    figure = f"the checker finds {len(found)} of {len(PLANTED)} planted bugs"
    note("histories", seed=seed(), done=len(PLANTED), wanted="10 of 10", found=figure, ok=len(found) == 10)


def test_a_history_of_twenty_thousand_operations_is_checked_in_seconds_and_in_bounded_memory() -> None:
    world = made(7, clients=16, customers=100, operations=20_000)
    tracemalloc.start()
    begun = time.process_time()
    assert check(world.history) == []
    seconds = time.process_time() - begun
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 20
    assert most_bytes < 64 * 1024 * 1024


def test_a_history_that_is_wrong_everywhere_is_told_of_in_bounded_length() -> None:
    wrong = [operation for operation in made(3, operations=400).history if not operation.mark]
    assert len(check(wrong)) == MOST_VIOLATIONS


def test_what_many_were_told_alike_is_kept_once_and_a_full_history_says_so() -> None:
    kept = Recorder(lambda: 0.0, most_operations=50)
    operations = made(5, operations=200).history
    alike = next(one for one in operations if one.seen)
    for _ in range(50):
        kept.note(
            Operation(**{name: getattr(alike, name) for name in Operation.__slots__} | {"seen": dict(alike.seen or {})})
        )
    assert kept.states == 1
    assert len({id(one.seen) for one in kept.history}) == 1
    with pytest.raises(HistoryFull):
        kept.note(alike)


def test_a_journey_without_an_article_that_was_acknowledged_before_is_found() -> None:
    world = World(random.Random(1), clients=2, customers=1)
    mark = world.write(0, "cus_0", Section.CART)
    world.note(1, "cus_0", Section.JOURNEY, Kind.READ, world.now, world.now + 1, seen={mark: 1})
    assert check(world.history) == []
    world.note(1, "cus_0", Section.JOURNEY, Kind.READ, world.now, world.now + 1, seen={})
    world.note(1, "cus_0", Section.JOURNEY, Kind.READ, world.now, world.now + 1, seen={mark: 2})
    assert [one.rule for one in check(world.history)] == [Rule.DONE_TWICE, Rule.LOST_UPDATE]
