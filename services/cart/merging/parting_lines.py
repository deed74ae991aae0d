"""Tells apart, line by line, what two customers did with common lines while they were one. Pure.

A line that was moved since between the cart and what is saved for later is looked at where it was before.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.cart.line_values import Line, LineId
from services.cart.values import Cart


@dataclass(frozen=True, slots=True)
class Since:
    """What one side did since the merge."""

    added: tuple[Line, ...]
    """Lines, or pieces of them as lines of their own, that it added."""
    fewer: tuple[Line, ...]
    """Pieces that it took out, as lines with their number."""


def since(
    now: Iterable[Line], then: Iterable[Line], *, source_sessions: Collection[str], of_source: bool, merge_id: str
) -> Since:
    """Say what was done to lines by the visits of the source, or by all others."""
    known = {line.line_id: line for line in then}
    added: list[Line] = []
    fewer: list[Line] = []
    for line in now:
        before = known.get(line.line_id)
        if before is None:
            if (line.session_id in source_sessions) == of_source:
                added.append(line)
            continue
        more = line.quantity - before.quantity
        if more and (line.changed_session_id in source_sessions) == of_source:
            changed = replace(line, line_id=derived(merge_id, line.line_id), quantity=abs(more))
            (added if more > 0 else fewer).append(changed)
    return Since(tuple(added), tuple(fewer))


def beyond(added: Iterable[Line], own: Mapping[LineId, int], *, merge_id: str) -> Iterator[Line]:
    """Give what was added, but for pieces of lines that this side has again anyway: `own` says how many of each."""
    for line in added:
        more = line.quantity - own.get(line.line_id, 0)
        if line.line_id not in own:
            yield line
        elif more > 0:
            yield replace(line, line_id=derived(merge_id, line.line_id), quantity=more)


def without_pieces(lines: tuple[Line, ...], fewer: Iterable[Line], *, time: datetime) -> tuple[Line, ...]:
    """Take pieces out of the lines of the same article, as far as they are there."""
    for out in fewer:
        left = out.quantity
        after: list[Line] = []
        for line in lines:
            less = min(left, line.quantity) if line.article.is_same_as(out.article) else 0
            left -= less
            if not less:
                after.append(line)
            elif line.quantity > less:
                after.append(replace(line, quantity=line.quantity - less, update_time=time))
        lines = tuple(after)
    return lines


def without_gone(lines: Iterable[Line], *, now: Iterable[Line], then: Iterable[Line]) -> tuple[Line, ...]:
    """Give lines without those that were there and are not any more."""
    gone = {line.line_id for line in then} - {line.line_id for line in now}
    return tuple(line for line in lines if line.line_id not in gone)


def as_if_not_moved(now: Cart, then: Cart) -> Cart:
    """Give a cart with each line in the list in which it was before."""
    lists = (then.lines, then.saved_lines, then.set_aside_lines)
    in_cart, saved, aside = ({line.line_id for line in lines} for lines in lists)
    everything = (*now.lines, *now.saved_lines, *now.set_aside_lines)

    def those(here: tuple[Line, ...], ids: set[LineId]) -> tuple[Line, ...]:
        stay = tuple(line for line in here if line.line_id in ids or line.line_id not in in_cart | saved | aside)
        return (*stay, *(line for line in everything if line.line_id in ids and line not in here))

    return replace(
        now,
        lines=those(now.lines, in_cart),
        saved_lines=those(now.saved_lines, saved),
        set_aside_lines=those(now.set_aside_lines, aside),
    )


def derived(merge_id: str, name: str) -> LineId:
    """Give an id that the same undoing gives again, however often it is decided."""
    kind = name.partition("_")[0]
    return LineId(f"{kind}_{hashlib.sha256(f'{merge_id}/{name}'.encode()).hexdigest()[:26]}")
