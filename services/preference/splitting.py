"""Decides who gets which preferences where a merge is undone. Pure.

What was not touched since is on each side as it was before. What was said since goes to the customer in whose visit it
was said, and to the survivor where nothing tells. A no that was said since counts on both sides: a yes after it may be
the other one's. Nothing that either side had refused before becomes a yes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from services.preference.merging import unite
from services.preference.model import noted
from services.preference.values import REVOKED, Consent, ConsentKey, Preferences, sorted_consents

WHOLE_FIELDS = ("language", "time_zone", "preferred_channels", "quiet_hours")
Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Parted:
    """What each of the two has afterwards."""

    survivor: Preferences
    source: Preferences


@dataclass(frozen=True, slots=True)
class _Sides:
    """What there was and is, for one sort of thing after the other."""

    before: Preferences
    source: Preferences
    merged: Preferences
    """As it was right after the merge."""
    now: Preferences
    source_session_ids: frozenset[str]
    merge_time: datetime

    def is_sources(self, session_id: str) -> bool:
        """Tell whether what was said in this visit is the source's."""
        return session_id in self.source_session_ids


def split(
    now: Preferences,
    *,
    before: Preferences,
    source: Preferences,
    source_session_ids: frozenset[str],
    merge_time: datetime,
) -> Parted:
    """Give both their own again: `before` is the survivor's from before the merge, `source` as it was sealed."""
    merged = unite(before, source, merge_time=merge_time, now=merge_time)
    sides = _Sides(before, source, merged, now, source_session_ids, merge_time)
    survivor, given_back = _fields(sides)
    mine, theirs = _consents(sides)
    return Parted(
        survivor=_touched(replace(survivor, consents=mine), before, now),
        source=_touched(replace(given_back, consents=theirs), source, now),
    )


def _touched(after: Preferences, base: Preferences, now: Preferences) -> Preferences:
    return after if after == base else replace(after, update_time=now.update_time)


def _fields(sides: _Sides) -> tuple[Preferences, Preferences]:
    mine, theirs = sides.before, sides.source
    said_in = dict(sides.now.said_in)
    for name in (*WHOLE_FIELDS, "pauses", "frequency_caps", "interests"):
        was, is_now = getattr(sides.merged, name), getattr(sides.now, name)
        if was == is_now:
            continue
        session_id = said_in.get(name, "")
        owner = theirs if sides.is_sources(session_id) else mine
        new: Any = is_now if name in WHOLE_FIELDS else _changed_alike(getattr(owner, name), was, is_now, name)
        fields: dict[str, Any] = {name: new, "said_in": noted(owner.said_in, [name], session_id)}
        changed = replace(owner, **fields)
        mine, theirs = (mine, changed) if owner is theirs else (changed, theirs)
    return mine, theirs


def _changed_alike(
    own: tuple[Thing, ...], was: tuple[Thing, ...], is_now: tuple[Thing, ...], name: str
) -> tuple[Thing, ...]:
    """Do to one side's list what was done to the common one: take away what was, and add what was."""
    key = _key_of(name)
    left = {key(thing) for thing in is_now}
    gone = {key(thing) for thing in was} - left
    told = {key(thing): thing for thing in is_now if thing not in was}
    kept = [told.get(key(thing), thing) for thing in own if key(thing) not in gone]
    known = {key(thing) for thing in own}
    after = (*kept, *(thing for thing in is_now if key(thing) in told and key(thing) not in known))
    return tuple(sorted(after, key=str)) if name == "interests" else after


def _key_of(name: str) -> Callable[[object], object]:
    if name == "interests":
        return lambda interest: interest
    return lambda thing: getattr(thing, "purpose")  # noqa: B009  # pauses and caps have one


def _consents(sides: _Sides) -> tuple[tuple[Consent, ...], tuple[Consent, ...]]:
    mine, theirs = _by_key(sides.before.consents), _by_key(sides.source.consents)
    merged, standing = _by_key(sides.merged.consents), _by_key(sides.now.consents)
    for key in merged.keys() - standing.keys():
        mine.pop(key, None)  # it was a third one's, who was parted from these two before
    for key, consent in standing.items():
        known, no = merged.get(key), consent.newest_no
        if no is not None and (no.update_time >= sides.merge_time or known is None or no != known.newest_no):
            for side in (mine, theirs):
                side[key] = consent.as_no(no)
        if consent != known and consent.state != REVOKED:
            side = theirs if _confirms(consent, theirs.get(key)) or sides.is_sources(consent.session_id) else mine
            side[key] = consent
    return sorted_consents(list(mine.values())), sorted_consents(list(theirs.values()))


def _confirms(consent: Consent, waiting: Consent | None) -> bool:
    """Say whether this is the same yes, which was waiting for its confirmation before the merge."""
    return bool(consent.confirmation_id) and waiting is not None and waiting.confirmation_id == consent.confirmation_id


def _by_key(consents: Iterable[Consent]) -> dict[ConsentKey, Consent]:
    return {consent.key: consent for consent in consents}
