"""The figures of a run, by row of the table of promises: noted by tests, shown at the end, kept as JSON.

note("kills", seed=seed(), done=20, wanted="0 lost, back in 5 s", found="0 lost, back in 3.1 s", ok=True)
"""

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults.rows import ROWS
from tests.faults.seeds import seed as run_seed
from tests.faults.seeds import share

RESULTS_FILE = "OMNITHREAD_FAULT_RESULTS"
"""Names the file that gets the table as JSON; nothing is written where it is empty."""
EVERY_ROW = "OMNITHREAD_FAULT_EVERY_ROW"
"""Set by `make test-faults`: a run in which a row has no result fails."""


class PromiseBroken(AssertionError):
    """A figure is not what was promised."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one test found out about one row."""

    row: str
    seed: int
    done: int
    """How many rounds, calls or whatever the row counts."""
    wanted: str
    found: str
    ok: bool
    in_time: bool = True
    """Whether it was as quick as promised."""


_noted: list[Result] = []


def note(row: str, *, seed: int, done: int, wanted: str, found: str, ok: bool, in_time: bool = True) -> None:
    """Note a figure of a row of `rows.py`. Raises PromiseBroken where it is not `ok`, after noting it.

    What was not `in_time` breaks the promise in a full run only, which wants a quiet machine. In a share of a row the
    table says LATE: on a machine that does something else at the same time, a time says nothing of the suite.
    """
    if row not in ROWS:
        raise KeyError(f"{row} is no row of tests/faults/rows.py")
    result = Result(row=row, seed=seed, done=done, wanted=wanted, found=found, ok=ok, in_time=in_time)
    _noted.append(result)
    if not ok or (not in_time and share() == 1):
        raise PromiseBroken(f"{row}: wanted {wanted}; found {found} (seed {seed}, {done} done)")


def take_noted() -> list[dict[str, object]]:
    """Give what was noted in this process since the last time, plainly, so that a worker can send it."""
    found = [asdict(result) for result in _noted]
    _noted.clear()
    return found


def in_order(results: Iterable[Result]) -> list[Result]:
    """Sort as the rows stand in the table."""
    places = {name: place for place, name in enumerate(ROWS)}
    return sorted(results, key=lambda result: places[result.row])


def missing(results: Iterable[Result]) -> list[str]:
    """Name the rows without any result."""
    there = {result.row for result in results}
    return [name for name in ROWS if name not in there]


def table(results: Sequence[Result]) -> list[str]:
    """Give the lines of a table for people."""
    lines = []
    for result in in_order(results):
        mark = "BROKEN" if not result.ok else "ok    " if result.in_time else "LATE  "
        lines.append(f"{mark} {result.row:<13} {result.done:>7}  seed {result.seed:<8} {result.found}")
        if not (result.ok and result.in_time):
            lines.append(f"       {'wanted':<13} {'':>7}  {'':<13} {result.wanted}")
    return lines


def keep(results: Sequence[Result]) -> None:
    """Write the results where `OMNITHREAD_FAULT_RESULTS` says, with seed, share and machine of the run."""
    if path := os.environ.get(RESULTS_FILE):
        machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
        told = {
            "seed": run_seed(),
            "share": share(),
            "machine": machine,
            "results": [asdict(result) for result in in_order(results)],
        }
        Path(path).write_text(json.dumps(told, indent=2) + "\n")
