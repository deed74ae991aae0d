"""The table that a person reads: each figure with its spread, beside its goal."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from tests.bench.figures import TIMES, Figure

VERDICTS = {True: Text("met", style="green"), False: Text("not met", style="red"), None: Text("")}


def table_of(figures: Sequence[Figure]) -> Table:
    """Put the figures into a table."""
    table = Table(title="median of the rounds ± median distance from it")
    for heading in ("row", "figure", "measured", "goal", "", "subject", "reference", "against"):
        table.add_column(heading, overflow="fold")
    previous = ""
    for figure in figures:
        table.add_row(
            "" if figure.row == previous else figure.row,
            figure.name,
            measured(figure),
            goal(figure),
            VERDICTS[figure.is_met if figure.rounds else None],
            side(figure.subject, figure.quantity),
            side(figure.reference, figure.quantity),
            figure.against,
            end_section=figure is figures[-1],
        )
        previous = figure.row
    return table


def measured(figure: Figure) -> str:
    """Write what came out."""
    void = f" ({figure.void} void)" if figure.void else ""
    if not figure.rounds:
        return f"nothing{void}"
    return f"{number(figure.middle)} ± {number(figure.spread)} {figure.unit}{void}"


def goal(figure: Figure) -> str:
    """Write what is to be reached."""
    if figure.goal is None:
        return ""
    return f"{'≥' if figure.at_least else '≤'} {figure.goal:g}{'' if figure.unit == TIMES else f' {figure.unit}'}"


def side(values: Sequence[float], quantity: str) -> str:
    """Write one side of a ratio: the median alone, which means nothing on another machine."""
    if not values:
        return ""
    return f"{number(sorted(values)[len(values) // 2])} {quantity}"


def number(value: float) -> str:
    """Write three digits that count."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
