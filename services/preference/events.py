"""What has happened to a customer's preferences, in the model's own words."""

from dataclasses import dataclass
from datetime import datetime

from omnithread.common.v1.delivery_pb2 import DeliveryKind
from services.preference.chain.values import ChainNote
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
class ConsentConfirmationRequested:
    """A yes waits, and its holder is to be asked whether it was meant."""

    occur_time: datetime
    confirmation_id: str
    delivery_kind: DeliveryKind.ValueType


@dataclass(frozen=True, slots=True)
class PreferencesAbsorbed:
    """What a merged customer had said was taken over."""

    occur_time: datetime
    merge_id: str
    source_customer_id: str
    note: ChainNote | None = None
    """That their chain was taken over, where they had one."""


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
    note: ChainNote | None = None
    """That their chain is their own again, where they had one."""


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
    | ConsentConfirmationRequested
    | PreferencesAbsorbed
    | PreferencesSealed
    | PreferencesParted
    | PreferencesReleased
    | PreferencesErased
)
