"""A run is kept whole, drawn, and compared with another one row by row."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.bench.compare import SHAPES, Change, changes, main, only_in_one
from tests.bench.figures import Figure, value
from tests.bench.plot import plot_of, share_of_goal
from tests.bench.results import Run, machine

SLOW = Figure(
    row="context", name="p50", goal=0.4, rounds=[0.5, 0.52, 0.48], against="NAIVE", notes={SHAPES: {"a": ["b"]}}
)
FAST = replace(SLOW, rounds=[0.3, 0.31, 0.29])


def _run(*figures: Figure) -> Run:
    return Run(figures=figures, revision="abc", machine={"cpus": 2}, effort={"rounds": 3}, took_time="now")


def test_a_run_comes_back_from_its_file_as_it_was() -> None:
    run = _run(SLOW, value("startup", "cart serves", rounds=[], unit="s", goal=1.5))
    assert Run.from_json(run.to_json()) == replace(run, figures=list(run.figures))


def test_what_is_no_run_is_refused() -> None:
    with pytest.raises(ValueError, match="no run"):
        Run.from_json('{"figures": [{"nonsense": 1}]}')


def test_rows_are_paired_by_their_names() -> None:
    other = replace(SLOW, name="p99")
    found = changes(_run(SLOW, other), _run(FAST))
    assert [(change.before, change.after) for change in found] == [(SLOW, FAST)]
    assert only_in_one(_run(SLOW, other), _run(FAST)) == ["context: p99"]


def test_a_difference_counts_where_it_is_more_than_the_spread() -> None:
    assert Change(SLOW, FAST).verdict() == "better"
    assert Change(FAST, SLOW).verdict() == "worse, goal lost"
    assert Change(SLOW, replace(SLOW, rounds=[0.51, 0.47, 0.53])).verdict() == "no clear difference"


def test_speed_that_was_paid_for_with_traces_is_told() -> None:
    poorer = replace(FAST, notes={SHAPES: {"a": []}})
    assert Change(SLOW, poorer).verdict() == "better, other span names or attributes"


def test_what_is_no_ratio_is_marked() -> None:
    before = value("startup", "cart serves", rounds=[1.0, 1.0], unit="s", goal=1.5)
    assert "quiet machine" in Change(before, replace(before, rounds=[2.0, 2.0])).verdict()


def test_a_lost_goal_fails_the_comparison(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(_run(FAST).to_json())
    bad.write_text(_run(SLOW).to_json())
    assert main([str(good), str(bad)]) == 1
    assert main([str(bad), str(good)]) == 0
    assert main([str(bad)]) == 2


def test_the_picture_has_a_bar_for_each_goal_that_was_measured() -> None:
    plain = replace(SLOW, goal=None)
    picture = ET.fromstring(plot_of([SLOW, FAST, plain], title="a < b"))  # noqa: S314  our own
    bars = [one for one in picture.iter("{http://www.w3.org/2000/svg}rect") if one.get("fill") != "white"]
    assert len(bars) == 2
    assert share_of_goal(SLOW) == pytest.approx(1.25)
    assert share_of_goal(value("relay", "rate", rounds=[10_000.0], unit="", goal=5000, at_least=True)) == 0.5


def test_the_machine_is_told() -> None:
    assert machine()["cpus"] >= 1
