"""Translates words: what the contract says, and what the model says."""

from functools import cache
from typing import Protocol
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError

from libs.contact_points import normal_email, normal_phone
from libs.mongo.values import Saved
from libs.timestamps import from_timestamp, to_timestamp
from omnithread.common.v1 import delivery_pb2, event_pb2
from omnithread.preference.v1 import consent_import_service_pb2, preference_pb2, preference_service_pb2
from omnithread.preference.v1 import preference_events_pb2 as events_pb
from services.preference import errors, events
from services.preference.model import Statement
from services.preference.values import (
    Consent,
    ConsentKey,
    ConsentRecord,
    FrequencyCap,
    Pause,
    Preferences,
    QuietHours,
)


class HasContactPoint(Protocol):
    """What names an address and its way."""

    @property
    def contact_point(self) -> str:
        """The address as it was said."""

    @property
    def delivery_kind(self) -> delivery_pb2.DeliveryKind.ValueType:
        """The way."""


def preferences_from_proto(said: preference_pb2.Preferences) -> Preferences:
    """Read what the customer wants, checked and in normal form; consents in it are not looked at."""
    hours = said.quiet_hours
    return Preferences(
        language=language_from(said.language),
        time_zone=_time_zone(said.time_zone),
        preferred_channels=tuple(said.preferred_channels),
        quiet_hours=QuietHours(hours.start_minute, hours.end_minute) if said.HasField("quiet_hours") else None,
        pauses=tuple(
            Pause(pause.purpose, from_timestamp(pause.until_time, field=f"preferences.pauses[{index}].until_time"))
            for index, pause in enumerate(said.pauses)
        ),
        frequency_caps=_caps(said),
        interests=tuple(sorted(said.interests)),
    )


def statement_from_request(request: preference_service_pb2.SetConsentRequest) -> Statement:
    """Read a yes or a no, its contact point in normal form."""
    return Statement(
        key=ConsentKey(request.purpose, request.delivery_kind, contact_point_from(request)),
        state=request.state,
        wording=request.wording,
        wording_version=request.wording_version,
        source=request.source,
    )


def statement_from_row(row: consent_import_service_pb2.ConsentRow) -> Statement:
    """Read a yes or a no of an import, its contact point in normal form."""
    return Statement(
        key=ConsentKey(row.purpose, row.delivery_kind, contact_point_from(row)),
        state=row.state,
        wording=row.wording,
        wording_version=row.wording_version,
        source=row.source,
    )


def preferences_to_proto(saved: Saved[Preferences]) -> preference_pb2.Preferences:
    """Write the preferences in a record."""
    preferences = saved.state
    return preference_pb2.Preferences(
        customer_id=saved.customer_id,
        language=preferences.language,
        time_zone=preferences.time_zone,
        preferred_channels=preferences.preferred_channels,
        quiet_hours=quiet_hours_to_proto(preferences.quiet_hours),
        pauses=[
            preference_pb2.Pause(purpose=pause.purpose, until_time=to_timestamp(pause.until_time))
            for pause in preferences.pauses
        ],
        frequency_caps=[
            preference_pb2.FrequencyCap(purpose=cap.purpose, max_messages=cap.max_messages, period_days=cap.period_days)
            for cap in preferences.frequency_caps
        ],
        interests=preferences.interests,
        consents=[_consent_to_proto(consent) for consent in preferences.consents],
        update_time=to_timestamp(preferences.update_time) if preferences.update_time else None,
        version=saved.version,
        etag=saved.etag(),
    )


def record_to_answer(saved: Saved[Preferences]) -> preference_service_pb2.GetPreferencesResponse:
    """Write the answer to whoever asks for preferences."""
    return preference_service_pb2.GetPreferencesResponse(preferences=preferences_to_proto(saved), head=saved.head())


def quiet_hours_to_proto(hours: QuietHours | None) -> preference_pb2.QuietHours | None:
    """Write quiet hours; None where there are none."""
    if hours is None:
        return None
    return preference_pb2.QuietHours(start_minute=hours.start_minute, end_minute=hours.end_minute)


def record_to_proto(record: ConsentRecord, customer_id: str) -> preference_pb2.ConsentRecord:
    """Write a proof; it belongs to `customer_id`, also where a customer merged into that one said it."""
    return preference_pb2.ConsentRecord(
        record_id=record.record_id,
        customer_id=customer_id,
        purpose=record.key.purpose,
        delivery_kind=record.key.delivery_kind,
        contact_point=record.key.contact_point,
        state=preference_pb2.ConsentState.ValueType(record.state),
        wording=record.wording,
        wording_version=record.wording_version,
        source=record.source,
        channel=record.channel.to_proto(),
        actor_id=record.actor_id,
        occur_time=to_timestamp(record.occur_time),
        traceparent=record.traceparent,
        confirms_record_id=record.confirms_record_id,
        confirmation=preference_pb2.ConfirmationWay.ValueType(record.confirmation),
        position=record.link.position if record.link else 0,
        chain_customer_id=record.link.chain_id if record.link else "",
        digest=record.link.digest if record.link else "",
        previous_digest=record.link.previous_digest if record.link else "",
    )


