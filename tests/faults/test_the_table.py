"""The table at the end of a run of fault tests says what was found, and a run that looked at too little fails."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.state import ROOT
from tests.faults.results import EVERY_ROW, RESULTS_FILE, PromiseBroken, note, take_noted
from tests.faults.rows import ROWS
from tests.faults.seeds import SEED, SHARE, chance, rounds, seed

NOTING = """
import pytest

from tests.faults.results import note

def test_something():
    note("kills", seed=7, done=3, wanted="0 lost", found="0 lost", ok=True)

def test_something_else():
    note("broker", seed=7, done=3, wanted="0 incomplete", found="2 incomplete", ok=False)

def test_what_takes_long():
    note("relays", seed=7, done=3, wanted="1 s", found="2 s", ok=True, in_time=False)

def test_what_is_not_ours():
    pytest.skip("not ours to kill")
"""


def run_of_its_own(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a file of tests that notes two results, under the hooks of this folder."""
    (folder / "conftest.py").write_text("from tests.faults.conftest import *\n")
    (folder / "test_noting.py").write_text(NOTING)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--rootdir", str(ROOT), "-c", "pyproject.toml", str(folder), *arguments],
        cwd=ROOT,
        env={**os.environ, SEED: "7", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("arguments", [(), ("-n", "1")], ids=["one process", "a worker"])
def test_the_table_has_what_was_found_and_a_broken_promise_fails_the_run(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    kept = tmp_path / "kept.json"
    run = run_of_its_own(tmp_path, *arguments, **{RESULTS_FILE: str(kept)})
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert "BROKEN broker" in run.stdout
    assert "ok     kills" in run.stdout
    assert "LATE   relays" in run.stdout
    assert re.search(r"SKIPPED \S*test_what_is_not_ours", run.stdout)
    assert f"{SEED}=7" in run.stdout
    told = json.loads(kept.read_text())
    found = {one["row"]: (one["ok"], one["in_time"]) for one in told["results"]}
    assert found == {"kills": (True, True), "broker": (False, True), "relays": (True, False)}
    assert told["seed"] == 7
    assert set(told["machine"]) == {"cores", "python", "system"}


def test_a_run_of_every_row_fails_where_a_row_has_no_result(tmp_path: Path) -> None:
    run = run_of_its_own(tmp_path, "-k", "test_something and not else", **{EVERY_ROW: "1"})
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    for name in ROWS:
        assert (f"NO RESULT {name}" in run.stdout) == (name != "kills")


@pytest.mark.parametrize(("share", "code"), [("0.05", pytest.ExitCode.OK), ("1", pytest.ExitCode.TESTS_FAILED)])
def test_what_is_late_breaks_the_promise_in_a_full_run_only(tmp_path: Path, share: str, code: pytest.ExitCode) -> None:
    assert run_of_its_own(tmp_path, "-k", "long", **{SHARE: share, EVERY_ROW: ""}).returncode == code


def test_a_run_of_some_rows_passes_without_the_others(tmp_path: Path) -> None:
    assert run_of_its_own(tmp_path, "-k", "test_something and not else", **{EVERY_ROW: ""}).returncode == 0


def test_a_broken_promise_is_noted_and_raised_and_a_row_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(PromiseBroken, match="2 lost"):
        note("kills", seed=1, done=2, wanted="0 lost", found="2 lost", ok=False)
    assert [one["found"] for one in take_noted()] == ["2 lost"]
    with pytest.raises(KeyError):
        note("kisses", seed=1, done=2, wanted="", found="", ok=True)


def test_the_same_seed_draws_the_same_whatever_was_drawn_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SEED, "1234")
    first = [chance("kills", "cart").random() for _ in range(2)]
    assert first == [chance("kills", "cart").random()] * 2
    assert chance("kills", "profile").random() != first[0]
    monkeypatch.setenv(SEED, "1235")
    assert seed() == 1235
    assert chance("kills", "cart").random() != first[0]


def test_the_page_of_promises_has_every_row_and_names_parts_that_there_are() -> None:
    lines = (ROOT / "docs" / "promises.md").read_text().splitlines()
    rows = {cells[1].strip(): cells[4] for line in lines if len(cells := line.split("|")) == 6}
    assert set(ROWS) <= set(rows)
    folder = ROOT / "tests" / "faults"
    for name in ROWS:
        for part in re.findall(r"`(\w+)`", rows[name]):
            assert (folder / part).is_dir() or (folder / f"test_{part}.py").is_file(), part


@pytest.mark.parametrize(("part", "expected"), [("0.05", 1), ("1", 20), ("0.001", 1), ("0.5", 10)])
def test_a_share_of_the_rounds_is_run_but_at_least_one(
    monkeypatch: pytest.MonkeyPatch, part: str, expected: int
) -> None:
    monkeypatch.setenv(SHARE, part)
    assert rounds(20) == expected


@pytest.mark.parametrize("part", ["0", "1.5", "-1"])
def test_a_share_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    monkeypatch.setenv(SHARE, part)
    with pytest.raises(ValueError, match="above 0"):
        rounds(20)
