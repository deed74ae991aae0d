"""What has happened to a customer's preferences, in the model's own words."""

from dataclasses import dataclass
from datetime import datetime

from services.preference.values import ConsentRecord


@dataclass(frozen=True, slots=True)
class PreferencesUpdated:
    """Fields changed; the values stay here."""

    occur_time: datetime
    changed_fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConsentSet:
    """A yes or a no was said; its record travels with the event into the list of records."""

    occur_time: datetime
    record: ConsentRecord


@dataclass(frozen=True, slots=True)
class PreferencesAbsorbed:
    """What a merged customer had said was taken over."""

    occur_time: datetime
    merge_id: str
    source_customer_id: str


@dataclass(frozen=True, slots=True)
class PreferencesSealed:
    """The customer was merged into another one; nothing follows."""

    occur_time: datetime
    merge_id: str
    survivor_customer_id: str


@dataclass(frozen=True, slots=True)
class PreferencesParted:
    """A merge into this customer was undone: what a merged customer had said is theirs again."""

    occur_time: datetime
    merge_id: str
    source_customer_id: str


@dataclass(frozen=True, slots=True)
class PreferencesReleased:
    """The customer had been merged into another one, and is there again."""

    occur_time: datetime
    merge_id: str
    survivor_customer_id: str


@dataclass(frozen=True, slots=True)
class PreferencesErased:
    """The customer was forgotten; nothing follows."""

    occur_time: datetime
    erasure_id: str


Event = (
    PreferencesUpdated
    | ConsentSet
    | PreferencesAbsorbed
    | PreferencesSealed
    | PreferencesParted
    | PreferencesReleased
    | PreferencesErased
)
