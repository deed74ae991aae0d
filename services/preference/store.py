"""Remembers preferences: the fields of a customer's record, and what travels with its events into long lists."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from libs.channel import Channel
from libs.mongo.migrate import Index, member_index
from libs.mongo.values import Member, RecordShape
from omnithread.common.v1.delivery_pb2 import DeliveryKind
from services.preference.chain.documents import Fields, note_id_of, note_to_fields
from services.preference.chain.documents import link_to_fields as chain_fields
from services.preference.chain.values import ChainHead
from services.preference.convert import event_to_proto
from services.preference.events import ConsentSet, Event, PreferencesAbsorbed, PreferencesParted
from services.preference.records import key_from_fields, key_to_fields, record_to_document
from services.preference.values import (
    Consent,
    FrequencyCap,
    No,
    Pause,
    Preferences,
    QuietHours,
)

CONSENT_RECORDS = "consent_records"
CHAIN_NOTES = "chain_notes"
CONFIRMATIONS = "confirmations"
BY_PLACE = (("chain_id", 1), ("position", 1))
INDEXES: tuple[Index, ...] = (
    member_index(CONSENT_RECORDS),
    member_index(CHAIN_NOTES),
    Index(CONSENT_RECORDS, BY_PLACE, sparse=True),
    Index(CHAIN_NOTES, BY_PLACE),
)


def preferences_to_fields(preferences: Preferences) -> Fields:
    """Write the state as top-level fields of the record, always all of them."""
    hours = preferences.quiet_hours
    return {
        "language": preferences.language,
        "time_zone": preferences.time_zone,
        "preferred_channels": list(preferences.preferred_channels),
        "quiet_hours": [hours.start_minute, hours.end_minute] if hours else None,
        "pauses": [{"purpose": pause.purpose, "until_time": pause.until_time} for pause in preferences.pauses],
        "frequency_caps": [
            {"purpose": cap.purpose, "max_messages": cap.max_messages, "period_days": cap.period_days}
            for cap in preferences.frequency_caps
        ],
        "interests": list(preferences.interests),
        "consents": [_consent_to_fields(consent) for consent in preferences.consents],
        "said_in": [list(pair) for pair in preferences.said_in],
        "merge_time": preferences.merge_time,
        "preferences_update_time": preferences.update_time,
        "chain": {"position": preferences.chain.position, "digest": preferences.chain.digest},
    }


def preferences_from_document(document: Mapping[str, Any]) -> Preferences:
    """Read the state from a record."""
    hours = document["quiet_hours"]
    return Preferences(
        language=document["language"],
        time_zone=document["time_zone"],
        preferred_channels=tuple(DeliveryKind.ValueType(kind) for kind in document["preferred_channels"]),
        quiet_hours=QuietHours(*hours) if hours else None,
        pauses=tuple(Pause(**pause) for pause in document["pauses"]),
        frequency_caps=tuple(FrequencyCap(**cap) for cap in document["frequency_caps"]),
        interests=tuple(document["interests"]),
        consents=tuple(_consent_from_fields(consent) for consent in document["consents"]),
        said_in=tuple((name, session_id) for name, session_id in document.get("said_in", ())),
        merge_time=document.get("merge_time"),
        update_time=document["preferences_update_time"],
        chain=ChainHead(**document.get("chain", {})),
    )


def _members(event: Event) -> Sequence[Member]:
    if isinstance(event, ConsentSet):
        record = event.record
        return (Member(collection=CONSENT_RECORDS, id=record.record_id, document=record_to_document(record)),)
    if isinstance(event, PreferencesAbsorbed | PreferencesParted) and event.note and event.note.link:
        note, link = event.note, event.note.link
        fields = note_to_fields(note, event.occur_time) | chain_fields(link)
        return (Member(collection=CHAIN_NOTES, id=note_id_of(link.chain_id, link.position), document=fields),)
    return ()


def _occur_time(event: Event) -> datetime:
    return event.occur_time


SHAPE: RecordShape[Preferences, Event] = RecordShape(
    empty=lambda _customer_id: Preferences(),
    to_fields=preferences_to_fields,
    from_document=preferences_from_document,
    to_event=event_to_proto,
    members=_members,
    occur_time=_occur_time,
)


def _consent_to_fields(consent: Consent) -> Fields:
    return {
        **key_to_fields(consent.key),
        "state": consent.state,
        "update_time": consent.update_time,
        "channel": consent.channel.to_fields(),
        "record_id": consent.record_id,
        "session_id": consent.session_id,
        "overruled": _no_to_fields(consent.overruled) if consent.overruled else None,
        "confirmation_id": consent.confirmation_id,
        "confirmation": consent.confirmation,
    }


def _consent_from_fields(fields: Mapping[str, Any]) -> Consent:
    return Consent(
        key=key_from_fields(fields),
        state=fields["state"],
        update_time=fields["update_time"],
        channel=Channel.from_fields(fields["channel"]),
        record_id=fields["record_id"],
        session_id=fields.get("session_id", ""),
        overruled=_no_from_fields(fields["overruled"]) if fields.get("overruled") else None,
        confirmation_id=fields.get("confirmation_id", ""),
        confirmation=fields.get("confirmation", 0),
    )


def _no_to_fields(no: No) -> Fields:
    return {
        "update_time": no.update_time,
        "channel": no.channel.to_fields(),
        "record_id": no.record_id,
        "session_id": no.session_id,
    }


def _no_from_fields(fields: Mapping[str, Any]) -> No:
    return No(
        update_time=fields["update_time"],
        channel=Channel.from_fields(fields["channel"]),
        record_id=fields["record_id"],
        session_id=fields["session_id"],
    )
