"""Decides what a yes or a no does that was said earlier, elsewhere, and is told only now. Pure.

It is kept with its proof whatever stands. It counts where nothing was said later about the same: so it takes back
nothing, and a no from before stays a no.
"""

from dataclasses import replace

from libs.mongo.values import Decision
from services.preference.events import ConsentSet
from services.preference.model import Act, Change, Statement, proof_of, set_consent
from services.preference.values import REVOKED, Consent, No, Preferences, sorted_consents

COUNTS = "counts"
KEPT = "kept"


def note_history(
    preferences: Preferences, statement: Statement, *, act: Act, record_id: str, is_theirs: bool
) -> Change:
    """Note what was said at `act.said_time`; the fact `state` says whether it counts.

    `is_theirs` is False for the word of somebody who was merged into this customer since: a no of theirs stands against
    a yes from before the merge, as it would if it had been told in time.
    """
    before = next((consent for consent in preferences.consents if consent.key == statement.key), None)
    if before is not None and _stands(before, statement, preferences, act=act, is_theirs=is_theirs):
        after = preferences
        if statement.state == REVOKED and before.state != REVOKED:
            after = replace(preferences, consents=_with_overruled(preferences, before, act=act, record_id=record_id))
        event = ConsentSet(act.said_time, proof_of(statement, act=act, record_id=record_id))
        return Decision(after, (event,), facts={"record_id": record_id, "state": KEPT})
    change = set_consent(preferences, statement, act=act, record_id=record_id)
    return replace(change, facts={"record_id": record_id, "state": state_of(change.state, record_id)})


def state_of(preferences: Preferences, record_id: str) -> str:
    """Say whether a proof counts now."""
    return COUNTS if any(consent.record_id == record_id for consent in preferences.consents) else KEPT


def _stands(before: Consent, statement: Statement, preferences: Preferences, *, act: Act, is_theirs: bool) -> bool:
    """Say whether what was said about the same stands against what is told now."""
    time = act.said_time
    if before.update_time < time:
        return False
    if statement.state != REVOKED or before.state == REVOKED:
        return True
    merge_time = preferences.merge_time
    if not is_theirs and merge_time is not None and before.update_time < merge_time:
        return False
    return before.update_time > time


def _with_overruled(preferences: Preferences, yes: Consent, *, act: Act, record_id: str) -> tuple[Consent, ...]:
    """Note a no that the yes took back, where it is the newest one."""
    no = No(act.said_time, act.channel, record_id, act.origin.session_id)
    newest = max((one for one in (yes.overruled, no) if one is not None), key=lambda one: one.update_time)
    others = [consent for consent in preferences.consents if consent.key != yes.key]
    return sorted_consents([*others, replace(yes, overruled=newest)])
