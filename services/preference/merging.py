"""Decides how the preferences of a merged customer are taken over. A no of either side stays a no.

- Consents: of what both sides said before the merge about the same purpose, way and address the more restrictive one
  stands, whatever was said first, and whenever we hear of it; a no about every address also stands against the other
  side's yes for one. What the customer says after the merge counts as always, also where that comes here first.
  A yes that waits for its confirmation counts as one that does not wait, where the other side has that.
- Caps: the stricter one per purpose. Pauses: all, per purpose the longer one.
- Language, time zone, channels and quiet hours: the survivor's where they were said, else the source's.
- Interests: those of both, the survivor's first, as many as a customer can have.
"""

from dataclasses import replace
from datetime import datetime

from libs.mongo.values import Decision
from services.preference.chain.values import ChainNote
from services.preference.events import PreferencesAbsorbed
from services.preference.merge_outcome import explain
from services.preference.model import Change
from services.preference.values import GRANTED, REVOKED, Consent, FrequencyCap, No, Pause, Preferences, sorted_consents

MAX_INTERESTS = 50


def absorb(
    survivor: Preferences,
    source: Preferences,
    *,
    merge_id: str,
    source_customer_id: str,
    merge_time: datetime,
    now: datetime,
) -> Change:
    """Put what the source had said beside what the survivor had said; `merge_time` is when the merge was decided."""
    after = unite(survivor, source, merge_time=merge_time, now=now)
    note = note_of(source, merge_id=merge_id, source_customer_id=source_customer_id, released=False)
    event = PreferencesAbsorbed(now, merge_id, source_customer_id, note)
    return Decision(after, (event,), merged=explain(survivor, source, after, now=now))


def note_of(source: Preferences, *, merge_id: str, source_customer_id: str, released: bool) -> ChainNote | None:
    """Give what the survivor's chain says of the source's; None where that has none."""
    if not source.chain.position:
        return None
    return ChainNote(merge_id=merge_id, other_chain_id=source_customer_id, other=source.chain, released=released)


def unite(survivor: Preferences, source: Preferences, *, merge_time: datetime, now: datetime) -> Preferences:
    """Give the survivor's preferences after the merge."""
    interests = dict.fromkeys((*survivor.interests, *source.interests))
    after = replace(
        survivor,
        language=survivor.language or source.language,
        time_zone=survivor.time_zone or source.time_zone,
        preferred_channels=survivor.preferred_channels or source.preferred_channels,
        quiet_hours=survivor.quiet_hours or source.quiet_hours,
        pauses=_pauses((*survivor.pauses, *source.pauses), now),
        frequency_caps=_caps((*survivor.frequency_caps, *source.frequency_caps)),
        interests=tuple(sorted(list(interests)[:MAX_INTERESTS])),
        consents=_consents(survivor.consents, source.consents, merge_time),
    )
    if after != survivor:
        after = replace(after, update_time=now)
    return replace(after, merge_time=max(t for t in (survivor.merge_time, source.merge_time, merge_time) if t))


def _consents(survivor: tuple[Consent, ...], source: tuple[Consent, ...], merge_time: datetime) -> tuple[Consent, ...]:
    restricted = [_restricted(mine, source, merge_time) for mine in survivor]
    restricted += [_restricted(theirs, survivor, merge_time) for theirs in source]
    standing: dict[object, Consent] = {}
    for consent in restricted:
        other = standing.get(consent.key)
        standing[consent.key] = consent if other is None else _one_of(other, consent, merge_time)
    return sorted_consents(list(standing.values()))


def _one_of(one: Consent, other: Consent, merge_time: datetime) -> Consent:
    """Give which of two about the same stands: of two of a kind the newer one."""
    if one.state == other.state:
        newest = max(one, other, key=lambda consent: (consent.update_time, consent.record_id))
        return newest if newest.state == REVOKED else replace(newest, overruled=_newest_no(one, other))
    if REVOKED not in (one.state, other.state):  # one of them waits for a confirmation that the other one needs no more
        yes = one if one.state == GRANTED else other
        return replace(yes, overruled=_newest_no(one, other))
    no, yes = (one, other) if one.state == REVOKED else (other, one)
    return no if _outweighs(no, yes, merge_time) else replace(yes, overruled=_newest_no(one, other))


def _restricted(consent: Consent, others: tuple[Consent, ...], merge_time: datetime) -> Consent:
    """The consent as the other side's noes leave it; a no is named by the record that proves it."""
    for other in others:
        covers = consent.state != REVOKED and other.state == REVOKED and other.key.covers(consent.key)
        if covers and _outweighs(other, consent, merge_time):
            return replace(other, key=consent.key)
    return consent


def _outweighs(no: Consent, yes: Consent, merge_time: datetime) -> bool:
    """Only a yes from after the merge takes back a no that the other side said."""
    return yes.update_time < merge_time or no.update_time > yes.update_time


def _newest_no(one: Consent, other: Consent) -> No | None:
    noes = [no for no in (one.newest_no, other.newest_no) if no is not None]
    return max(noes, key=lambda no: (no.update_time, no.record_id), default=None)


def _pauses(pauses: tuple[Pause, ...], now: datetime) -> tuple[Pause, ...]:
    longest: dict[str, Pause] = {}
    for pause in pauses:
        known = longest.get(pause.purpose)
        if pause.until_time > now and (known is None or pause.until_time > known.until_time):
            longest[pause.purpose] = pause
    return tuple(longest.values())


def _caps(caps: tuple[FrequencyCap, ...]) -> tuple[FrequencyCap, ...]:
    strictest: dict[str, FrequencyCap] = {}
    for cap in caps:
        known = strictest.get(cap.purpose)
        if known is None or cap.strictness < known.strictness:
            strictest[cap.purpose] = cap
    return tuple(strictest.values())
