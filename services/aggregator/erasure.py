"""Decides how an erasure goes on: profile first, so that nobody is recognised any more, then all others.

It is never given up, whatever does not answer. When all areas have done it, it is done; some time later each is asked
once more, for what a slow writer may have put into a list after it was cleaned.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from libs.channel import Channel
from libs.events.pauses import growing_pause
from libs.origin import Origin

AREAS = ("profile", "cart", "preference", "messaging", "context")
"""In the order in which they are erased, and exported."""
FIRST = "profile"
ID_CHARACTERS = 26
FOREGROUND = timedelta(seconds=30)
"""So long the call that asked for it, or the replica that took it, may work on it before others look."""
NOWHERE = Channel("", 0)
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class ErasedRow:
    """What one area erased of one collection."""

    collection: str
    erased_count: int
    pseudonymised_count: int
    why_kept: str


@dataclass(frozen=True, slots=True)
class AreaReceipt:
    """What one area erased."""

    area: str
    rows: tuple[ErasedRow, ...]
    erase_time: datetime


@dataclass(frozen=True, slots=True)
class Erasure:
    """One customer who is forgotten. It holds ids, and nothing about the person."""

    erasure_id: str
    customer_ids: tuple[str, ...] = ()
    """The customer, then everybody who was merged into them: as asked for, then as profile said when it had erased."""
    reason: str = ""
    channel: Channel = NOWHERE
    actor_id: str = ""
    accept_time: datetime | None = None
    complete_time: datetime | None = None
    pending_areas: tuple[str, ...] = ()
    receipts: tuple[AreaReceipt, ...] = ()
    attempts: int = 0
    """How often it could not be carried on since something last went well."""
    due_time: datetime | None = None
    """When whoever comes by looks at it; None when there is nothing left to do."""

    @property
    def customer_id(self) -> str:
        """Give whose it is."""
        return self.customer_ids[0]

    @property
    def is_done(self) -> bool:
        """Whether every area has done it."""
        return self.accept_time is not None and not self.pending_areas


def erasure_id_of(customer_id: str) -> str:
    """Give the id of a customer's erasure: asked for twice, it is the same."""
    return f"era_{hashlib.sha256(customer_id.encode()).hexdigest()[:ID_CHARACTERS]}"


def accept(erasure_id: str, customer_ids: Sequence[str], *, reason: str, origin: Origin, now: datetime) -> Erasure:
    """Begin one."""
    return Erasure(
        erasure_id=erasure_id,
        customer_ids=_each_once(customer_ids),
        reason=reason,
        channel=Channel(id=origin.channel_id, kind=origin.channel_kind),
        actor_id=origin.actor_id,
        accept_time=now,
        pending_areas=AREAS,
        due_time=now + FOREGROUND,
    )


def next_areas(erasure: Erasure) -> tuple[str, ...]:
    """Give which areas to ask now: profile alone before it has done it; all, when it is done and looked at again."""
    if FIRST in erasure.pending_areas:
        return (FIRST,)
    return erasure.pending_areas or AREAS


def note(
    erasure: Erasure, receipt: AreaReceipt, customer_ids: Iterable[str], *, now: datetime, again_after: timedelta
) -> Erasure:
    """Take in what an area erased, and of whom. What was noted before stays."""
    if receipt.area not in erasure.pending_areas:
        return erasure
    pending = tuple(area for area in erasure.pending_areas if area != receipt.area)
    everybody = customer_ids if receipt.area == FIRST else erasure.customer_ids
    return replace(
        erasure,
        customer_ids=_each_once(everybody),
        pending_areas=pending,
        receipts=tuple(sorted((*erasure.receipts, receipt), key=lambda one: one.area)),
        attempts=0,
        complete_time=None if pending else now,
        due_time=erasure.due_time if pending else now + again_after,
    )


def put_off(erasure: Erasure, *, now: datetime) -> Erasure:
    """Try again later, after ever longer pauses up to five minutes."""
    attempts = erasure.attempts + 1
    pause = growing_pause(attempts, first=FIRST_PAUSE, most=LONGEST_PAUSE)
    return replace(erasure, attempts=attempts, due_time=now + pause)


def take(erasure: Erasure, *, now: datetime) -> Erasure:
    """Keep the others away while it is worked on."""
    return replace(erasure, due_time=now + FOREGROUND)


def close(erasure: Erasure) -> Erasure:
    """Leave nothing to do: every area was asked once more."""
    return replace(erasure, due_time=None)


def _each_once(customer_ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(customer_ids))
