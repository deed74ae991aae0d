"""Remembers merges: how those that were decided, carried out and undone are written into a customer's record.

What was added later may be missing on older records, and then says nothing.
"""

from collections.abc import Mapping
from typing import Any

from libs.channel import Channel
from libs.flat import flat_fields
from libs.origin import Origin
from services.profile.model import (
    CustomerId,
    Identifier,
    IdentifierKind,
    Merge,
    MergeId,
    MergeRule,
    Reservation,
    Undoing,
)

Fields = dict[str, Any]


def merge_to_fields(merge: Merge) -> Fields:
    """Write a merge."""
    return {
        "merge_id": merge.merge_id,
        "source_customer_id": merge.source_customer_id,
        "merge_time": merge.merge_time,
        "channel": merge.channel.to_fields(),
        "pending_areas": list(merge.pending_areas),
        "rule": str(merge.rule),
        "evidence": [_identifier_to_fields(identifier) for identifier in merge.evidence],
        "actor_id": merge.actor_id,
        "reason": merge.reason,
        "traceparent": merge.traceparent,
        "undoing": _undoing_to_fields(merge.undoing) if merge.undoing else None,
    }


def merge_from_fields(fields: Mapping[str, Any]) -> Merge:
    """Read a merge."""
    undoing = fields.get("undoing")
    return Merge(
        merge_id=MergeId(fields["merge_id"]),
        source_customer_id=CustomerId(fields["source_customer_id"]),
        merge_time=fields["merge_time"],
        channel=Channel.from_fields(fields["channel"]),
        pending_areas=tuple(fields["pending_areas"]),
        rule=MergeRule(fields.get("rule", "")),
        evidence=tuple(_identifier_from_fields(identifier) for identifier in fields.get("evidence", ())),
        actor_id=fields.get("actor_id", ""),
        reason=fields.get("reason", ""),
        traceparent=fields.get("traceparent", ""),
        undoing=_undoing_from_fields(undoing) if undoing else None,
    )


def reservation_to_fields(reservation: Reservation) -> Fields:
    """Write a merge that was decided."""
    return {
        "merge_id": reservation.merge_id,
        "source_customer_id": reservation.source_customer_id,
        "merge_time": reservation.merge_time,
        "origin": flat_fields(reservation.origin),
        "rule": str(reservation.rule),
        "evidence": [_identifier_to_fields(identifier) for identifier in reservation.evidence],
        "reason": reservation.reason,
    }


def reservation_from_fields(fields: Mapping[str, Any]) -> Reservation:
    """Read a merge that was decided."""
    return Reservation(
        merge_id=MergeId(fields["merge_id"]),
        source_customer_id=CustomerId(fields["source_customer_id"]),
        merge_time=fields["merge_time"],
        origin=Origin(**fields["origin"]),
        rule=MergeRule(fields.get("rule", "")),
        evidence=tuple(_identifier_from_fields(identifier) for identifier in fields.get("evidence", ())),
        reason=fields.get("reason", ""),
    )


def _undoing_to_fields(undoing: Undoing) -> Fields:
    return {
        "unmerge_time": undoing.unmerge_time,
        "actor_id": undoing.actor_id,
        "reason": undoing.reason,
        "request_id": undoing.request_id,
        "pending_areas": list(undoing.pending_areas),
    }


def _undoing_from_fields(fields: Mapping[str, Any]) -> Undoing:
    return Undoing(
        unmerge_time=fields["unmerge_time"],
        actor_id=fields["actor_id"],
        reason=fields["reason"],
        request_id=fields["request_id"],
        pending_areas=tuple(fields["pending_areas"]),
    )


def _identifier_to_fields(identifier: Identifier) -> Fields:
    return {"kind": str(identifier.kind), "value": identifier.value, "verified": identifier.verified}


def _identifier_from_fields(fields: Mapping[str, Any]) -> Identifier:
    return Identifier(kind=IdentifierKind(fields["kind"]), value=fields["value"], verified=fields["verified"])
