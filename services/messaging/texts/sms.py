"""How long a text is as SMS: pure.

Where all characters are in GSM 03.38 one takes a septet, those of its extension two; else all are written in UTF-16.
A text in several segments has a header in each, and neither an extended character nor a surrogate pair is split.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")
SIMPLER = str.maketrans(
    {
        "\u00a0": " ",
        "\u202f": " ",
        "\u2009": " ",
        "’": "'",
        "‘": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "–": "-",
        "…": "...",
    }
)
MAX_SEGMENTS = 10
"""More is no SMS that anybody wants to read, or to pay for."""


class Encoding(enum.StrEnum):
    """How an SMS is written, by the contract's names."""

    GSM7 = "GSM7"
    UCS2 = "UCS2"


ONE_SEGMENT = {Encoding.GSM7: 160, Encoding.UCS2: 70}
OF_SEVERAL = {Encoding.GSM7: 153, Encoding.UCS2: 67}
"""The units that a segment holds."""


@dataclass(frozen=True, slots=True)
class SmsSize:
    """How long an SMS is."""

    encoding: Encoding
    unit_count: int
    segment_count: int
    """1 for an empty text, too: it is sent all the same."""


def simpler(text: str) -> str:
    """Write typographic spaces, quotes and dashes simply: one of them would more than halve what fits in."""
    return text.translate(SIMPLER)


def size_of(text: str) -> SmsSize:
    """Give how long a text is."""
    if all(character in BASIC or character in EXTENSION for character in text):
        encoding, units = Encoding.GSM7, [2 if character in EXTENSION else 1 for character in text]
    else:
        encoding, units = Encoding.UCS2, [2 if ord(character) > 0xFFFF else 1 for character in text]
    count = sum(units)
    segments = 1 if count <= ONE_SEGMENT[encoding] else _segments(units, OF_SEVERAL[encoding])
    return SmsSize(encoding, count, segments)


def _segments(units: Sequence[int], room: int) -> int:
    segments, left = 1, room
    for needed in units:
        if needed > left:
            segments, left = segments + 1, room
        left -= needed
    return segments
