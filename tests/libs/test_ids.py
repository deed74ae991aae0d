"""Ids sort by the time they were given, and no two are the same."""

import re

from hypothesis import given
from hypothesis import strategies as st

from libs.ids import id_at, new_id


def test_an_id_says_what_it_names_and_fits_the_contracts_pattern() -> None:
    assert re.fullmatch(r"cus_[0-9a-hjkmnp-tv-z]{26}", new_id("cus"))
    assert re.fullmatch(r"^[A-Za-z0-9_-]{1,64}$", new_id("cus"))


@given(st.lists(st.integers(0, 2**48 - 1), min_size=2, unique=True))
def test_a_later_id_sorts_behind(moments: list[int]) -> None:
    given_ids = [id_at("evt", milliseconds=moment, random_bits=moment % 97) for moment in sorted(moments)]
    assert given_ids == sorted(given_ids)


def test_ten_thousand_ids_are_ten_thousand() -> None:
    assert len({new_id("lin") for _ in range(10_000)}) == 10_000
