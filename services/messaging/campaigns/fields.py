"""Writes enrolments and what goes with them as fields of documents, and reads them back.

What a document does not have yet takes the value's default; what this version does not know is left out.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from libs.origin import Origin
from services.messaging.campaigns.values import (
    CampaignStep,
    Conversion,
    Enrolment,
    Heard,
    HeardOutcome,
    PastEntry,
    Reached,
    SendWindow,
    StepTaken,
    Trigger,
    TriggerKind,
)

Fields = dict[str, Any]


def campaign_fields_of(value: Enrolment | Heard | PastEntry) -> Fields:
    """Write a value with all that it holds."""
    return dataclasses.asdict(value)


def enrolment_from(fields: Mapping[str, Any]) -> Enrolment:
    """Read an enrolment."""
    trigger = fields["trigger"]
    conversion = fields.get("conversion")
    return Enrolment(
        **_known(Enrolment, fields)
        | {
            "trigger": Trigger(
                **_known(Trigger, trigger)
                | {
                    "kind": TriggerKind(trigger["kind"]),
                    "origin": Origin(**_known(Origin, trigger["origin"])),
                    "variables": tuple((name, value) for name, value in trigger["variables"]),
                }
            ),
            "exit_on": tuple(fields["exit_on"]),
            "path": tuple(StepTaken(**_known(StepTaken, step)) for step in fields["path"]),
            "reached": tuple(Reached(**_known(Reached, one)) for one in fields.get("reached", ())),
            "conversion": Conversion(**_known(Conversion, conversion)) if conversion else None,
        }
    )


def heard_from(found: Iterable[Mapping[str, Any]]) -> tuple[Heard, ...]:
    """Read what came of triggers; kinds and outcomes that this version does not know are left out."""
    return tuple(
        Heard(
            **_known(Heard, fields) | {"kind": TriggerKind(fields["kind"]), "outcome": HeardOutcome(fields["outcome"])}
        )
        for fields in found
        if fields["kind"] in set(TriggerKind) and fields["outcome"] in set(HeardOutcome)
    )


def past_entries_from(found: Iterable[Mapping[str, Any]]) -> tuple[PastEntry, ...]:
    """Read which campaigns were entered."""
    return tuple(PastEntry(**_known(PastEntry, fields)) for fields in found)


def campaign_step_from(fields: Mapping[str, Any] | None) -> CampaignStep | None:
    """Read the step that queued a message."""
    return CampaignStep(**_known(CampaignStep, fields)) if fields else None


def send_window_from(fields: Mapping[str, Any] | None) -> SendWindow | None:
    """Read when a message may go."""
    return SendWindow(**_known(SendWindow, fields)) if fields else None


def _known(kind: type[Any], fields: Mapping[str, Any]) -> Fields:
    return {field.name: fields[field.name] for field in dataclasses.fields(kind) if field.name in fields}
