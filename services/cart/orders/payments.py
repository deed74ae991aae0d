"""What the payment system calls a payment. Card data has no place here, and what looks like it is refused."""

import re

from services.cart import errors

FEWEST_CARD_DIGITS = 13
MOST_CARD_DIGITS = 19
_RUN_OF_DIGITS = re.compile(r"\d(?:[ -]?\d)*", re.ASCII)


def checked_payment_reference(text: str) -> str:
    """Give the reference as it came. Raises PAYMENT_REFERENCE_INVALID for what looks like the number of a card."""
    if looks_like_a_card(text):
        raise errors.payment_reference_invalid()
    return text


def looks_like_a_card(text: str) -> bool:
    """Say whether the text has 13 to 19 digits, in groups or not, that add up as the numbers of cards do (Luhn)."""
    for run in _RUN_OF_DIGITS.findall(text):
        digits = [int(digit) for digit in run if digit.isdigit()]
        if FEWEST_CARD_DIGITS <= len(digits) <= MOST_CARD_DIGITS and _adds_up(digits):
            return True
    return False


def _adds_up(digits: list[int]) -> bool:
    doubled = [digit * 2 for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(digit // 10 + digit % 10 for digit in doubled)) % 10 == 0
