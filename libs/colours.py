"""Colours as `#rrggbb`, and whether one can be read on another: pure (WCAG 2.2, relative luminance and contrast)."""

import re

HEX = re.compile(r"#[0-9A-Fa-f]{6}")
READABLE = 4.5
"""The contrast that text needs (AA)."""
BLACK, WHITE = "#000000", "#ffffff"
STEPS = 20


def is_colour(text: str) -> bool:
    """Say whether something is a colour and nothing else: what is written into a style comes through here."""
    return HEX.fullmatch(text) is not None


def contrast(one: str, other: str) -> float:
    """Give the contrast of two colours: 1 (none) to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def ink_on(ground: str) -> str:
    """Give the colour of text on a ground: black or white, whichever can be read better."""
    return max((BLACK, WHITE), key=lambda ink: contrast(ink, ground))


def readable_on(colour: str, ground: str) -> str:
    """Give a colour, or the nearest towards black or white that can be read on what is behind it."""
    end = ink_on(ground)
    steps = (mixed(colour, end, step / STEPS) for step in range(STEPS + 1))
    return next((tried for tried in steps if contrast(tried, ground) >= READABLE), end)


def mixed(one: str, other: str, share: float) -> str:
    """Give a colour between two; `share` of 1 is the other one."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(mine + (theirs - mine) * share):02x}" for mine, theirs in pairs)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
