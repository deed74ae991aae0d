"""Decides on a yes that waits: which one is meant, whether it still waits, what its confirmation makes of it. Pure."""

from dataclasses import dataclass, replace
from datetime import timedelta

from libs.mongo.values import Decision
from services.preference import errors
from services.preference.events import ConsentConfirmationRequested, ConsentSet
from services.preference.model import Act, Change, said_no_since
from services.preference.values import (
    GRANTED,
    PENDING,
    Consent,
    ConsentKey,
    ConsentRecord,
    Preferences,
    sorted_consents,
)

CODE_LIFETIME = timedelta(hours=24)
LINK_LIFETIME = timedelta(days=7)
KEPT_AFTERWARDS = timedelta(days=1)
"""So long is a confirmation known after its link has stopped working."""
MOST_TRIES = 5
LIMIT_WINDOW = timedelta(days=1)
MOST_PER_ADDRESS = 3
"""How many confirmations an address is asked for in a day, whoever says that it is theirs."""


@dataclass(frozen=True, slots=True)
class Which:
    """Which yes is meant: one of the three is given."""

    key: ConsentKey | None = None
    record_id: str = ""
    confirmation_id: str = ""

    def fits(self, consent: Consent) -> bool:
        """Say whether it is this one."""
        if self.key is not None:
            return consent.key == self.key
        if self.record_id:
            return consent.record_id == self.record_id
        return bool(self.confirmation_id) and consent.confirmation_id == self.confirmation_id


@dataclass(frozen=True, slots=True)
class Proof:
    """How it was confirmed, and what the customer saw then."""

    way: int
    """A value of `ConfirmationWay`."""
    source: str
    wording: str = ""
    wording_version: str = ""


def waiting(preferences: Preferences, which: Which) -> Consent | None:
    """Give the yes that is meant, while it waits: no no that covers it has come since."""
    consent = next((one for one in preferences.consents if which.fits(one)), None)
    if consent is None or consent.state != PENDING:
        return None
    return None if said_no_since(preferences, consent.key, consent.update_time) else consent


def confirm(preferences: Preferences, which: Which, proof: Proof, *, act: Act, record_id: str) -> Change:
    """Let the yes count from now on, with a second record that names the first. Raises CONSENT_NOT_PENDING.

    It belongs to the visit in which it was said: the confirmation is often in none.
    """
    pending = waiting(preferences, which)
    if pending is None:
        raise errors.consent_not_pending()
    record = ConsentRecord(
        record_id=record_id,
        key=pending.key,
        state=GRANTED,
        wording=proof.wording,
        wording_version=proof.wording_version,
        source=proof.source,
        channel=act.channel,
        actor_id=act.origin.actor_id,
        occur_time=act.time,
        traceparent=act.origin.traceparent,
        session_id=act.origin.session_id or pending.session_id,
        confirms_record_id=pending.record_id,
        confirmation=proof.way,
    )
    consent = replace(
        pending,
        state=GRANTED,
        update_time=act.time,
        channel=act.channel,
        record_id=record_id,
        session_id=record.session_id,
        confirmation=proof.way,
    )
    others = [one for one in preferences.consents if one.key != pending.key]
    after = replace(preferences, consents=sorted_consents([*others, consent]), update_time=act.time)
    return Decision(after, (ConsentSet(act.time, record),), facts={"record_id": record_id})


def ask_again(preferences: Preferences, which: Which, *, act: Act, may_ask: bool) -> Change:
    """Announce that the address is to be asked once more, if it may be. Raises CONSENT_NOT_PENDING."""
    pending = waiting(preferences, which)
    if pending is None:
        raise errors.consent_not_pending()
    if not may_ask:
        return Decision(preferences)
    asked = ConsentConfirmationRequested(act.time, pending.confirmation_id, pending.key.delivery_kind)
    return Decision(preferences, (asked,))
