"""Puts pieces to those of the same article: what merges do with lines of a cart and with what is saved for later."""

from dataclasses import replace
from datetime import datetime

from services.cart.line_values import Line
from services.cart.model import MAX_LINE_QUANTITY


def joined_with(lines: tuple[Line, ...], line: Line, *, now: datetime) -> tuple[tuple[Line, ...], int]:
    """Fill up the lines of the same article; gives them all, and how many pieces are left."""
    joined = list(lines)
    left = line.quantity
    for index, other in enumerate(lines):
        room = MAX_LINE_QUANTITY - other.quantity
        if left and room and other.article.is_same_as(line.article):
            moved = min(left, room)
            joined[index] = replace(other, quantity=other.quantity + moved, update_time=now)
            left -= moved
    return tuple(joined), left
