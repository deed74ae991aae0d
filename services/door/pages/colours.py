"""Colours of a brand that can be read on our pages, whatever the brand's own are. Pure."""

import re

HEX = re.compile(r"#[0-9a-fA-F]{6}")
WHITE, BLACK = "#ffffff", "#000000"
READABLE = 4.5
"""The contrast that WCAG 2 (AA) asks for between text and its ground."""
STEPS = 20

Rgb = tuple[int, int, int]


def is_colour(text: str) -> bool:
    """Whether this is a colour as we take them: `#1f4d3a`. Nothing else ever reaches a style sheet."""
    return HEX.fullmatch(text) is not None


def contrast(one: str, other: str) -> float:
    """Give the contrast of two colours: 1 (none) to 21."""
    lighter, darker = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def ink_on(ground: str) -> str:
    """Give the colour of text on a ground: white or nearly black, whichever can be read better."""
    return max((WHITE, BLACK), key=lambda ink: contrast(ink, ground))


def readable_on(colour: str, ground: str) -> str:
    """Give a colour for text on `ground`: `colour`, as far darker or lighter as it has to be to be read."""
    towards = _rgb(ink_on(ground))
    start = _rgb(colour)
    for step in range(STEPS + 1):
        mixed = _mixed(start, towards, step / STEPS)
        if contrast(mixed, ground) >= READABLE:
            return mixed
    return ink_on(ground)


def _mixed(start: Rgb, end: Rgb, share: float) -> str:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(start, end, strict=True))
    return f"#{red:02x}{green:02x}{blue:02x}"


def _rgb(colour: str) -> Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(rgb: Rgb) -> float:
    red, green, blue = (_linear(part / 255) for part in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
