"""Decides how the preferences of a merged customer are taken over. A no of either side stays a no.

- Consents: of what both sides said about the same purpose, way and address the more restrictive one stands, whatever
  was said first; a no about every address also stands against the other side's yes for one. What the customer says
  after the merge counts as always.
- Caps: the stricter one per purpose. Pauses: all, per purpose the longer one.
- Language, time zone, channels and quiet hours: the survivor's where they were said, else the source's.
- Interests: those of both, the survivor's first, as many as a customer can have.
"""

from dataclasses import replace
from datetime import datetime

from libs.mongo.values import Decision
from services.preference.events import PreferencesAbsorbed
from services.preference.model import Change
from services.preference.values import REVOKED, Consent, FrequencyCap, Pause, Preferences, sorted_consents

MAX_INTERESTS = 50


def absorb(
    survivor: Preferences, source: Preferences, *, merge_id: str, source_customer_id: str, now: datetime
) -> Change:
    """Put what the source had said beside what the survivor had said."""
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
        consents=_consents(survivor.consents, source.consents),
    )
    if after != survivor:
        after = replace(after, update_time=now)
    return Decision(after, (PreferencesAbsorbed(now, merge_id, source_customer_id),))


def _consents(survivor: tuple[Consent, ...], source: tuple[Consent, ...]) -> tuple[Consent, ...]:
    restricted = [_restricted(mine, source) for mine in survivor] + [_restricted(theirs, survivor) for theirs in source]
    by_key = {consent.key: consent for consent in restricted}
    by_key |= {consent.key: consent for consent in restricted if consent.state == REVOKED}
    return sorted_consents(list(by_key.values()))


def _restricted(consent: Consent, others: tuple[Consent, ...]) -> Consent:
    """The consent as the other side's noes leave it; a no is named by the record that proves it."""
    for other in others:
        if consent.state != REVOKED and other.state == REVOKED and other.key.covers(consent.key):
            return replace(other, key=consent.key)
    return consent


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
