"""Compares two runs, row by row: `python -m tests.bench.compare BEFORE.json AFTER.json`.

Ratios may be compared between runs of one machine on different days; what has no reference may not, and is marked.
It ends with 1 where a goal was met before and is not any more.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.figures import TIMES, Figure
from tests.bench.results import Run
from tests.bench.table import measured

SPREADS = 3.0
"""A difference of less than so many spreads of both together may be chance."""
SHAPES = "shapes"
"""The note that has to be the same in both: which spans there are, with which attributes."""


@dataclass(frozen=True, slots=True)
class Change:
    """One figure in both runs."""

    before: Figure
    after: Figure

    @property
    def factor(self) -> float:
        """Give what is now, in terms of what was before."""
        return self.after.middle / self.before.middle

    @property
    def is_clear(self) -> bool:
        """Whether the difference is more than the spread explains."""
        return abs(self.after.middle - self.before.middle) > SPREADS * (self.before.spread + self.after.spread)

    @property
    def is_better(self) -> bool:
        """Whether it went the right way."""
        return (self.factor > 1) is self.after.at_least

    @property
    def is_lost(self) -> bool:
        """Whether a goal that was met is not any more."""
        return self.before.is_met is True and self.after.is_met is False

    @property
    def has_other_shapes(self) -> bool:
        """Whether the traces look different."""
        return self.before.notes.get(SHAPES) != self.after.notes.get(SHAPES)

    def verdict(self) -> str:
        """Say it in words."""
        words = ("better" if self.is_better else "worse") if self.is_clear else "no clear difference"
        words += ", goal lost" if self.is_lost else ""
        words += ", other span names or attributes" if self.has_other_shapes else ""
        return words if self.after.unit == TIMES else f"{words} (no ratio: compare on one quiet machine only)"


def changes(before: Run, after: Run) -> list[Change]:
    """Pair what both runs have measured."""
    known = {(figure.row, figure.name): figure for figure in before.figures if figure.rounds}
    pairs = [(known.get((figure.row, figure.name)), figure) for figure in after.figures if figure.rounds]
    return [Change(old, new) for old, new in pairs if old is not None]


def only_in_one(before: Run, after: Run) -> list[str]:
    """Name what only one of them has."""
    names = [{f"{figure.row}: {figure.name}" for figure in run.figures if figure.rounds} for run in (before, after)]
    return sorted(names[0] ^ names[1])


def table_of(found: Sequence[Change], *, before: str, after: str) -> Table:
    """Put the changes into a table."""
    table = Table(title=f"{before} and {after}")
    for heading in ("row", "figure", "before", "after", "after / before", ""):
        table.add_column(heading, overflow="fold")
    for one in found:
        figure = one.after
        middle = [measured(one.before), measured(figure), f"{one.factor:.2f}"]
        table.add_row(figure.row, figure.name, *middle, one.verdict())
    return table


def main(files: Sequence[str]) -> int:
    """Print the comparison, and give how the process ends."""
    console = Console()
    if len(files) != 2:
        console.print("usage: python -m tests.bench.compare BEFORE.json AFTER.json")
        return 2
    before, after = (Run.from_json(Path(file).read_text(encoding="utf-8")) for file in files)
    found = changes(before, after)
    console.print(table_of(found, before=before.revision, after=after.revision))
    for name in only_in_one(before, after):
        console.print(f"only in one of them: {name}")
    return 1 if any(one.is_lost for one in found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
