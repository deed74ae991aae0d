"""Colours as `#rrggbb`, and whether one can be read on another: pure (WCAG 2.2, relative luminance and contrast)."""

import re

COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
ENOUGH = 4.5
"""The contrast that text needs (AA)."""
BLACK, WHITE = "#000000", "#ffffff"
STEPS = 20


def is_colour(text: str) -> bool:
    """Say whether something is a colour and nothing else: what is written into a style comes through here."""
    return COLOUR.fullmatch(text) is not None


def contrast(one: str, other: str) -> float:
    """Give the contrast of two colours, 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable_on(colour: str, behind: str) -> str:
    """Give a colour, or the nearest towards black or white that can be read on what is behind it."""
    end = BLACK if contrast(BLACK, behind) >= contrast(WHITE, behind) else WHITE
    steps = (mixed(colour, end, step / STEPS) for step in range(STEPS + 1))
    return next((mixed for mixed in steps if contrast(mixed, behind) >= ENOUGH), end)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mixed(one: str, other: str, share: float) -> str:
    """Give a colour between two; `share` of 1 is the other one."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(mine + (theirs - mine) * share):02x}" for mine, theirs in pairs)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
