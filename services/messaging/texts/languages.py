"""Languages by their tags (BCP 47): which one serves where another has nothing; and lines that stay lines."""

import re

from babel import Locale, UnknownLocaleError

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
"""What ends a line, or turns the direction of those after it."""
TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,5}")


def is_tag(language: str) -> bool:
    """Say whether something is written like a language tag."""
    return TAG.fullmatch(language) is not None


def fallbacks(language: str) -> tuple[str, ...]:
    """Give a tag and the ones that it belongs to, nearest first, in lower case: `de-CH` gives `de-ch` and `de`."""
    parts = language.lower().split("-") if language else []
    return tuple("-".join(parts[:length]) for length in range(len(parts), 0, -1))


def locale_of(language: str) -> Locale:
    """Give how amounts and dates are written in a language; as in English where nobody knows."""
    for tag in fallbacks(language):
        try:
            return Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


def one_line(text: str, most: int) -> str:
    """Give a text on one line, without what turns its direction, of at most so many characters."""
    return " ".join(CONTROLS.sub(" ", text).split())[:most].rstrip()
