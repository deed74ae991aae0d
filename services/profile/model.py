"""The words of profile: a customer, what they are recognised by, what is known of them, whom they turned out to be.

Values only, without protobuf and without a database; what is decided about them is in `who`, `linking`, `details`
and `merging`.
"""

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from libs.channel import Channel
from libs.origin import Origin
from services.profile.facts import Ledger

CustomerId = NewType("CustomerId", str)
MergeId = NewType("MergeId", str)
TraitValue = str | float | bool | datetime

MERGE_AREAS = ("cart", "context", "messaging", "preference")
"""Who has to absorb every merge, sorted."""


class IdentifierKind(enum.StrEnum):
    """What a customer is recognised by."""

    COOKIE = "cookie"
    DEVICE = "device"
    SOCIAL = "social"
    PHONE = "phone"
    EMAIL = "email"
    LOYALTY_CARD = "loyalty_card"

    @property
    def by_possession(self) -> bool:
        """Whether having it is the proof: the channel set it itself, but several people may share the machine."""
        return self in {IdentifierKind.COOKIE, IdentifierKind.DEVICE}


class MergeRule(enum.StrEnum):
    """What made one customer of two."""

    UNSTATED = ""
    """Decided before rules were noted."""
    GUEST_RECOGNISED = "guest_recognised"
    GUESTS_JOINED = "guests_joined"
    CREATED_TWICE = "created_twice"
    STAFF_DECIDED = "staff_decided"
    HANDED_OVER = "handed_over"


class CustomerKind(enum.StrEnum):
    """A guest, or somebody whom the company knows."""

    ANONYMOUS = "anonymous"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Identifier:
    """One thing by which a customer is recognised, normalised."""

    kind: IdentifierKind
    value: str
    verified: bool
    compared_as: str = ""
    """What stands for the value where two are compared and the rules leave out a part of it; empty for the value."""

    @property
    def key(self) -> str:
        """Give what two identifiers are compared by, and what a claim to it is kept under."""
        compared = self.compared_as or self.value
        return f"{self.kind}:{compared.lower() if self.kind is IdentifierKind.EMAIL else compared}"

    @property
    def identifies(self) -> bool:
        """Whether it leads to a customer; what does not is only something that was said."""
        return self.verified or self.kind.by_possession

    @property
    def makes_known(self) -> bool:
        """Whether it tells the company who this is, and not only which machine they use."""
        return self.verified and not self.kind.by_possession


@dataclass(frozen=True, slots=True)
class HeldIdentifier:
    """An identifier on a customer's record."""

    identifier: Identifier
    link_time: datetime
    channel: Channel
    entrance: str = ""
    """The merged customer by whose identifier the call came that linked it; empty where that was this customer's own.
    An undoing of the merge gives it to that side."""


@dataclass(frozen=True, slots=True)
class Trait:
    """One free fact about a customer, who said it, and when."""

    name: str
    value: TraitValue
    channel: Channel
    update_time: datetime
    source: str = ""
    """Where the channel has it from, as it says; empty where it says nothing."""
    entrance: str = ""
    """The merged customer by whose identifier or id the call came that said it, as with identifiers."""


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """A postal address, in the parts of `google.type.PostalAddress`."""

    revision: int = 0
    region_code: str = ""
    language_code: str = ""
    postal_code: str = ""
    sorting_code: str = ""
    administrative_area: str = ""
    locality: str = ""
    sublocality: str = ""
    address_lines: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    organization: str = ""


@dataclass(frozen=True, slots=True)
class Reservation:
    """A merge that was decided: its source is about to be sealed and copied."""

    merge_id: MergeId
    source_customer_id: CustomerId
    merge_time: datetime
    origin: Origin
    """Of the call that decided it: whoever carries it out does so in its name."""
    rule: MergeRule = MergeRule.UNSTATED
    evidence: tuple[Identifier, ...] = ()
    """What came together in one call and led to both."""
    reason: str = ""
    """As staff stated it."""

    @property
    def channel(self) -> Channel:
        """Give the channel on which it was decided."""
        return Channel(id=self.origin.channel_id, kind=self.origin.channel_kind)