def event_to_proto(event: events.Event, header: event_pb2.EventHeader) -> events_pb.PreferenceEvent:
    """Write what the others hear."""
    match event:
        case events.PreferencesUpdated():
            updated = events_pb.PreferencesUpdated(changed_fields=event.changed_fields)
            return events_pb.PreferenceEvent(header=header, preferences_updated=updated)
        case events.ConsentSet():
            consent = events_pb.ConsentSet(
                purpose=event.record.key.purpose,
                delivery_kind=event.record.key.delivery_kind,
                state=preference_pb2.ConsentState.ValueType(event.record.state),
                record_id=event.record.record_id,
            )
            return events_pb.PreferenceEvent(header=header, consent_set=consent)
        case events.ConsentConfirmationRequested():
            requested = events_pb.ConsentConfirmationRequested(
                confirmation_id=event.confirmation_id, delivery_kind=event.delivery_kind
            )
            return events_pb.PreferenceEvent(header=header, consent_confirmation_requested=requested)
        case events.PreferencesAbsorbed():
            absorbed = events_pb.PreferencesAbsorbed(
                merge_id=event.merge_id, source_customer_id=event.source_customer_id
            )
            return events_pb.PreferenceEvent(header=header, preferences_absorbed=absorbed)
        case events.PreferencesSealed():
            sealed = events_pb.PreferencesSealed(
                merge_id=event.merge_id, survivor_customer_id=event.survivor_customer_id
            )
            return events_pb.PreferenceEvent(header=header, preferences_sealed=sealed)
        case events.PreferencesParted():
            parted = events_pb.PreferencesParted(merge_id=event.merge_id, source_customer_id=event.source_customer_id)
            return events_pb.PreferenceEvent(header=header, preferences_parted=parted)
        case events.PreferencesReleased():
            released = events_pb.PreferencesReleased(
                merge_id=event.merge_id, survivor_customer_id=event.survivor_customer_id
            )
            return events_pb.PreferenceEvent(header=header, preferences_released=released)
        case events.PreferencesErased():
            erased = events_pb.PreferencesErased(erasure_id=event.erasure_id)
            return events_pb.PreferenceEvent(header=header, preferences_erased=erased)


def language_from(tag: str) -> str:
    """Read a language tag in normal form; an empty one stays empty. Raises LANGUAGE_UNKNOWN."""
    if not tag:
        return ""
    try:
        return str(Locale.parse(tag, sep="-")).replace("_", "-")
    except (ValueError, UnknownLocaleError):
        raise errors.language_unknown() from None


def _time_zone(name: str) -> str:
    if name and name not in _time_zones():
        raise errors.time_zone_unknown()
    return name


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _caps(said: preference_pb2.Preferences) -> tuple[FrequencyCap, ...]:
    caps: dict[str, FrequencyCap] = {}
    for index, cap in enumerate(said.frequency_caps):
        if cap.purpose in caps:
            raise errors.cap_duplicate(index)
        caps[cap.purpose] = FrequencyCap(cap.purpose, cap.max_messages, cap.period_days)
    return tuple(caps.values())


def contact_point_from(request: HasContactPoint) -> str:
    """Read an address in normal form; an empty one stays empty. Raises CONTACT_POINT_INVALID."""
    if not request.contact_point:
        return ""
    try:
        if request.delivery_kind == delivery_pb2.DELIVERY_KIND_EMAIL:
            return normal_email(request.contact_point)
        if request.delivery_kind == delivery_pb2.DELIVERY_KIND_SMS:
            return normal_phone(request.contact_point)
    except ValueError as error:
        raise errors.contact_point_invalid(str(error)) from None
    return request.contact_point.strip()


def _consent_to_proto(consent: Consent) -> preference_pb2.Consent:
    return preference_pb2.Consent(
        purpose=consent.key.purpose,
        delivery_kind=consent.key.delivery_kind,
        contact_point=consent.key.contact_point,
        state=preference_pb2.ConsentState.ValueType(consent.state),
        update_time=to_timestamp(consent.update_time),
        channel=consent.channel.to_proto(),
        record_id=consent.record_id,
        confirmation=preference_pb2.ConfirmationWay.ValueType(consent.confirmation),
    )
