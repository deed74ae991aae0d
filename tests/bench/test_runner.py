"""The runner does what its command line says."""

import pytest

from tests.bench.__main__ import effort_of, options
from tests.bench.rounds import SMOKE, Effort
from tests.bench.rows.every import ROWS, named


def test_all_rows_are_measured_where_none_is_named_and_else_those_in_their_order() -> None:
    assert list(named([])) == list(ROWS)
    assert [row.name for row in named(["growth", "get_cart"])] == ["get_cart", "growth"]
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_a_row_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        options(["get_card"])
    assert "get_card" in capsys.readouterr().err


def test_rounds_and_seconds_are_given_or_as_usual() -> None:
    assert effort_of(options([])) == Effort()
    assert effort_of(options(["--rounds", "3", "--seconds", "2"])) == Effort(rounds=3, seconds=2.0)


def test_smoke_is_small() -> None:
    effort = effort_of(options(["--smoke"]))
    assert effort == SMOKE
    assert effort.size(100, 8) == 8
