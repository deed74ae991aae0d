"""Six digits that prove something once: how they are drawn, how guesses are told apart, how many are given. Pure."""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.origin import Stamp

NewCode = Callable[[], str]
"""Gives a code that nobody can guess."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One code that was given, as limits count it."""

    name: str
    """The same for every copy of the request that asked for it."""
    time: datetime


def new_code() -> str:
    """Give six digits."""
    return f"{secrets.randbelow(1_000_000):06}"


def with_slot(slots: Sequence[Slot], one: Slot, *, most: int, window: timedelta) -> tuple[Slot, ...] | datetime:
    """Give the slots of the last while with one more, or when there is room for it. The same one counts once."""
    recent = [slot for slot in slots if one.time - slot.time < window]
    if any(slot.name == one.name for slot in recent):
        return tuple(recent)
    if len(recent) >= most:
        return recent[-most].time + window
    return (*recent, one)


def guess_of(stamp: Stamp) -> str:
    """Name a request: every copy of it is one guess, and another code makes another one of it."""
    name = f"{stamp.origin.channel_id}\0{stamp.request_id}\0".encode() + stamp.body_hash
    return hashlib.sha256(name).hexdigest()
