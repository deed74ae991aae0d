"""Channels on which the same offers count: a cart costs the same on all of a group, so one price answers for it."""

from collections.abc import Iterable
from dataclasses import dataclass

from libs.channel import Channel
from libs.rpc import channels as registered
from services.cart.offers.values import ActiveOffers
from services.cart.pricing.bars import counts_at


@dataclass(frozen=True, slots=True)
class ChannelGroup:
    """Registered channels on which the same offers count."""

    channels: tuple[registered.Channel, ...]
    """By id; at least one."""
    offer_ids: frozenset[str]


def groups_of(channels: Iterable[registered.Channel], offers: ActiveOffers) -> tuple[ChannelGroup, ...]:
    """Put channels into groups, by the first id of each.

    Only channels that some offer names by id are looked at one by one; others count by kind and brand.
    """
    named = frozenset(channel_id for offer in offers.offers for channel_id in offer.terms.channels.channel_ids)
    alike: dict[tuple[int, str, str], list[registered.Channel]] = {}
    for channel in sorted(channels, key=lambda one: one.id):
        alike.setdefault((channel.kind, channel.brand, channel.id if channel.id in named else ""), []).append(channel)
    groups: dict[frozenset[str], list[registered.Channel]] = {}
    for members in alike.values():
        groups.setdefault(_offer_ids(members[0], offers), []).extend(members)
    found = (
        ChannelGroup(tuple(sorted(members, key=lambda one: one.id)), offer_ids) for offer_ids, members in groups.items()
    )
    return tuple(sorted(found, key=lambda group: group.channels[0].id))


def _offer_ids(channel: registered.Channel, offers: ActiveOffers) -> frozenset[str]:
    place = Channel(channel.id, channel.kind)
    return frozenset(offer.offer_id for offer in offers.offers if counts_at(offer.terms, place, channel.brand))
