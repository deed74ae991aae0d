import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.colours import READABLE, contrast, is_colour, mixed, readable_on

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def test_black_on_white_is_the_most_and_a_colour_on_itself_the_least() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#123456", "#123456") == 1


@given(COLOURS, COLOURS)
def test_whatever_is_written_on_whatever_can_be_read(colour: str, behind: str) -> None:
    readable = readable_on(colour, behind)
    assert is_colour(readable)
    assert contrast(readable, behind) >= READABLE
    assert contrast(colour, behind) < READABLE or readable == colour.lower()


@given(COLOURS, COLOURS)
def test_contrast_does_not_ask_which_is_behind(one: str, other: str) -> None:
    assert contrast(one, other) == contrast(other, one)
    assert (mixed(one, other, 0), mixed(one, other, 1)) == (one, other)


@pytest.mark.parametrize("text", ["red", "#fff", "#ffffff;", "#12345g", "#ffffff\n", "url(x)", "expression(1)", ""])
def test_what_is_no_colour_is_none(text: str) -> None:
    assert not is_colour(text)
