"""Ratios are made round by round, and a round with a wrong answer does not count."""

import math

import pytest

from tests.bench.figures import Figure, ratio, value
from tests.bench.spells import Spell, cpu_ms, cpu_ms_with_all, merged, p50_ms, p99_ms


def _spell(cpu_seconds: float, *, calls: int = 100, wrong: int = 0, failed: dict[str, int] | None = None) -> Spell:
    return Spell(
        calls=calls,
        wrong=wrong,
        failed=failed or {},
        wall_seconds=2.0,
        latencies_ms=[float(number) for number in range(1, 101)],
        cpu_seconds={"cart": cpu_seconds / 2, "profile": cpu_seconds / 2},
        apart_seconds={"stub": 0.1},
    )


def _ratio(subject: list[Spell], reference: list[Spell], goal: float | None = 1.3) -> Figure:
    return ratio(
        "row",
        "name",
        subject=subject,
        reference=reference,
        quantity=cpu_ms,
        told_as="ms",
        against="bare",
        goal=goal,
    )


def test_each_round_is_compared_with_itself_and_the_median_tells() -> None:
    figure = _ratio([_spell(0.2), _spell(0.9), _spell(0.24)], [_spell(0.1), _spell(0.3), _spell(0.2)])
    assert figure.rounds == pytest.approx([2.0, 3.0, 1.2])
    assert figure.middle == pytest.approx(2.0)
    assert figure.spread == pytest.approx(0.8)
    assert figure.is_met is False


def test_the_cpu_of_a_call_is_that_of_all_processes_and_a_stub_is_told_apart() -> None:
    assert cpu_ms(_spell(0.2)) == pytest.approx(2.0)
    assert cpu_ms_with_all(_spell(0.2)) == pytest.approx(3.0)


def test_two_spells_at_the_same_time_are_one_of_all_their_calls() -> None:
    both = merged([_spell(0.2), _spell(0.4, calls=200, wrong=1, failed={"UNAVAILABLE": 2})])
    assert (both.calls, both.wrong, both.failed) == (300, 1, {"UNAVAILABLE": 2})
    assert both.rate == pytest.approx(150)
    assert cpu_ms(both) == pytest.approx(2.0)
    assert both.apart_seconds == pytest.approx({"stub": 0.2})


def test_percentiles_are_of_what_was_answered() -> None:
    assert p50_ms(_spell(0.1)) == 51.0
    assert p99_ms(_spell(0.1)) == 100.0


@pytest.mark.parametrize(
    "bad", [_spell(0.2, wrong=1), _spell(0.2, failed={"UNAVAILABLE": 2}), _spell(0.0, calls=0)], ids=str
)
def test_a_round_that_went_wrong_on_either_side_does_not_count(bad: Spell) -> None:
    for figure in (_ratio([_spell(0.2), bad], [_spell(0.1)] * 2), _ratio([_spell(0.2)] * 2, [_spell(0.1), bad])):
        assert len(figure.rounds) == 1
        assert figure.void == 1


def test_what_went_wrong_is_said() -> None:
    figure = _ratio([_spell(0.2, wrong=3, failed={"ABORTED": 1})], [_spell(0.1, failed={"ABORTED": 2})])
    assert figure.notes["wrong answers"] == 3
    assert figure.notes["failed calls"] == {"ABORTED": 3}
    assert math.isnan(figure.middle)
    assert figure.is_met is False


def test_nobody_is_judged_without_a_goal() -> None:
    assert _ratio([_spell(0.2)], [_spell(0.1)], goal=None).is_met is None


def test_of_some_things_more_is_better() -> None:
    assert value("row", "rate", rounds=[6000.0], unit="a second", goal=5000, at_least=True).is_met is True
    assert value("row", "rate", rounds=[4000.0], unit="a second", goal=5000, at_least=True).is_met is False
