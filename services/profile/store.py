"""Remembers customers: the fields of a customer's record, and how records find their merges again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from libs.channel import Channel
from libs.flat import flat_fields
from libs.mongo.values import NO_FACTS, Decision, RecordShape
from services.profile.announce import event_to_proto
from services.profile.events import Change, ProfileEvent
from services.profile.facts_fields import ledger_from_fields, ledger_to_fields
from services.profile.merge_fields import (
    merge_from_fields,
    merge_to_fields,
    reservation_from_fields,
    reservation_to_fields,
)
from services.profile.model import (
    CustomerId,
    HeldIdentifier,
    Identifier,
    IdentifierKind,
    MergeId,
    PostalAddress,
    Profile,
    Trait,
)
from services.profile.segment_fields import standing_from_document, standing_to_fields

Fields = dict[str, Any]
"""What MongoDB keeps: names to values of any kind."""

OLDEST_INCOMING_TIME = "oldest_incoming_time"
"""The field that the sweep looks for: since when a merge has been waiting to be carried out."""


@dataclass(frozen=True, slots=True)
class Announced:
    """An event, and when it happened as the caller stated it."""

    event: ProfileEvent
    occur_time: datetime | None


def profile_to_fields(profile: Profile) -> Fields:
    """Write the state as top-level fields of the record, always all of them."""
    address = profile.postal_address
    return {
        "create_time": profile.create_time,
        "identifiers": [_held_to_fields(held) for held in profile.identifiers],
        "given_name": profile.given_name,
        "family_name": profile.family_name,
        "postal_address": _address_to_fields(address) if address else None,
        "traits": [_trait_to_fields(trait) for trait in profile.traits],
        "ledger": ledger_to_fields(profile.ledger),
        **standing_to_fields(profile.standing),
        "silent_count": profile.silent_count,
        "merges": [merge_to_fields(merge) for merge in profile.merges],
        "returning": list(profile.returning),
        "kept_apart": list(profile.kept_apart),
        "incoming": [reservation_to_fields(reservation) for reservation in profile.incoming],
        OLDEST_INCOMING_TIME: min((one.merge_time for one in profile.incoming), default=None),
    }


def profile_from_document(document: Mapping[str, Any]) -> Profile:
    """Read the state from a record."""
    address = document["postal_address"]
    return Profile(
        customer_id=CustomerId(document["_id"]),
        create_time=document["create_time"],
        identifiers=tuple(_held_from_fields(held) for held in document["identifiers"]),
        given_name=document["given_name"],
        family_name=document["family_name"],
        postal_address=_address_from_fields(address) if address else None,
        traits=tuple(_trait_from_fields(trait) for trait in document["traits"]),
        ledger=ledger_from_fields(document.get("ledger", [])),  # not there in records from before there were facts
        standing=standing_from_document(document),
        silent_count=document.get("silent_count", 0),
        merges=tuple(merge_from_fields(merge) for merge in document["merges"]),
        incoming=tuple(reservation_from_fields(reservation) for reservation in document["incoming"]),
        returning=tuple(MergeId(one) for one in document.get("returning", ())),
        kept_apart=tuple(CustomerId(one) for one in document.get("kept_apart", ())),
    )


SHAPE: RecordShape[Profile, Announced] = RecordShape(
    empty=lambda customer_id: Profile(customer_id=CustomerId(customer_id)),
    to_fields=profile_to_fields,
    from_document=profile_from_document,
    to_event=lambda announced, header: event_to_proto(announced.event, header),
    occur_time=lambda announced: announced.occur_time,
)


def decision_of(
    change: Change, *, occur_time: datetime | None = None, facts: Mapping[str, str] = NO_FACTS
) -> Decision[Profile, Announced]:
    """Make a decided change one that a record can take."""
    return Decision(
        state=change.profile,
        events=tuple(Announced(event=event, occur_time=occur_time) for event in change.events),
        facts=facts,
        merged=change.things,
    )


def silent_decision_of(profile: Profile) -> Decision[Profile, Announced]:
    """Make a decision of what only was counted or looked at again: whoever is about to change the profile still may."""
    return Decision(replace(profile, silent_count=profile.silent_count + 1))


def _held_to_fields(held: HeldIdentifier) -> Fields:
    return {
        "kind": str(held.identifier.kind),
        "value": held.identifier.value,
        "verified": held.identifier.verified,
        "compared_as": held.identifier.compared_as,
        "link_time": held.link_time,
        "channel": held.channel.to_fields(),
        "entrance": held.entrance,
    }


def _held_from_fields(fields: Mapping[str, Any]) -> HeldIdentifier:
    return HeldIdentifier(
        identifier=Identifier(
            kind=IdentifierKind(fields["kind"]),
            value=fields["value"],
            verified=fields["verified"],
            compared_as=fields.get("compared_as", ""),
        ),
        link_time=fields["link_time"],
        channel=Channel.from_fields(fields["channel"]),
        entrance=fields.get("entrance", ""),
    )


def _address_to_fields(address: PostalAddress) -> Fields:
    return flat_fields(address)


def _address_from_fields(fields: Mapping[str, Any]) -> PostalAddress:
    lists = {name: tuple(fields[name]) for name in ("address_lines", "recipients")}
    return PostalAddress(**{**fields, **lists})


def _trait_to_fields(trait: Trait) -> Fields:
    return {
        "name": trait.name,
        "value": trait.value,
        "channel": trait.channel.to_fields(),
        "update_time": trait.update_time,
        "source": trait.source,
        "entrance": trait.entrance,
    }


def _trait_from_fields(fields: Mapping[str, Any]) -> Trait:
    return Trait(
        name=fields["name"],
        value=fields["value"],
        channel=Channel.from_fields(fields["channel"]),
        update_time=fields["update_time"],
        source=fields.get("source", ""),
        entrance=fields.get("entrance", ""),
    )
