"""The shape of each sort of mark, around a centre at 0, some 16 units across. Colour alone tells nothing apart."""

from math import cos, pi, sin

from services.console.journeys.marks import Group


def _corners(radii: list[float]) -> str:
    """Give the path through corners at these distances, all around, the first on top."""
    step = 2 * pi / len(radii)
    points = [(radius * sin(n * step), -radius * cos(n * step)) for n, radius in enumerate(radii)]
    return "M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in points) + " Z"


SHAPES = {
    Group.VISIT: "M-7,0 A7,7 0 1 1 7,0 A7,7 0 1 1 -7,0 Z",
    Group.LOOK: _corners([9.0] * 4),
    Group.CART: "M-7,-7 H7 V7 H-7 Z",
    Group.ORDER: _corners([10.0, 4.5] * 5),
    Group.SAID: "M-9,-7 H9 V4 H2 L-3,9 V4 H-9 Z",
    Group.PERSON: _corners([8.5] * 6),
    Group.PROBLEM: _corners([10.0, 10.0, 10.0]),
}
"""Circle, diamond, square, star, bubble, hexagon, triangle."""
