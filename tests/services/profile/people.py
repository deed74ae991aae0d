"""Customers, channels and identifiers for the tests, in few words."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from libs.channel import Channel
from libs.origin import Origin
from services.profile.identifiers import normal_identifier
from services.profile.model import (
    CustomerId,
    HeldIdentifier,
    Identifier,
    IdentifierKind,
    MergeId,
    Profile,
    Reservation,
    Trait,
    TraitValue,
)
from services.profile.rules import DEFAULT_RULES

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEB = Channel(id="web-shop", kind=1)
STORE = Channel(id="store-042", kind=3)


def at(minutes: float) -> datetime:
    """Give the time so many minutes after noon."""
    return NOW + timedelta(minutes=minutes)


def email(value: str, *, verified: bool = True) -> Identifier:
    """Give an e-mail address."""
    return normal_identifier(IdentifierKind.EMAIL, value, verified=verified, rules=DEFAULT_RULES)


def phone(value: str, *, verified: bool = True) -> Identifier:
    """Give a telephone number."""
    return normal_identifier(IdentifierKind.PHONE, value, verified=verified, rules=DEFAULT_RULES)


def card(value: str, *, verified: bool = True) -> Identifier:
    """Give a loyalty card."""
    return normal_identifier(IdentifierKind.LOYALTY_CARD, value, verified=verified, rules=DEFAULT_RULES)


def cookie(value: str) -> Identifier:
    """Give a visitor id."""
    return normal_identifier(IdentifierKind.COOKIE, value, verified=False, rules=DEFAULT_RULES)


def device(value: str) -> Identifier:
    """Give an installed app."""
    return normal_identifier(IdentifierKind.DEVICE, value, verified=False, rules=DEFAULT_RULES)


def held(identifier: Identifier, *, minutes: float = 0, channel: Channel = WEB) -> HeldIdentifier:
    """Give an identifier as a record holds it."""
    return HeldIdentifier(identifier=identifier, link_time=at(minutes), channel=channel)


def customer(customer_id: str, *identifiers: Identifier, minutes: float = 0, traits: Iterable[Trait] = ()) -> Profile:
    """Give a customer first seen so many minutes after noon."""
    return Profile(
        customer_id=CustomerId(customer_id),
        create_time=at(minutes),
        identifiers=tuple(sorted((held(one) for one in identifiers), key=lambda one: one.identifier.key)),
        traits=tuple(traits),
    )


def trait(name: str, value: TraitValue, *, minutes: float = 0, channel: Channel = WEB) -> Trait:
    """Give a trait."""
    return Trait(name=name, value=value, channel=channel, update_time=at(minutes))


def reservation(source: str, *, merge_id: str = "", minutes: float = 0) -> Reservation:
    """Give a decided merge."""
    return Reservation(
        merge_id=MergeId(merge_id or f"mrg_{source}"),
        source_customer_id=CustomerId(source),
        merge_time=at(minutes),
        origin=Origin(channel_id=WEB.id, channel_kind=WEB.kind),
    )
