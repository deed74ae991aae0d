"""What was used lately is there, within its bounds; what nobody uses any more is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.lately_used import UNUSED_SECONDS, LatelyUsed


class Seconds:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def names(kept: LatelyUsed[str, str]) -> str:
    return "".join(name for name in "abcdef" if kept.find(name))


def test_the_longest_unused_makes_room() -> None:
    kept: LatelyUsed[str, str] = LatelyUsed(most=3)
    for name in "abc":
        kept.keep(name, name)
    assert kept.find("a") == "a"
    kept.keep("d", "d")
    assert (names(kept), len(kept)) == ("acd", 3)


def test_as_many_make_room_as_a_large_one_needs_and_one_that_is_too_large_drives_out_nobody() -> None:
    kept: LatelyUsed[str, str] = LatelyUsed(most_bytes=10, most_of_one=6)
    for name in "abc":
        kept.keep(name, name, size=3)
    kept.keep("d", "d", size=6)
    assert (names(kept), kept.bytes) == ("cd", 9)
    kept.keep("e", "e", size=7)
    assert (names(kept), kept.bytes) == ("cd", 9)
    kept.keep("c", "larger than it was", size=7)
    assert (names(kept), kept.bytes) == ("d", 6)


def test_another_value_takes_the_place_of_the_first() -> None:
    kept: LatelyUsed[str, str] = LatelyUsed(most_bytes=10)
    kept.keep("a", "one", size=6)
    kept.keep("a", "two", size=7)
    assert (kept.find("a"), len(kept), kept.bytes) == ("two", 1, 7)


def test_what_nobody_uses_is_let_go_of() -> None:
    clock, gone = Seconds(), list[str]()
    kept: LatelyUsed[str, str] = LatelyUsed(clock=clock, on_gone=gone.append)
    kept.keep("a", "a", size=1)
    kept.keep("b", "b", size=1)
    clock.now = UNUSED_SECONDS
    assert kept.find("a") == "a"
    clock.now += 1
    assert kept.find("c") is None  # whatever is asked for
    assert (names(kept), gone, kept.bytes) == ("a", ["b"], 1)
    clock.now += UNUSED_SECONDS + 1
    kept.keep("c", "c")
    assert (names(kept), gone) == ("c", ["b", "a"])


@pytest.mark.parametrize(("most", "most_bytes"), [(0, 10), (10, 0)])
def test_with_no_room_nothing_is_kept(most: int, most_bytes: int) -> None:
    kept: LatelyUsed[str, str] = LatelyUsed(most=most, most_bytes=most_bytes)
    assert not kept.keep("a", "a", size=1)
    assert (kept.find("a"), len(kept)) == (None, 0)


STEPS = st.tuples(
    st.sampled_from(["keep", "find", "forget", "wait", "clear"]), st.sampled_from("abcdef"), st.integers(0, 7)
)


@given(st.lists(STEPS, max_size=60))
def test_its_bounds_hold_and_each_that_goes_is_told_once(steps: list[tuple[str, str, int]]) -> None:
    clock, gone, kept_ever = Seconds(), list[int](), 0
    kept: LatelyUsed[str, int] = LatelyUsed(
        most=4, most_bytes=15, most_of_one=6, unused_seconds=10, on_gone=gone.append, clock=clock
    )
    last: dict[str, int] = {}
    for number, (step, name, size) in enumerate(steps):
        if step == "keep":
            kept_ever += kept.keep(name, number, size=size)
            last[name] = number
        elif step == "find":
            assert kept.find(name) in (None, last.get(name))
        elif step == "forget":
            kept.forget(name)
        elif step == "wait":
            clock.now += size
        else:
            kept.clear()
        assert len(kept) <= 4
        assert kept.bytes <= 15
    assert len(gone) == len(set(gone))
    assert len(gone) + len(kept) == kept_ever
