"""The picture of a run: for each ratio a bar as long as its share of the goal, and the line that it must not pass.

Written by hand as SVG, which needs no library, and changes in a review only where a figure did.
"""

from collections.abc import Sequence
from html import escape

from tests.bench.figures import Figure
from tests.bench.table import goal, measured

WIDTH, LEFT, LINE, TOP = 900, 380, 26, 46
GOAL_AT = LEFT + 220
"""Where the goal stands: bars end before it, or pass it."""
MOST = 1.9
"""Longer bars are cut, and say so by their number."""
MET, NOT_MET, INK = "#2a9d8f", "#d1495b", "#333333"


def plot_of(figures: Sequence[Figure], *, title: str) -> str:
    """Draw all figures that have a goal and were measured."""
    drawn = [figure for figure in figures if figure.goal and figure.rounds]
    height = TOP + LINE * len(drawn) + 20
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="10" y="18" fill="{INK}" font-size="14">{escape(title)}</text>',
        f'<text x="{GOAL_AT}" y="38" fill="{INK}" text-anchor="middle">goal</text>',
    ]
    for place, figure in enumerate(drawn):
        parts += _bar(figure, TOP + place * LINE)
    parts.append(f'<line x1="{GOAL_AT}" y1="{TOP - 4}" x2="{GOAL_AT}" y2="{height - 16}" stroke="{INK}"/>')
    return "\n".join([*parts, "</svg>", ""])


def share_of_goal(figure: Figure) -> float:
    """Give how far it is: 1 is just the goal, less is better, also where more was wanted."""
    wanted = figure.goal or 1.0
    return wanted / figure.middle if figure.at_least else figure.middle / wanted


def _bar(figure: Figure, top: float) -> list[str]:
    length = (GOAL_AT - LEFT) * min(share_of_goal(figure), MOST)
    colour = MET if figure.is_met else NOT_MET
    text, told = f"{figure.row}: {figure.name}", f"{measured(figure)} (goal {goal(figure)})"
    return [
        f'<text x="{LEFT - 8}" y="{top + 14}" fill="{INK}" text-anchor="end">{escape(text)}</text>',
        f'<rect x="{LEFT}" y="{top + 2}" width="{length:.1f}" height="{LINE - 9}" fill="{colour}"/>',
        f'<text x="{LEFT + length + 6:.1f}" y="{top + 14}" fill="{INK}">{escape(told)}</text>',
    ]
