"""What an Identify changes on the customer that was found: identifiers, names, traits, and merges to carry out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from libs.channel import Channel
from libs.errors import outbox_full
from services.profile.details import changed_fields, news_in, with_missing_names, with_traits
from services.profile.errors import identifier_limit
from services.profile.events import Change, CustomerCreated, IdentifiersLinked, ProfileEvent, ProfileUpdated
from services.profile.model import CustomerId, HeldIdentifier, Identifier, IdentifierKind, Profile, Reservation, Trait
from services.profile.room import Kept, kind_beyond_limit, make_room, with_added
from services.profile.rules import IdentityRules

MOST_PENDING_MERGES = 64
"""More than these wait until the other services have absorbed some."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a channel told about a customer."""

    identifiers: tuple[Identifier, ...]
    traits: tuple[Trait, ...] = ()
    given_name: str = ""
    family_name: str = ""
    guests: tuple[Reservation, ...] = ()
    """Whom to merge into this customer."""
    is_history: bool = False
    """Whether the traits tell of a time that may be past, as an import does: what is newer stays."""
    customer_id: CustomerId | None = None
    """Who is there, where the channel knows that; None where only identifiers tell."""
    continued_guest_id: CustomerId | None = None
    """The guest with whose visit this person goes on; None where nothing was handed over."""
    entrance: str = ""
    """The merged customer by whose identifier the channel came; empty where that was the customer's own."""
    claimed_by: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Whom the claims of identifiers name that were there before, by key; the others are claimed for `entrance`."""


def introduce(profile: Profile, told: Introduction, *, now: datetime, channel: Channel, rules: IdentityRules) -> Change:
    """Add what was told to a customer, new or known. The same again changes nothing and announces nothing.

    Errors: IDENTIFIER_LIMIT, TRAIT_LIMIT, RECORD_TOO_LARGE, and OUTBOX_FULL where too many merges are pending.
    """
    kept = _with_identifiers(profile, told, now=now, channel=channel, rules=rules)
    said = [replace(trait, entrance=told.entrance) for trait in told.traits]
    after = replace(
        profile,
        create_time=profile.create_time or now,
        identifiers=kept.identifiers,
        traits=with_traits(profile.traits, news_in(profile.traits, said) if told.is_history else said),
        incoming=_with_reservations(profile, told.guests),
    )
    after = with_missing_names(after, given_name=told.given_name, family_name=told.family_name)
    return Change(profile=after, events=_events(profile, after), dropped_keys=kept.dropped_keys)


def _with_identifiers(
    profile: Profile, told: Introduction, *, now: datetime, channel: Channel, rules: IdentityRules
) -> Kept:
    by_key = with_added(
        profile.identifiers,
        [
            HeldIdentifier(identifier=one, link_time=now, channel=channel, entrance=_entrance(profile, told, one))
            for one in told.identifiers
        ],
    )
    beyond = kind_beyond_limit(by_key, held=profile.identifiers, rules=rules)
    if beyond is not None:
        raise identifier_limit(beyond, rules.most(beyond))
    return make_room(by_key, rules=rules, presented_keys=frozenset(one.key for one in told.identifiers))


def _entrance(profile: Profile, told: Introduction, identifier: Identifier) -> str:
    named = told.claimed_by.get(identifier.key, told.entrance)
    return named if named != profile.customer_id else ""


def _with_reservations(profile: Profile, guests: Sequence[Reservation]) -> tuple[Reservation, ...]:
    reserved = {one.source_customer_id for one in profile.incoming}
    incoming = (*profile.incoming, *(one for one in guests if one.source_customer_id not in reserved))
    pending = sum(1 for merge in profile.merges if merge.pending_areas)
    if len(incoming) > len(profile.incoming) and len(incoming) + pending > MOST_PENDING_MERGES:
        raise outbox_full()
    return incoming


def _events(before: Profile, after: Profile) -> tuple[ProfileEvent, ...]:
    events: list[ProfileEvent] = []
    if before.create_time is None:
        events.append(CustomerCreated(kind=after.kind))
    linked = [
        one.identifier.kind for one in after.identifiers if one.identifier.key in after.held_keys - before.held_keys
    ]
    if linked:
        kinds = tuple(kind for kind in IdentifierKind if kind in linked)
        events.append(IdentifiersLinked(kinds=kinds, kind=after.kind))
    if fields := changed_fields(before, after):
        events.append(ProfileUpdated(changed_fields=fields))
    return tuple(events)
