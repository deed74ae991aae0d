"""Decides what changes in a customer's memberships: in the same write as whatever changes the customer. Pure.

It is decided by the segments as this replica knows them, which may be a moment old: a record remembers by which edition
it was decided, an older one decides nothing on it, and the sweep looks again at whoever is behind.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.profile.events import ProfileEvent, SegmentEntered, SegmentLeft
from services.profile.model import Membership, Profile, Standing
from services.profile.segments import Segment, Subject, next_turn

MOST_CHANGES_AT_ONCE = 16
"""More follow at once, each few with a write of their own: a record's outbox has bounds."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A segment with its version."""

    segment: Segment
    version: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All segments at one time."""

    rules: Mapping[str, Rule]

    @property
    def edition(self) -> int:
        """Give a number that grows with every change: segments are never removed, and their versions only grow."""
        return sum(rule.version for rule in self.rules.values())


NO_SEGMENTS = Catalogue({})


def with_memberships(
    profile: Profile, catalogue: Catalogue, *, now: datetime
) -> tuple[Profile, tuple[ProfileEvent, ...]]:
    """Give the profile with the memberships that follow from it, and what others hear of that."""
    standing = profile.standing
    if catalogue.edition < standing.edition:  # this replica is behind: whoever is not shall decide
        return replace(profile, standing=replace(standing, due_time=now)), ()
    if profile.create_time is None:
        return replace(profile, standing=Standing(edition=catalogue.edition)), ()
    before = {one.segment_id: one for one in standing.memberships}
    active = [rule for rule in catalogue.rules.values() if rule.segment.active]
    subject = Subject(profile, now=now)
    after: dict[str, Membership] = {}
    for rule in active:
        segment_id = rule.segment.segment_id
        if subject.belongs(rule.segment):
            since = before[segment_id].enter_time if segment_id in before else now
            after[segment_id] = Membership(segment_id, rule.version, since)
    changed = sorted(before.keys() ^ after.keys())
    for segment_id in changed[MOST_CHANGES_AT_ONCE:]:  # stays as it was, for now
        after.pop(segment_id, None)
        if segment_id in before:
            after[segment_id] = before[segment_id]
    events = tuple(
        SegmentEntered(segment_id, after[segment_id].segment_version)
        if segment_id in after
        else SegmentLeft(segment_id, _version_of(catalogue, before[segment_id]))
        for segment_id in changed[:MOST_CHANGES_AT_ONCE]
    )
    is_complete = len(changed) <= MOST_CHANGES_AT_ONCE
    standing = Standing(
        memberships=tuple(after[segment_id] for segment_id in sorted(after)),
        edition=catalogue.edition,
        due_time=next_turn(profile, [rule.segment for rule in active], now=now) if is_complete else now,
    )
    return replace(profile, standing=standing), events


def _version_of(catalogue: Catalogue, membership: Membership) -> int:
    rule = catalogue.rules.get(membership.segment_id)
    return rule.version if rule else membership.segment_version
