"""Translates words: what the contract says, and what the model says."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from google.type.postal_address_pb2 import PostalAddress as PostalAddressProto

from libs.channel import Channel
from libs.errors import invalid_field
from libs.mongo.values import Saved
from libs.timestamps import to_timestamp
from omnithread.profile.v1 import profile_pb2
from services.profile import model
from services.profile.errors import identifier_invalid
from services.profile.etags import profile_etag
from services.profile.facts_fields import facts_to_proto
from services.profile.identifiers import normal_identifier
from services.profile.merging import shown_merges
from services.profile.model import Identifier, IdentifierKind, MergeRule, PostalAddress, Profile, Trait
from services.profile.rules import IdentityRules
from services.profile.segment_fields import memberships_to_proto
from services.profile.trait_values import value_from_proto, write_value

MAX_ADDRESS_BYTES = 4096

IDENTIFIER_KINDS = {
    IdentifierKind.EMAIL: profile_pb2.IDENTIFIER_KIND_EMAIL,
    IdentifierKind.PHONE: profile_pb2.IDENTIFIER_KIND_PHONE,
    IdentifierKind.LOYALTY_CARD: profile_pb2.IDENTIFIER_KIND_LOYALTY_CARD,
    IdentifierKind.DEVICE: profile_pb2.IDENTIFIER_KIND_DEVICE,
    IdentifierKind.COOKIE: profile_pb2.IDENTIFIER_KIND_COOKIE,
    IdentifierKind.SOCIAL: profile_pb2.IDENTIFIER_KIND_SOCIAL,
}
_FROM_KINDS = {number: kind for kind, number in IDENTIFIER_KINDS.items()}
CUSTOMER_KINDS = {
    model.CustomerKind.ANONYMOUS: profile_pb2.CUSTOMER_KIND_ANONYMOUS,
    model.CustomerKind.KNOWN: profile_pb2.CUSTOMER_KIND_KNOWN,
}
_MERGE_RULES = {
    MergeRule.UNSTATED: profile_pb2.MERGE_RULE_UNSPECIFIED,
    MergeRule.GUEST_RECOGNISED: profile_pb2.MERGE_RULE_GUEST_RECOGNISED,
    MergeRule.GUESTS_JOINED: profile_pb2.MERGE_RULE_GUESTS_JOINED,
    MergeRule.CREATED_TWICE: profile_pb2.MERGE_RULE_CREATED_TWICE,
    MergeRule.STAFF_DECIDED: profile_pb2.MERGE_RULE_STAFF_DECIDED,
    MergeRule.HANDED_OVER: profile_pb2.MERGE_RULE_HANDED_OVER,
}


def identifier_from_proto(said: profile_pb2.Identifier, *, field: str, rules: IdentityRules) -> Identifier:
    """Read and normalise an identifier; `field` is its path in the request. Errors: IDENTIFIER_INVALID."""
    try:
        return normal_identifier(_FROM_KINDS[said.kind], said.value, verified=said.verified, rules=rules)
    except ValueError as fault:
        raise identifier_invalid(f"{field}.value", str(fault)) from None


def asked_identifier_from_proto(said: profile_pb2.Identifier, *, rules: IdentityRules) -> Identifier:
    """Read by what a profile is asked for: an identifier leads to its customer whether or not the asker proves it."""
    identifier = identifier_from_proto(said, field="identifier", rules=rules)
    return replace(identifier, verified=not identifier.kind.by_possession)


def identifiers_from_proto(said: Sequence[profile_pb2.Identifier], *, rules: IdentityRules) -> tuple[Identifier, ...]:
    """Read a list; one that is there twice counts once, as verified if it is so in either place."""
    by_key: dict[str, Identifier] = {}
    for index, one in enumerate(said):
        identifier = identifier_from_proto(one, field=f"identifiers[{index}]", rules=rules)
        if identifier.verified or identifier.key not in by_key:
            by_key[identifier.key] = identifier
    return tuple(by_key.values())


def traits_from_proto(
    said: Iterable[profile_pb2.Trait], *, field: str, channel: Channel, now: datetime, removable: bool
) -> tuple[tuple[Trait, ...], tuple[str, ...]]:
    """Read the traits to set, and the names of those to remove. Errors: INVALID_FIELD."""
    traits: list[Trait] = []
    removed: list[str] = []
    names: set[str] = set()
    for index, one in enumerate(said):
        if one.name in names:
            raise invalid_field(f"{field}[{index}].name", "named twice")
        names.add(one.name)
        value = value_from_proto(one, field=f"{field}[{index}].time_value")
        if value is not None:
            traits.append(Trait(name=one.name, value=value, channel=channel, update_time=now, source=one.source))
        elif removable:
            removed.append(one.name)
        else:
            raise invalid_field(f"{field}[{index}]", "has no value")
    return tuple(traits), tuple(removed)


def address_from_proto(said: PostalAddressProto) -> PostalAddress | None:
    """Read an address; None where it says nothing. Errors: INVALID_FIELD."""
    if said.ByteSize() > MAX_ADDRESS_BYTES:
        raise invalid_field("profile.postal_address", f"more than {MAX_ADDRESS_BYTES} bytes")
    address = PostalAddress(
        revision=said.revision,
        region_code=said.region_code,
        language_code=said.language_code,
        postal_code=said.postal_code,
        sorting_code=said.sorting_code,
        administrative_area=said.administrative_area,
        locality=said.locality,
        sublocality=said.sublocality,
        address_lines=tuple(said.address_lines),
        recipients=tuple(said.recipients),
        organization=said.organization,
    )
    return address if address != PostalAddress() else None


def identifier_to_proto(identifier: Identifier) -> profile_pb2.Identifier:
    """Write an identifier."""
    return profile_pb2.Identifier(
        kind=IDENTIFIER_KINDS[identifier.kind], value=identifier.value, verified=identifier.verified
    )


def profile_to_proto(saved: Saved[Profile]) -> profile_pb2.Profile:
    """Write the profile in a record."""
    profile = saved.state
    address = profile.postal_address
    return profile_pb2.Profile(
        customer_id=saved.customer_id,
        kind=CUSTOMER_KINDS[profile.kind],
        identifiers=sorted(
            (identifier_to_proto(held.identifier) for held in profile.identifiers),
            key=lambda one: (one.kind, one.value),
        ),
        given_name=profile.given_name,
        family_name=profile.family_name,
        postal_address=_address_to_proto(address) if address else None,
        traits=[_trait_to_proto(trait) for trait in profile.traits],
        merges=[merge_to_proto(merge) for merge in shown_merges(profile)],
        create_time=to_timestamp(profile.create_time) if profile.create_time else None,
        update_time=to_timestamp(saved.update_time),
        version=saved.version,
        etag=profile_etag(saved),
        facts=facts_to_proto(profile.ledger),
        segments=memberships_to_proto(profile.standing),
    )


def merge_to_proto(merge: model.Merge) -> profile_pb2.Merge:
    """Write a merge."""
    undoing = merge.undoing
    return profile_pb2.Merge(
        merge_id=merge.merge_id,
        source_customer_id=merge.source_customer_id,
        merge_time=to_timestamp(merge.merge_time),
        channel=merge.channel.to_proto(),
        pending_areas=merge.pending_areas,
        rule=_MERGE_RULES[merge.rule],
        evidence=[identifier_to_proto(identifier) for identifier in merge.evidence],
        actor_id=merge.actor_id,
        reason=merge.reason,
        traceparent=merge.traceparent,
        unmerge_time=to_timestamp(undoing.unmerge_time) if undoing else None,
        unmerge_actor_id=undoing.actor_id if undoing else "",
        unmerge_reason=undoing.reason if undoing else "",
        unmerge_pending_areas=undoing.pending_areas if undoing else (),
    )


def _trait_to_proto(trait: Trait) -> profile_pb2.Trait:
    said = profile_pb2.Trait(
        name=trait.name,
        channel=trait.channel.to_proto(),
        update_time=to_timestamp(trait.update_time),
        source=trait.source,
    )
    write_value(said, trait.value)
    return said


def _address_to_proto(address: PostalAddress) -> PostalAddressProto:
    return PostalAddressProto(
        revision=address.revision,
        region_code=address.region_code,
        language_code=address.language_code,
        postal_code=address.postal_code,
        sorting_code=address.sorting_code,
        administrative_area=address.administrative_area,
        locality=address.locality,
        sublocality=address.sublocality,
        address_lines=address.address_lines,
        recipients=address.recipients,
        organization=address.organization,
    )
