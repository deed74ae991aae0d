"""Decides what becomes of campaigns where two customers turn out to be one, and one to be two. Pure; nothing twice.

- Both were in the same campaign because of the same thing: the one that had come further goes on, of equal ones the
  survivor's. The other one is `MERGED`, and what waited of it is cancelled.
- All other enrolments go on. Who may enter again goes by the entries of both.
- Where the merge is undone, each has their own again, and what was `MERGED` by it goes on; a message that was cancelled
  stays so. What began since goes to the customer in whose visit that was.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from services.messaging.campaigns.values import (
    MAX_ENROLMENTS,
    Enrolment,
    Heard,
    PastEntry,
    with_heard,
    with_past_entry,
)

MERGED = "MERGED"
QUEUE_FULL = "QUEUE_FULL"


@dataclass(frozen=True, slots=True)
class CampaignsState:
    """What a record holds of campaigns."""

    enrolments: tuple[Enrolment, ...] = ()
    heard: tuple[Heard, ...] = ()
    past_entries: tuple[PastEntry, ...] = ()


def join(
    survivor: CampaignsState, source: CampaignsState, now: datetime, *, waiting: frozenset[str] = frozenset()
) -> tuple[CampaignsState, frozenset[str]]:
    """Give what one customer has who was two, and the enrolments whose queued messages are not to go any more.

    `waiting` are the enrolments with messages that wait: one without has sent its own.
    """
    mine = {one.enrolment_id for one in survivor.enrolments}
    ranked = sorted(
        (*survivor.enrolments, *source.enrolments),
        key=lambda one: (
            one.is_active,
            -len(one.path),
            one.enrolment_id in waiting,
            one.enrolment_id not in mine,
            one.enter_time,
        ),
    )
    kept: list[Enrolment] = []
    ended: set[str] = set()
    for one in ranked:
        if any(_is_same_matter(other, one) for other in kept):
            ended.add(one.enrolment_id)
            kept.append(_ended(one, MERGED, now) if one.is_active else one)
        else:
            kept.append(one)
    active = sorted((one for one in kept if one.is_active), key=lambda one: (one.enter_time, one.enrolment_id))
    too_many = {one.enrolment_id for one in active[: max(len(active) - MAX_ENROLMENTS, 0)]}
    after = tuple(
        _ended(one, QUEUE_FULL, now) if one.enrolment_id in too_many else one
        for one in sorted(kept, key=lambda one: (one.enter_time, one.enrolment_id))
    )
    joined = CampaignsState(
        enrolments=after,
        heard=_joined_heard(survivor.heard, source.heard),
        past_entries=_joined_entries((*source.past_entries, *survivor.past_entries)),
    )
    return joined, frozenset(ended | too_many)


def part(
    now: CampaignsState, *, before: CampaignsState, source: CampaignsState, source_session_ids: frozenset[str]
) -> tuple[CampaignsState, CampaignsState]:
    """Give the survivor's and the source's share where a merge is undone."""
    sources = {one.enrolment_id: one for one in source.enrolments}
    mine = {one.enrolment_id: one for one in before.enrolments}
    survivors: list[Enrolment] = []
    theirs: list[Enrolment] = []
    for one in now.enrolments:
        if one.enrolment_id in sources:
            theirs.append(_as_it_was(one, sources))
        elif one.enrolment_id in mine:
            survivors.append(_as_it_was(one, mine))
        elif one.trigger.origin.session_id in source_session_ids:
            theirs.append(one)
        else:
            survivors.append(one)
    known_heard = _joined_heard(before.heard, source.heard)
    new_heard = tuple(one for one in now.heard if one not in known_heard)
    known = {(entry.campaign_id, entry.key) for entry in (*before.past_entries, *source.past_entries)}
    new_entries = tuple(entry for entry in now.past_entries if (entry.campaign_id, entry.key) not in known)
    return (
        CampaignsState(
            enrolments=tuple(survivors),
            heard=_joined_heard(before.heard, new_heard),
            past_entries=_joined_entries((*before.past_entries, *new_entries)),
        ),
        CampaignsState(
            enrolments=tuple(theirs),
            heard=source.heard,
            past_entries=_joined_entries((*source.past_entries, *new_entries)),
        ),
    )


def _is_same_matter(kept: Enrolment, other: Enrolment) -> bool:
    """Say whether two are about the same: by the very same trigger, or on their way because of the same thing."""
    if kept.campaign_id != other.campaign_id:
        return False
    if kept.trigger.same_key == other.trigger.same_key:
        return True
    return kept.is_active and other.is_active and kept.trigger.subject == other.trigger.subject


def _ended(one: Enrolment, reason: str, now: datetime) -> Enrolment:
    return replace(one, end_time=now, end_reason=reason, due_time=None, revision=one.revision + 1)


def _as_it_was(one: Enrolment, earlier: dict[str, Enrolment]) -> Enrolment:
    """Give one that the merge ended back as it was before, with what it led to since."""
    was = earlier[one.enrolment_id]
    if one.end_reason not in {MERGED, QUEUE_FULL} or one.end_reason == was.end_reason:
        return one
    return replace(was, conversion=one.conversion, reached=one.reached, revision=one.revision + 1)


def _joined_heard(first: Iterable[Heard], second: Iterable[Heard]) -> tuple[Heard, ...]:
    joined: tuple[Heard, ...] = ()
    for one in sorted((*first, *second), key=lambda heard: heard.time):
        joined = with_heard(joined, one)
    return joined


def _joined_entries(entries: Iterable[PastEntry]) -> tuple[PastEntry, ...]:
    joined: tuple[PastEntry, ...] = ()
    for entry in entries:
        joined = with_past_entry(joined, entry)
    return joined
