"""Decides what a statement does to a customer's preferences: pure and synchronous."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from libs.channel import Channel
from libs.mongo.values import Decision
from libs.origin import Origin
from services.preference import errors
from services.preference.events import ConsentConfirmationRequested, ConsentSet, Event, PreferencesUpdated
from services.preference.values import (
    EARLIER,
    GRANTED,
    PENDING,
    REVOKED,
    Consent,
    ConsentKey,
    ConsentRecord,
    Preferences,
    sorted_consents,
)

MAX_CONSENTS = 100
KEPT_BY_US = {"consents", "said_in", "merge_time", "update_time", "chain"}
CHANGEABLE = frozenset(field.name for field in fields(Preferences)) - KEPT_BY_US
SAID_NOW = timedelta(minutes=5)
LONG_AGO = datetime.min.replace(tzinfo=UTC)

Change: TypeAlias = Decision[Preferences, Event]


@dataclass(frozen=True, slots=True)
class Act:
    """What every change knows about itself."""

    origin: Origin
    time: datetime
    """Now, by the server's clock."""
    issue_time: datetime
    """When the caller issued it, by its own clock."""

    @property
    def said_time(self) -> datetime:
        """When the customer said it: now, unless a channel that was offline tells later.

        Within five minutes a channel's clock is not believed more than ours, or a slow one would weaken a no.
        """
        return self.issue_time if self.issue_time < self.time - SAID_NOW else self.time

    @property
    def channel(self) -> Channel:
        """The place of the act."""
        return Channel(self.origin.channel_id, self.origin.channel_kind)


@dataclass(frozen=True, slots=True)
class Statement:
    """A yes or a no, and what proves it."""

    key: ConsentKey
    state: int
    wording: str
    wording_version: str
    source: str


@dataclass(frozen=True, slots=True)
class OptIn:
    """What is known beforehand of a yes that needs double opt-in."""

    confirmation_id: str
    """For one that does not wait yet."""
    may_ask: bool
    """Whether the address may be asked: it is not asked too often, whoever asks."""


def update(preferences: Preferences, wanted: Preferences, mask: Sequence[str], *, act: Act) -> Change:
    """Set the fields named in the mask to those of `wanted`; pauses that are over fall away."""
    names = _checked(mask)
    new = {name: getattr(wanted, name) for name in names}
    if "pauses" in new:
        new["pauses"] = tuple(pause for pause in wanted.pauses if pause.until_time > act.time)
    changed = tuple(name for name in names if getattr(preferences, name) != new[name])
    if not changed:
        return Decision(preferences)
    said_in = noted(preferences.said_in, changed, act.origin.session_id)
    after = replace(preferences, **new, said_in=said_in, update_time=act.time)
    return Decision(after, (PreferencesUpdated(act.said_time, changed),))


def noted(said_in: tuple[tuple[str, str], ...], names: Sequence[str], session_id: str) -> tuple[tuple[str, str], ...]:
    """Note in which visit fields were set; one without a visit is not named."""
    visits = {**dict(said_in), **dict.fromkeys(names, session_id)}
    return tuple(sorted((name, visit) for name, visit in visits.items() if visit))


def set_consent(
    preferences: Preferences,
    statement: Statement,
    *,
    act: Act,
    record_id: str,
    opt_in: OptIn | None = None,
    confirmation: int = 0,
    max_consents: int = MAX_CONSENTS,
) -> Change:
    """Note a yes or a no with its record (the fact `record_id`).

    A no always counts. A yes counts unless a no that covers it was said after it; it is recorded either way.
    Of what was said before a merge the no stands, in whatever order the news of it comes.
    With `opt_in` a yes waits for its confirmation, unless one stands already; `confirmation` is how it came with one.
    The fact `state` is what the record says, `confirmation_id` by what it is to be confirmed.
    """
    before = next((consent for consent in preferences.consents if consent.key == statement.key), None)
    others = [consent for consent in preferences.consents if consent.key != statement.key]
    if before is None and len(others) >= max_consents:
        raise errors.consent_limit(max_consents)
    standing = before if before is not None and _stands_as_yes(preferences, before) else None
    state, confirmation_id = statement.state, ""
    if state == GRANTED and standing is not None and standing.state == GRANTED:
        confirmation = confirmation or (EARLIER if standing.confirmation else 0)
        confirmation_id = standing.confirmation_id
    elif state == GRANTED and opt_in is not None and not confirmation:
        state = PENDING
        confirmation_id = standing.confirmation_id if standing is not None else opt_in.confirmation_id
    record = replace(proof_of(statement, act=act, record_id=record_id), state=state, confirmation=confirmation)
    after, events = preferences, [ConsentSet(act.said_time, record)]
    facts = {"record_id": record_id, "state": str(state), "confirmation_id": ""}
    if statement.state == REVOKED or not said_no_since(preferences, statement.key, act.said_time):
        consent = Consent(
            key=statement.key,
            state=state,
            update_time=act.said_time,
            channel=act.channel,
            record_id=record_id,
            session_id=act.origin.session_id,
            overruled=before.newest_no if before is not None and statement.state == GRANTED else None,
            confirmation_id=confirmation_id,
            confirmation=confirmation,
        )
        after = replace(preferences, consents=sorted_consents([*others, consent]), update_time=act.time)
        if state == PENDING:
            facts["confirmation_id"] = confirmation_id
    decision: Change = Decision(after, tuple(events), facts=facts)
    if facts["confirmation_id"] and opt_in is not None and opt_in.may_ask:
        return _asking(decision, confirmation_id, statement.key, act)
    return decision


def _asking(decision: Change, confirmation_id: str, key: ConsentKey, act: Act) -> Change:
    asked = ConsentConfirmationRequested(act.time, confirmation_id, key.delivery_kind)
    return replace(decision, events=(*decision.events, asked))


def _stands_as_yes(preferences: Preferences, consent: Consent) -> bool:
    """Say whether a yes, be it pending, was not followed by a no that covers it."""
    return consent.state != REVOKED and not said_no_since(preferences, consent.key, consent.update_time)


def proof_of(statement: Statement, *, act: Act, record_id: str) -> ConsentRecord:
    """Give the proof of a yes or a no."""
    return ConsentRecord(
        record_id=record_id,
        key=statement.key,
        state=statement.state,
        wording=statement.wording,
        wording_version=statement.wording_version,
        source=statement.source,
        channel=act.channel,
        actor_id=act.origin.actor_id,
        occur_time=act.said_time,
        traceparent=act.origin.traceparent,
        session_id=act.origin.session_id,
    )


def said_no_since(preferences: Preferences, key: ConsentKey, time: datetime) -> bool:
    """Whether a no that covers `key` was said after `time`, or before the same merge as that."""
    merge_time = preferences.merge_time
    since = time if merge_time is None or time >= merge_time else LONG_AGO
    return any(
        consent.state == REVOKED and consent.key.covers(key) and consent.update_time > since
        for consent in preferences.consents
    )


def _checked(mask: Sequence[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(mask))
    if not names:
        raise errors.update_mask_invalid("is empty")
    for name in names:
        if name not in CHANGEABLE:
            raise errors.update_mask_invalid("has a star" if name == "*" else "names a field that cannot be changed")
    return names
