"""What is to be written into the audit log, in memory and off the calls' path: bounded, and folded where it floods.

Reads alike that wait to be written become one entry. Of refusals alike the first is written at once, and those of the
minute after it as one entry with their number: whoever knocks a million times fills some lines, not the database.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from libs.audit.entries import MOST_CUSTOMERS, Entry, Verdict, What, Who
from libs.clock import Clock

MOST_WAITING = 10_000
MOST_FOLDS = 2_000
FOLD = timedelta(seconds=60)

_Key = tuple[Who, What]


def _nobody_counts(_count: int) -> None:
    pass


@dataclass(slots=True)
class _Fold:
    """Refusals alike since the first one, which is written."""

    opened: datetime
    more: Entry | None = None


class Notebook:
    """Noted in the calls of one event loop, taken by whoever writes."""

    def __init__(self, clock: Clock, *, dropped: Callable[[int], None] = _nobody_counts) -> None:
        """`dropped` is told how many calls go unnoted, since too much waits already."""
        self._clock = clock
        self._dropped = dropped
        self._waiting: dict[_Key, Entry] = {}
        self._folds: dict[_Key, _Fold] = {}

    def note(self, who: Who, what: What, *, trace_id: str = "") -> None:
        """Note one call."""
        now = self._clock()
        entry = Entry(who=who, what=what, time=now, last_time=now, trace_id=trace_id)
        if what.verdict is Verdict.ALLOWED:
            self._add((who, what), entry)
            return
        alike = (who, replace(what, customer_ids=()))
        fold = self._folds.get(alike)
        if fold is not None:
            fold.more = _joined(fold.more, entry)
        elif len(self._folds) >= MOST_FOLDS:
            self._dropped(1)
        else:
            self._folds[alike] = _Fold(opened=now)
            self._add((who, what), entry)

    @property
    def waiting(self) -> int:
        """How many entries are not taken yet, with what is folded."""
        return len(self._waiting) + sum(fold.more is not None for fold in self._folds.values())

    def take(self, limit: int, *, all_folds: bool = False) -> list[Entry]:
        """Give what is to be written, at most `limit` entries, oldest first; they are the caller's from now on.

        `all_folds`: also those whose minute is not over, for the end of the process.
        """
        self._unfold(all_folds=all_folds)
        keys = list(self._waiting)[:limit]
        return [self._waiting.pop(key) for key in keys]

    def _unfold(self, *, all_folds: bool) -> None:
        now = self._clock()
        over = [key for key, fold in self._folds.items() if all_folds or now - fold.opened >= FOLD]
        for key in over:
            more = self._folds.pop(key).more
            if more is not None:
                self._add((more.who, more.what), more)

    def _add(self, key: _Key, entry: Entry) -> None:
        if key not in self._waiting and len(self._waiting) >= MOST_WAITING:
            self._dropped(entry.count)
            return
        self._waiting[key] = _joined(self._waiting.get(key), entry)


def _joined(before: Entry | None, entry: Entry) -> Entry:
    """Give the entry for calls alike: all their customers, as many as an entry names, and how many calls there were."""
    if before is None:
        return entry
    customers = tuple(sorted({*before.what.customer_ids, *entry.what.customer_ids}))[:MOST_CUSTOMERS]
    return replace(
        before,
        what=replace(before.what, customer_ids=customers),
        count=before.count + entry.count,
        last_time=max(before.last_time, entry.last_time),
    )
