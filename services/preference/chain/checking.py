"""Finds what was done to a chain behind our back. Pure: it is given the entries as they lie there, by position.

Every entry is looked at three times: that it says what its content's digest is over, that its digest is over its place,
and that it follows the one before it. The end has to be the one that the customer's record names, and the chain has to
go through a head that was kept elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.preference.chain.digests import entry_digest
from services.preference.chain.values import ChainHead


class Fault(StrEnum):
    """What can be wrong."""

    EDITED = "EDITED"
    REMOVED = "REMOVED"
    REORDERED = "REORDERED"
    INSERTED = "INSERTED"
    TRUNCATED = "TRUNCATED"
    FORKED = "FORKED"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it was found."""

    entry_id: str
    position: int
    content_digest: str
    previous_digest: str
    digest: str
    computed: str | None
    """The digest of what it says now; None where an erasure left nothing to compute it from."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The first fault."""

    fault: Fault
    position: int
    entry_id: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """What was found."""

    finding: Finding | None
    head: ChainHead
    """The last entry that is as it was noted."""


def check(
    entries: Sequence[Entry], *, after: ChainHead, until: ChainHead, kept: ChainHead | None = None, is_end: bool = True
) -> Check:
    """Look at the entries behind `after`, in order, up to `until`, where the customer's record says that it ends.

    `after` is what the chain begins with, or a head that was checked before. Without `is_end` these are only the first
    entries, and the end is left to a later call.
    """
    head = after
    for index, entry in enumerate(entries):
        finding = _fault_of(entry, head, entries, index) or _against(kept, entry)
        if finding is not None:
            return Check(finding, head)
        head = ChainHead(entry.position, entry.digest)
    return Check(_at_the_end(head, until, kept, entries) if is_end else None, head)


def _fault_of(entry: Entry, head: ChainHead, entries: Sequence[Entry], index: int) -> Finding | None:
    expected = head.position + 1
    if entry.position > expected:
        return Finding(Fault.REMOVED, expected)
    if entry.position < expected or _is_doubled(entries, index):
        return Finding(Fault.INSERTED, entry.position, entry.entry_id)
    if entry.computed not in (None, entry.content_digest):
        return Finding(Fault.EDITED, entry.position, entry.entry_id)
    if entry_digest(entry.previous_digest, entry.position, entry.content_digest) != entry.digest:
        return Finding(_displaced(entry, entries, head), entry.position, entry.entry_id)
    if entry.previous_digest != head.digest:
        before = entries[index - 1] if index else None
        if before is not None:  # it fits to what was before it, and not to what follows: it was made anew
            return Finding(Fault.EDITED, before.position, before.entry_id)
        return Finding(Fault.FORKED, entry.position, entry.entry_id)
    return None


def _is_doubled(entries: Sequence[Entry], index: int) -> bool:
    return index + 1 < len(entries) and entries[index + 1].position == entries[index].position


def _displaced(entry: Entry, entries: Sequence[Entry], head: ChainHead) -> Fault:
    """Say why an entry does not belong at its place: it, or what it says, was noted elsewhere; or it was edited."""
    if not _was_noted_elsewhere(entry, entries):
        return Fault.EDITED
    known = {head.digest, *(other.digest for other in entries)}
    return Fault.REORDERED if entry.previous_digest in known else Fault.REMOVED


def _was_noted_elsewhere(entry: Entry, entries: Sequence[Entry]) -> bool:
    for other in entries:
        for previous in {entry.previous_digest, other.previous_digest}:
            if entry_digest(previous, other.position, entry.content_digest) in (entry.digest, other.digest):
                return True
    moved_down = max(other.position for other in entries) + 1
    return entry_digest(entry.previous_digest, moved_down, entry.content_digest) == entry.digest


def _against(kept: ChainHead | None, entry: Entry) -> Finding | None:
    if kept is not None and kept.position == entry.position and kept.digest != entry.digest:
        return Finding(Fault.FORKED, entry.position, entry.entry_id)
    return None


def _at_the_end(head: ChainHead, until: ChainHead, kept: ChainHead | None, entries: Sequence[Entry]) -> Finding | None:
    longest = max((one for one in (until, kept) if one is not None), key=lambda one: one.position)
    if head.position < longest.position:
        return Finding(Fault.TRUNCATED, head.position + 1)
    if head.position == until.position and until.position and head.digest != until.digest:
        last = entries[-1].entry_id if entries else ""
        return Finding(Fault.FORKED, head.position, last)
    return None
