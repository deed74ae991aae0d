"""Decides what comes with a merged cart beside its lines: saved lines, notes, codes, past carts, counts. Pure.

Saved lines join those of the same article; beyond 200 of them, what is left over stays in the merged customer's sealed
record, and the report of the merge names it. The merged cart's lock ends, and that of the one that remains stays.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from libs.merged_things import MergeAction, MergedThing
from services.cart.audit.accounting import counted, newest_past, pieces, sum_of_tallies
from services.cart.desk.notes import newest_notes
from services.cart.desk.saving import MAX_SAVED_LINES
from services.cart.line_values import Line
from services.cart.merging.joining import joined_with
from services.cart.values import MAX_BARRED_ORDERS, MAX_CODES, Cart, PastCart, PastState, Redemption


def take_saved(
    survivors: tuple[Line, ...], sources: Iterable[Line], *, now: datetime
) -> tuple[tuple[Line, ...], list[MergedThing]]:
    """Put the source's saved lines to the survivor's; gives them all, and what became of each of the source's."""
    saved = survivors
    things: list[MergedThing] = []
    for line in sources:
        before = sum(one.quantity for one in saved if one.article.is_same_as(line.article))
        saved, left = joined_with(saved, line, now=now)
        action, why = MergeAction.KEPT, "Only the merged customer had saved the article."
        if before:
            action, why = MergeAction.SUMMED, "Its pieces were added to those of the same article."
        if left and len(saved) < MAX_SAVED_LINES:
            saved = (*saved, replace(line, quantity=left))
        elif left:
            action, why = MergeAction.DROPPED, "There is no room for more that is saved for later."
        stands = sum(one.quantity for one in saved if one.article.is_same_as(line.article))
        details = {
            "sku": line.article.sku,
            "source_quantity": str(line.quantity),
            "survivor_quantity": str(before),
            "quantity": str(stands),
        }
        things.append(MergedThing("saved_line", line.line_id, action, why, tuple(sorted(details.items()))))
    return saved, things


def with_the_rest(after: Cart, survivor: Cart, source: Cart, *, time: datetime) -> Cart:
    """Give the survivor, which has its lines already, the rest of what the source had."""
    past = [*survivor.past_carts, *source.past_carts]
    if source.cart_id and source.cart_id != after.cart_id:
        past.append(PastCart(source.cart_id, PastState.MERGED, time, tally=source.tally, left=pieces(source)))
    joined = replace(
        after,
        notes=newest_notes((*survivor.notes, *source.notes)),
        offer_codes=tuple(dict.fromkeys((*survivor.offer_codes, *source.offer_codes)))[-MAX_CODES:],
        past_carts=newest_past(past),
        order_count=survivor.order_count + source.order_count,
        redemptions=_summed(survivor.redemptions, source.redemptions),
        barred_order_ids=bars((*survivor.barred_order_ids, *source.barred_order_ids)),
    )
    if not survivor.cart_id and source.cart_id:  # the cart goes on under its id, and so does its account
        joined = replace(joined, tally=sum_of_tallies(survivor.tally, source.tally))
        return counted(joined, merged=pieces(after) - pieces(survivor) - pieces(source))
    return counted(joined, merged=pieces(after) - pieces(survivor))


def bars(order_ids: Iterable[str]) -> tuple[str, ...]:
    """Give the orders that must not be placed any more, each once: twice as many as of one, as all may be new."""
    return tuple(dict.fromkeys(order_ids))[: 2 * MAX_BARRED_ORDERS]


def _summed(survivors: Iterable[Redemption], sources: Iterable[Redemption]) -> tuple[Redemption, ...]:
    counts: Counter[str] = Counter()
    for one in (*survivors, *sources):
        counts[one.offer_id] += one.count
    return tuple(Redemption(offer_id, counts[offer_id]) for offer_id in sorted(counts))
