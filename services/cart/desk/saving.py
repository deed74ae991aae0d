"""Decides what becomes of what a customer saves for later: a second list, which neither costs nor is bought. Pure.

A line that moves joins the line of the same article where it comes to; where there is none it keeps its id.
Moves count nothing in the cart's account: no piece comes or goes.
"""

from dataclasses import replace

from libs.mongo.values import Decision
from services.cart import errors
from services.cart.events import LineMoved
from services.cart.line_values import Line
from services.cart.model import (
    MAX_LINE_QUANTITY,
    MAX_LINES,
    Act,
    Change,
    LineChoice,
    check_tax,
    chosen,
    line_for,
    replaced,
    with_lines,
    with_quantity,
    without,
)
from services.cart.values import Cart

MAX_SAVED_LINES = 200


def save_for_later(cart: Cart, choice: LineChoice, *, act: Act) -> Change:
    """Move a line of the cart to what is saved for later; the fact `line_id` says on which line it is there.

    Raises LINE_NOT_FOUND, SKU_AMBIGUOUS, LINE_LIMIT, QUANTITY_LIMIT.
    """
    line = chosen(cart.lines, choice)
    saved, there = _joined(cart.saved_lines, line, most_lines=MAX_SAVED_LINES, act=act)
    after = replace(with_lines(cart, without(cart.lines, line), act), saved_lines=saved)
    return _moved(after, there, line, act, saved=True)


def move_to_cart(cart: Cart, choice: LineChoice, *, act: Act) -> Change:
    """Move a saved line, or by its id one that was set aside, into the cart; the fact `line_id` says on which line.

    Raises LINE_NOT_FOUND, SKU_AMBIGUOUS, LINE_LIMIT, QUANTITY_LIMIT, AMOUNT_LIMIT, CURRENCY_MISMATCH, TAX_INVALID.
    """
    aside = (line for line in cart.set_aside_lines if line.line_id == choice.line_id)
    line = next(aside, None) or chosen(cart.saved_lines, choice)
    if cart.lines and line.article.unit_price.currency_code != cart.currency_code:
        raise errors.currency_mismatch(cart.currency_code)
    check_tax(cart, line.article)
    lines, there = _joined(cart.lines, line, most_lines=MAX_LINES, act=act)
    after = replace(
        with_lines(cart, lines, act),
        saved_lines=without(cart.saved_lines, line),
        set_aside_lines=without(cart.set_aside_lines, line),
    )
    return _moved(after, there, line, act, saved=False)


def _joined(lines: tuple[Line, ...], line: Line, *, most_lines: int, act: Act) -> tuple[tuple[Line, ...], Line]:
    """Put a line to others; gives them all, and the one that its pieces are on."""
    same = line_for(lines, line.article)
    if same is None:
        if len(lines) >= most_lines:
            raise errors.line_limit(most_lines)
        moved = replace(line, update_time=act.time)
        return (*lines, moved), moved
    if same.quantity + line.quantity > MAX_LINE_QUANTITY:
        raise errors.quantity_limit(MAX_LINE_QUANTITY)
    more = with_quantity(same, same.quantity + line.quantity, act)
    return replaced(lines, same, more), more


def _moved(after: Cart, there: Line, line: Line, act: Act, *, saved: bool) -> Change:
    event = LineMoved(after.cart_id, act.occur_time, there.line_id, line.article.sku, line.quantity, saved=saved)
    return Decision(after, (event,), facts={"line_id": there.line_id})
