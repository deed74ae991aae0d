"""Says what a merge did with what the merged customer had said, thing by thing. Pure; no address is named."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from libs.merged_things import MergeAction, MergedThing
from omnithread.common.v1.delivery_pb2 import DeliveryKind
from services.preference.values import PENDING, REVOKED, Consent, ConsentKey, Preferences

FIELDS = ("language", "time_zone", "preferred_channels", "quiet_hours")
"""Of these one side's word stands whole."""
EVERY_PURPOSE = "every purpose"


def explain(
    survivor: Preferences, source: Preferences, after: Preferences, *, now: datetime
) -> tuple[MergedThing, ...]:
    """Say what became of each thing that the source had said, and of what the survivor had said by it."""
    return (
        *_fields(survivor, source),
        *_interests(source, after),
        *_pauses(survivor, source, after, now),
        *_caps(survivor, source, after),
        *_consents(survivor, source, after),
    )


def _fields(survivor: Preferences, source: Preferences) -> Iterator[MergedThing]:
    for name in FIELDS:
        mine, theirs = getattr(survivor, name), getattr(source, name)
        if not theirs:
            continue
        if not mine:
            yield MergedThing("field", name, MergeAction.KEPT, "Only the merged customer had said it.")
        elif mine == theirs:
            yield MergedThing("field", name, MergeAction.SURVIVOR_STANDS, "Both had said the same.")
        else:
            yield MergedThing(
                "field", name, MergeAction.SURVIVOR_STANDS, "The customer who remains had said it otherwise."
            )


def _interests(source: Preferences, after: Preferences) -> Iterator[MergedThing]:
    if not source.interests:
        return
    gone = len(set(source.interests) - set(after.interests))
    why = "The interests of both are kept." if not gone else "There is room for 50; the last ones were left out."
    details = {"dropped": gone, "interests": len(after.interests), "source_interests": len(source.interests)}
    yield MergedThing("field", "interests", MergeAction.SUMMED, why, _details(details))


def _pauses(survivor: Preferences, source: Preferences, after: Preferences, now: datetime) -> Iterator[MergedThing]:
    mine = {pause.purpose for pause in survivor.pauses if pause.until_time > now}
    standing = {pause.purpose: pause for pause in after.pauses}
    for pause in source.pauses:
        if pause.until_time <= now:
            action, why = MergeAction.DROPPED, "It was over."
        elif pause.purpose not in mine:
            action, why = MergeAction.KEPT, "A pause of either side holds."
        elif standing[pause.purpose] == pause and pause not in survivor.pauses:
            action, why = MergeAction.REPLACED, "Of two pauses the longer one holds, and it is this one."
        else:
            action, why = MergeAction.SURVIVOR_STANDS, "Of two pauses the longer one holds."
        yield MergedThing("pause", pause.purpose or EVERY_PURPOSE, action, why)


def _caps(survivor: Preferences, source: Preferences, after: Preferences) -> Iterator[MergedThing]:
    mine = {cap.purpose for cap in survivor.frequency_caps}
    for cap in source.frequency_caps:
        if cap.purpose not in mine:
            action, why = MergeAction.KEPT, "A cap of either side holds."
        elif cap in after.frequency_caps and cap not in survivor.frequency_caps:
            action, why = MergeAction.REPLACED, "Of two caps the stricter one holds, and it is this one."
        else:
            action, why = MergeAction.SURVIVOR_STANDS, "Of two caps the stricter one holds."
        details = {"max_messages": cap.max_messages, "period_days": cap.period_days}
        yield MergedThing("cap", cap.purpose or EVERY_PURPOSE, action, why, _details(details))


def _consents(survivor: Preferences, source: Preferences, after: Preferences) -> Iterator[MergedThing]:
    mine = {consent.key: consent for consent in survivor.consents}
    theirs = {consent.key: consent for consent in source.consents}
    for consent in after.consents:
        before, brought = mine.get(consent.key), theirs.get(consent.key)
        if brought is None and consent == before:
            continue
        action, why = _verdict(consent, before, brought)
        details = {
            "addresses": "one" if consent.key.contact_point else "every",
            "source": _word(brought),
            "stands": _word(consent),
            "survivor": _word(before),
        }
        yield MergedThing("consent", _name(consent.key), action, why, _details(details))


def _verdict(after: Consent, before: Consent | None, brought: Consent | None) -> tuple[MergeAction, str]:
    if brought is None:
        return MergeAction.REPLACED, "The merged customer had said no to every address."
    if before is None:
        if after.state == brought.state:
            return MergeAction.KEPT, "Only the merged customer had said it."
        return MergeAction.SURVIVOR_STANDS, "The customer who remains had said no to every address."
    if before.state == brought.state == after.state:
        return MergeAction.SURVIVOR_STANDS, "Both had said the same."
    if after.state != REVOKED and REVOKED not in (before.state, brought.state):
        replaced = after.record_id == brought.record_id
        action = MergeAction.REPLACED if replaced else MergeAction.SURVIVOR_STANDS
        return action, "Of two yeses the one that needs no confirmation stands."
    if after.state != REVOKED:
        replaced = after.record_id == brought.record_id
        action = MergeAction.REPLACED if replaced else MergeAction.SURVIVOR_STANDS
        return action, "The yes was said after the merge, and counts."
    if brought.state == REVOKED and before.state != REVOKED:
        return MergeAction.REPLACED, "Of a yes and a no the no stands, and it was the merged customer's."
    return MergeAction.SURVIVOR_STANDS, "Of a yes and a no the no stands."


def _name(key: ConsentKey) -> str:
    way = DeliveryKind.Name(key.delivery_kind).removeprefix("DELIVERY_KIND_").lower()
    return f"{key.purpose}/{way}"


def _word(consent: Consent | None) -> str:
    if consent is None:
        return "nothing"
    if consent.state == PENDING:
        return "unconfirmed yes"
    return "no" if consent.state == REVOKED else "yes"


def _details(details: Mapping[str, str | int]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, str(value)) for name, value in details.items()))
