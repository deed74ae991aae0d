"""Learns at which hour a customer usually reacts to messages, from what was reported of them. Pure.

What is kept is when they reacted, not a histogram: so the hours are right whatever time zone the customer has, or has
moved to, and across changes of clocks. An old reaction counts less: half as much after 60 days.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.messaging.campaigns.values import SendWindow
from services.messaging.deciding.facts import PreferredTime
from services.messaging.values import Message, Receipt, ReceiptKind

MAX_REACTIONS = 64
LEAST_REACTIONS = 5
"""With fewer, chance would choose."""
KEPT = timedelta(days=365)
HALF_LIFE = timedelta(days=60)
BY_A_PROGRAM = timedelta(minutes=2)
"""Mail programs and scanners open a mail as soon as it comes: so early an opening tells when we sent it."""
REACTIONS = frozenset({ReceiptKind.OPENED, ReceiptKind.CLICKED})
HOURS = 24
MINUTES_A_DAY = 1440


@dataclass(frozen=True, slots=True)
class UsualHour:
    """The hour of a window at which a customer reacts most, with what says so."""

    hour: int | None
    """By the customer's clock; None where too little is known of this window."""
    learned_from: int
    """How many reactions are known, in and out of the window."""
    counts: tuple[int, ...]
    """How many there were in each hour of the day, 24 of them."""
    why: str
    """For a person."""


def reaction_to(message: Message, receipt: Receipt) -> datetime | None:
    """Give when the customer reacted by what was reported; None where it was no reaction, or not the first one."""
    if receipt.kind not in REACTIONS or any(noted.kind in REACTIONS for noted in message.receipts):
        return None
    sent = message.send_time
    if receipt.kind is ReceiptKind.OPENED and sent is not None and receipt.time < sent + BY_A_PROGRAM:
        return None
    return receipt.time


def newest_reactions(reactions: Iterable[datetime], now: datetime | None = None) -> tuple[datetime, ...]:
    """Give the newest 64, oldest first; with `now` those of the last year."""
    kept = sorted(time for time in reactions if now is None or time > now - KEPT)
    return tuple(kept[-MAX_REACTIONS:])


def best_hour(reactions: Sequence[datetime], window: SendWindow, *, zone: ZoneInfo, now: datetime) -> UsualHour:
    """Choose the hour that begins in the window and in which the customer reacts most; of equal ones the earliest."""
    past = sorted(time for time in reactions if now - KEPT < time <= now)
    weights, counts = [0.0] * HOURS, [0] * HOURS
    for time in past:
        hour = time.astimezone(zone).hour
        counts[hour] += 1
        weights[hour] += 0.5 ** ((now - time) / HALF_LIFE)
    known, told = len(past), tuple(counts)
    if known < LEAST_REACTIONS:
        return UsualHour(None, known, told, f"{known} reactions are known, {LEAST_REACTIONS} are needed")
    within = [hour for hour in _hours_of(window) if weights[hour] > 0]
    if not within:
        return UsualHour(None, known, told, f"none of {known} reactions was in the window")
    chosen = max(within, key=lambda hour: weights[hour])
    return UsualHour(
        chosen, known, told, f"{counts[chosen]} of {known} reactions were between {chosen} and {chosen + 1}"
    )


def preferred_time(
    reactions: Sequence[datetime], window: SendWindow | None, *, zone: ZoneInfo, now: datetime
) -> PreferredTime | None:
    """Give what the gate of the send time asks; None where there is no window, or too little is known."""
    if window is None:
        return None
    usual = best_hour(reactions, window, zone=zone, now=now)
    return None if usual.hour is None else PreferredTime(usual.hour * 60, usual.learned_from)


def _hours_of(window: SendWindow) -> list[int]:
    """Give the hours that begin in a window, in its order."""
    length = (window.end_minute - window.start_minute) % MINUTES_A_DAY or MINUTES_A_DAY
    first = -(-window.start_minute // 60)
    hours = (hour % HOURS for hour in range(first, first + HOURS))
    return [hour for hour in hours if (hour * 60 - window.start_minute) % MINUTES_A_DAY < length]
