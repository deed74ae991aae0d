"""Sides are measured in turns, each warmed up before."""

import pytest

from tests.bench.rounds import Effort, in_turns, turns


def test_sides_take_turns() -> None:
    assert [name for _, name in turns("AB", 3)] == list("ABABAB")


async def test_all_are_warmed_up_before_any_is_measured_and_what_that_gave_is_thrown_away() -> None:
    taken: list[tuple[str, float]] = []

    async def ours(seconds: float) -> int:
        taken.append(("ours", seconds))
        return len(taken)

    async def theirs(seconds: float) -> int:
        taken.append(("theirs", seconds))
        return len(taken)

    found = await in_turns({"ours": ours, "theirs": theirs}, Effort(rounds=2, seconds=5.0, warm_seconds=1.0))
    assert taken == [
        ("ours", 1.0),
        ("theirs", 1.0),
        ("ours", 5.0),
        ("theirs", 5.0),
        ("ours", 5.0),
        ("theirs", 5.0),
    ]
    assert found["ours"] == [3, 5]
    assert found["theirs"] == [4, 6]


async def test_a_failure_ends_the_measuring() -> None:
    async def fails(_seconds: float) -> int:
        raise RuntimeError("gone")

    with pytest.raises(RuntimeError, match="gone"):
        await in_turns({"ours": fails}, Effort())
