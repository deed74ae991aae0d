"""The outbox inside a record: events that are still to be relayed, with the members of long lists that they bring."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from libs.mongo.connection import Document
from libs.mongo.shapes import MemberEntry, OutboxEntry
from libs.mongo.values import Event, Member, RecordShape, State
from libs.origin import Origin
from libs.telemetry.journey import NO_LABELS, JourneyLabels, current_labels
from libs.timestamps import to_timestamp
from omnithread.common.v1 import channel_pb2, event_pb2

FIRST_REVISION = 1


def outbox_entry(
    event: Event,
    *,
    shape: RecordShape[State, Event],
    customer_id: str,
    seq: int,
    version: int,
    epoch: str,
    event_id: str,
    now: datetime,
    origin: Origin,
) -> OutboxEntry:
    """Give the entry that announces one event; `now` in whole milliseconds."""
    header = event_pb2.EventHeader(
        event_id=event_id,
        epoch=epoch,
        seq=seq,
        occur_time=to_timestamp(shape.occur_time(event) or now),
        record_time=to_timestamp(now),
        customer_id=customer_id,
        channel=channel_pb2.Channel(id=origin.channel_id, kind=channel_pb2.ChannelKind.ValueType(origin.channel_kind)),
        version=version,
        session_id=origin.session_id,
        actor_id=origin.actor_id,
        traceparent=origin.traceparent,
    )
    labels = _labels(event, origin, customer_id)
    return OutboxEntry(
        seq=seq,
        event_id=event_id,
        record_time=now,
        event=shape.to_event(event, header).SerializeToString(deterministic=True),
        traceparent=origin.traceparent,
        journey_id=labels.journey_id,
        session_id=labels.session_id,
        channel_id=origin.channel_id,
        members=[member_entry(member, customer_id) for member in shape.members(event)],
    )


def _labels(event: object, origin: Origin, customer_id: str) -> JourneyLabels:
    """Say to which journey and visit the announcement belongs, for telemetry only.

    What tells of a journey names it itself; what a listener or a timer does belongs to what it works for.
    """
    present = current_labels()
    if present.customer_id not in ("", customer_id):
        present = NO_LABELS
    return JourneyLabels(
        journey_id=getattr(event, "journey_id", "") or origin.journey_id or present.journey_id,
        session_id=getattr(event, "session_id", "") or origin.session_id or present.session_id,
    )


def member_entry(member: Member, customer_id: str) -> MemberEntry:
    """Give a member as the relay stores it."""
    document: Document = {"revision": FIRST_REVISION, **member.document, "_id": member.id, "customer_id": customer_id}
    if not isinstance(document.get("sort_time"), datetime):
        raise TypeError(f"a member of {member.collection} has no sort_time to be listed by")
    return MemberEntry(collection=member.collection, document=document)


def pending_members(record: Mapping[str, Any]) -> tuple[Member, ...]:
    """Give the members that wait in a record's outbox, oldest first."""
    return tuple(
        Member(collection=entry["collection"], id=entry["document"]["_id"], document=entry["document"])
        for outgoing in record["outbox"]
        for entry in outgoing["members"]
    )
