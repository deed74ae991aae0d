"""Measures: `python -m tests.bench [ROW ...]`, which prints the table and keeps the run as JSON and as a picture.

`--smoke` does each row once and small: what counts are the answers, and no time is looked at.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console

from tests.bench.figures import Figure
from tests.bench.house import House
from tests.bench.plot import plot_of
from tests.bench.results import Run, machine, now, revision
from tests.bench.rounds import SMOKE, Effort
from tests.bench.row import Row
from tests.bench.rows.every import ROWS, named
from tests.bench.table import table_of
from tests.bench.where import ROOT

LOADED_BY = "closed loop and fixed rates, each side by a grpc.aio client in a process of its own that is not counted"


def options(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line; ends the process where it makes no sense."""
    usual = Effort()
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(row.name for row in ROWS)}; or all")
    parser.add_argument("--rounds", type=int, help=f"of each side; {usual.rounds}")
    parser.add_argument("--seconds", type=float, help=f"of each side in each round; {usual.seconds:g}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to keep the run, and beside it its picture")
    parser.add_argument("--smoke", action="store_true", help="only see that it works and that all answers are right")
    given = parser.parse_args(words)
    if unknown := set(given.rows) - {row.name for row in ROWS}:
        parser.error(f"there is no row {', '.join(sorted(unknown))}")
    return given


def effort_of(given: argparse.Namespace) -> Effort:
    """Give how much is to be done."""
    effort = SMOKE if given.smoke else Effort()
    return replace(effort, rounds=given.rounds or effort.rounds, seconds=given.seconds or effort.seconds)


async def measure(rows: Sequence[Row], effort: Effort, console: Console) -> tuple[list[Figure], list[str]]:
    """Measure row after row, and tell how long each took; give also which could not be measured."""
    figures, failed = list[Figure](), list[str]()
    with tempfile.TemporaryDirectory(prefix="omnithread-bench-") as folder:
        async with House(Path(folder), effort) as house:
            for row in rows:
                began = time.monotonic()
                try:
                    figures += await row.measure(house, effort)
                except Exception:  # noqa: BLE001  told, and the other rows are measured all the same
                    console.print_exception(show_locals=False)
                    failed.append(row.name)
                console.print(f"{row.name}: {row.about} ({time.monotonic() - began:.0f} s)")
    return figures, failed


async def main(words: Sequence[str]) -> int:
    """Measure as asked, and give how the process ends: 1 where an answer was wrong or a row failed."""
    given, console = options(words), Console(width=None if sys.stdout.isatty() else 200)
    effort = effort_of(given)
    console.print(f"load: {LOADED_BY}")
    figures, failed = await measure(named(given.rows), effort, console)
    run = Run(
        figures=figures,
        revision=await revision(ROOT),
        machine=machine(),
        effort=asdict(effort) | {"load": LOADED_BY},
        took_time=now(),
    )
    if given.json is not None:
        given.json.write_text(run.to_json(), encoding="utf-8")
        title = f"{run.revision}, {run.machine['cpus']} CPUs, {effort.rounds} rounds of {effort.seconds:g} s"
        given.json.with_suffix(".svg").write_text(plot_of(figures, title=title), encoding="utf-8")
    void = [figure for figure in figures if figure.void]
    for figure in void:
        console.print(f"void: {figure.row}: {figure.name}: {figure.notes}")
    for name in failed:
        console.print(f"not measured: {name}")
    if effort.is_smoke:
        console.print(f"{len(figures)} figures, {len(void)} with wrong or missing answers, {len(failed)} rows failed")
    else:
        console.print(table_of(figures))
    return 1 if void or failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