@dataclass(frozen=True, slots=True)
class Merge:
    """A customer that was found to be this one, and the areas that have not absorbed it yet."""

    merge_id: MergeId
    source_customer_id: CustomerId
    merge_time: datetime
    channel: Channel
    pending_areas: tuple[str, ...]
    rule: MergeRule = MergeRule.UNSTATED
    evidence: tuple[Identifier, ...] = ()
    """What came together in one call and led to both; empty where staff decided."""
    actor_id: str = ""
    reason: str = ""
    traceparent: str = ""
    undoing: "Undoing | None" = None
    """Set once it was undone."""

    @property
    def undone(self) -> bool:
        """Whether it holds no longer."""
        return self.undoing is not None

    @property
    def unfinished(self) -> bool:
        """Whether some area has still to absorb it, or to undo it."""
        return bool(self.pending_areas) or (self.undoing is not None and bool(self.undoing.pending_areas))


@dataclass(frozen=True, slots=True)
class Undoing:
    """That a merge was undone, by whom and why."""

    unmerge_time: datetime
    actor_id: str
    reason: str
    request_id: str
    """Of the call that did it: when it is sent again, it is told the same."""
    pending_areas: tuple[str, ...]
    """The areas where it is still to be carried out, sorted."""


@dataclass(frozen=True, slots=True)
class Membership:
    """The customer belongs to a segment."""

    segment_id: str
    segment_version: int
    """By which it was decided."""
    enter_time: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """To which segments a customer belongs, and how far that is decided."""

    memberships: tuple[Membership, ...] = ()
    """Sorted by segment."""
    edition: int = 0
    """Of the segments by which it was decided."""
    due_time: datetime | None = None
    """When it has to be decided again though nothing changes; None where time alone changes nothing."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What the company knows about who a customer is."""

    customer_id: CustomerId
    create_time: datetime | None = None
    """None until the customer was seen; never changes afterwards, so that age is an order."""
    identifiers: tuple[HeldIdentifier, ...] = ()
    """Sorted by key."""
    given_name: str = ""
    family_name: str = ""
    postal_address: PostalAddress | None = None
    traits: tuple[Trait, ...] = ()
    """Sorted by name."""
    merges: tuple[Merge, ...] = ()
    """Oldest first; those still pending, and the newest of the rest."""
    incoming: tuple[Reservation, ...] = ()
    """Merges that were decided and are not carried out yet, oldest first."""
    ledger: Ledger = ()
    """What is counted from what the other services announce."""
    standing: Standing = Standing()
    """Which segments they belong to; it follows from all the rest."""
    silent_count: int = 0
    """How many writes brought only facts and memberships: nothing that a caller says, so no etag changes by them."""
    returning: tuple[MergeId, ...] = ()
    """Merges of this customer into another one that were undone, and are not everywhere: until then nobody is merged
    with it, since some area still takes it for the other one."""
    kept_apart: tuple[CustomerId, ...] = ()
    """Customers with whom it was one by mistake, newest last: only staff makes them one again."""

    @property
    def parting(self) -> bool:
        """Whether a merge of this customer is being undone."""
        return bool(self.returning) or any(one.undoing and one.undoing.pending_areas for one in self.merges)

    @property
    def kind(self) -> CustomerKind:
        """Say whether the company knows who this is. Who is known stays known."""
        known = any(held.identifier.makes_known for held in self.identifiers)
        return CustomerKind.KNOWN if known else CustomerKind.ANONYMOUS

    @property
    def held_keys(self) -> frozenset[str]:
        """Give the keys of the identifiers that lead here."""
        return frozenset(held.identifier.key for held in self.identifiers if held.identifier.identifies)
