"""What has happened to a customer, in the model's own words; `announce.py` has the words that the others hear."""

from dataclasses import dataclass

from libs.merged_things import MergedThing
from services.profile.model import CustomerId, CustomerKind, IdentifierKind, MergeId, Profile


@dataclass(frozen=True, slots=True)
class CustomerCreated:
    """A customer was seen for the first time."""

    kind: CustomerKind


@dataclass(frozen=True, slots=True)
class IdentifiersLinked:
    """Identifiers were linked; their values stay here."""

    kinds: tuple[IdentifierKind, ...]
    kind: CustomerKind


@dataclass(frozen=True, slots=True)
class ProfileUpdated:
    """Fields changed; their values stay here."""

    changed_fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CustomersMerged:
    """Another customer was merged into this one."""

    merge_id: MergeId
    source_customer_id: CustomerId


@dataclass(frozen=True, slots=True)
class CustomerSealed:
    """The customer was merged into another one."""

    merge_id: MergeId
    survivor_customer_id: CustomerId


@dataclass(frozen=True, slots=True)
class CustomerErased:
    """The customer was forgotten; nothing follows."""

    erasure_id: str


@dataclass(frozen=True, slots=True)
class SegmentEntered:
    """The customer came to belong to a segment."""

    segment_id: str
    segment_version: int


@dataclass(frozen=True, slots=True)
class SegmentLeft:
    """The customer no longer belongs to a segment."""

    segment_id: str
    segment_version: int


@dataclass(frozen=True, slots=True)
class VerificationRequested:
    """A one-time code is to be sent; the code and the address stay here."""

    verification_id: str
    kind: IdentifierKind


@dataclass(frozen=True, slots=True)
class CustomersUnmerged:
    """The merge of another customer into this one was undone."""

    merge_id: MergeId
    source_customer_id: CustomerId


@dataclass(frozen=True, slots=True)
class CustomerReleased:
    """The customer had been merged into another one, and is there again."""

    merge_id: MergeId
    survivor_customer_id: CustomerId


ProfileEvent = (
    CustomerCreated
    | IdentifiersLinked
    | ProfileUpdated
    | CustomersMerged
    | CustomerSealed
    | CustomerErased
    | SegmentEntered
    | SegmentLeft
    | VerificationRequested
    | CustomersUnmerged
    | CustomerReleased
)


@dataclass(frozen=True, slots=True)
class Change:
    """A decided change: the new state, what it announces, and the keys that lead here no longer."""

    profile: Profile
    events: tuple[ProfileEvent, ...] = ()
    dropped_keys: tuple[str, ...] = ()
    things: tuple[MergedThing, ...] = ()
    """Of a merge: what it did, thing by thing."""
