"""A share of what takes long is of every file, is the same for the same seed, and has all of what is always tried."""

import pytest

from tests.long_tests import left_out, share

FEW = [f"tests/a/test_few.py::test_{number}" for number in range(2)]
MANY = [f"tests/a/test_many.py::test_{number}" for number in range(40)]
ALWAYS = [f"tests/release/test_all.py::test_{number}" for number in range(3)]
ALL = [*FEW, *MANY, *ALWAYS]


def test_a_share_is_of_each_file() -> None:
    lefts = [left_out(ALL, share=0.25, seed=number) for number in range(400)]
    assert {len(left.intersection(MANY)) for left in lefts} == {30}
    assert {len(left.intersection(FEW)) for left in lefts} == {1, 2}
    assert 150 < sum(len(left.intersection(FEW)) == 1 for left in lefts) < 250
    assert set.union(*lefts).intersection(ALWAYS) == set()


def test_a_seed_repeats_a_choice_and_another_makes_another() -> None:
    assert left_out(ALL, share=0.25, seed=1) == left_out(ALL, share=0.25, seed=1)
    assert left_out(ALL, share=0.25, seed=1) != left_out(ALL, share=0.25, seed=2)


def test_in_time_each_is_chosen() -> None:
    assert set.intersection(*(left_out(ALL, share=0.25, seed=number) for number in range(60))) == set()


def test_all_leaves_nothing_out() -> None:
    assert left_out(ALL, share=1, seed=1) == set()


@pytest.mark.parametrize("given", ["0", "-1", "1.1"])
def test_a_share_is_above_nothing_and_at_most_all(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNITHREAD_LONG_SHARE", given)
    with pytest.raises(ValueError, match="not above 0 and at most 1"):
        share()
