"""What the payment system calls a payment. Card data has no place here, and what looks like it is refused."""

import re
from collections.abc import Iterator

from services.cart import errors

FEWEST_CARD_DIGITS = 13
MOST_CARD_DIGITS = 19
CARD_GROUPS = ((4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4))
_RUN_OF_DIGITS = re.compile(r"\d(?:[ -]?\d)*", re.ASCII)
_GROUP_OF_DIGITS = re.compile(r"\d+", re.ASCII)


def checked_payment_reference(text: str) -> str:
    """Give the reference as it came. Raises PAYMENT_REFERENCE_INVALID for what looks like the number of a card."""
    if looks_like_a_card(text):
        raise errors.payment_reference_invalid()
    return text


def looks_like_a_card(text: str) -> bool:
    """Say whether the text has 13 to 19 digits that add up as the numbers of cards do (Luhn).

    In groups or not, and with other digits beside them, as the month until which a card is good.
    """
    return any(
        FEWEST_CARD_DIGITS <= len(digits) <= MOST_CARD_DIGITS and _adds_up([int(digit) for digit in digits])
        for run in _RUN_OF_DIGITS.findall(text)
        for digits in _rows(_GROUP_OF_DIGITS.findall(run))
    )


def _rows(groups: list[str]) -> Iterator[str]:
    """Give all digits of a run, each group alone, and those in a row that are grouped as on a card."""
    yield "".join(groups)
    yield from groups
    for first in range(len(groups)):
        for sizes in CARD_GROUPS:
            row = groups[first : first + len(sizes)]
            if tuple(len(group) for group in row) == sizes:
                yield "".join(row)


def _adds_up(digits: list[int]) -> bool:
    doubled = [digit * 2 for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(digit // 10 + digit % 10 for digit in doubled)) % 10 == 0
