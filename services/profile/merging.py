"""How one customer becomes part of another.

By themselves only guests are ever merged away: into a customer who is known, and stays so, or into an older guest.
Two customers whom the company knows become one where a member of staff says so; the older one remains.
So there is one order for all merges: who is known before guests, then by age, and ages never change. A sealed customer
changes no more. So merges that cross each other on different replicas cannot make a circle, as long as the very write
that seals checks the order once more.
"""

from collections.abc import Iterable
from dataclasses import replace

from services.profile.details import changed_fields, with_missing_names
from services.profile.errors import merge_not_found
from services.profile.events import Change, CustomersMerged, ProfileEvent, ProfileUpdated
from services.profile.facts import join
from services.profile.merged_details import things_of
from services.profile.model import (
    MERGE_AREAS,
    CustomerId,
    CustomerKind,
    Merge,
    MergeId,
    MergeRule,
    Profile,
    Reservation,
)
from services.profile.room import make_room, with_added
from services.profile.rules import IdentityRules
from services.profile.survivorship import surviving_traits

MOST_MERGES_SHOWN = 20
MOST_MERGES_KEPT = 50
"""With what led to them. Older ones hold, and can no longer be undone."""
MOST_KEPT_APART = 50


def may_be_merged_away(source: Profile, survivor: Profile, rule: MergeRule = MergeRule.UNSTATED) -> bool:
    """Say whether the source may be sealed now in favour of the survivor, whatever was true when that was decided."""
    if source.create_time is None:
        return True
    if survivor.create_time is None or source.parting or survivor.parting:
        return False
    if rule is not MergeRule.STAFF_DECIDED and (source.kind is CustomerKind.KNOWN or are_kept_apart(source, survivor)):
        return False
    return precedes(survivor, source)


def precedes(one: Profile, other: Profile) -> bool:
    """Say which of two customers remains where they become one: who is known, then who is older."""
    return _rank(one) < _rank(other)


def are_kept_apart(one: Profile, other: Profile) -> bool:
    """Say whether the two were one by mistake before."""
    return one.customer_id in other.kept_apart or other.customer_id in one.kept_apart


def merge(source: Profile, survivor: Profile, reservation: Reservation, *, rules: IdentityRules) -> Change:
    """Give the survivor with what the sealed source held, and what became of each thing.

    Identifiers are added, names and address fill what is empty, of each trait the word stays that the rules say.
    A merge never fails for a limit: the oldest cookies, devices, claims and traits make room.
    Where the source was never seen (only claims led to it) nobody hears of it.
    """
    if source.create_time is None:
        return without_reservation(survivor, reservation.merge_id)
    kept = make_room(with_added(survivor.identifiers, source.identifiers), rules=rules)
    after = replace(
        survivor,
        identifiers=kept.identifiers,
        postal_address=survivor.postal_address or source.postal_address,
        ledger=join(survivor.ledger, source.ledger),
        traits=surviving_traits(survivor.traits, source.traits, rules.traits),
        incoming=_merged_reservations(survivor, source, reservation),
        merges=kept_merges((*survivor.merges, *_unfinished(source), _merge_of(reservation))),
        kept_apart=_merged_apart(survivor, source),
    )
    after = with_missing_names(after, given_name=source.given_name, family_name=source.family_name)
    events: list[ProfileEvent] = [
        CustomersMerged(merge_id=reservation.merge_id, source_customer_id=reservation.source_customer_id)
    ]
    if fields := changed_fields(survivor, after):
        events.append(ProfileUpdated(changed_fields=fields))
    things = things_of(source, survivor, after)
    return Change(profile=after, events=tuple(events), dropped_keys=kept.dropped_keys, things=things)


def without_reservation(profile: Profile, merge_id: MergeId) -> Change:
    """Give up a merge whose source became known before it was sealed."""
    return Change(profile=replace(profile, incoming=tuple(one for one in profile.incoming if one.merge_id != merge_id)))


def complete(profile: Profile, merge_id: str, area: str) -> Change:
    """Note that an area has absorbed a merge. Errors: MERGE_NOT_FOUND."""
    if not any(one.merge_id == merge_id for one in profile.merges):
        raise merge_not_found(merge_id)
    merges = tuple(
        replace(one, pending_areas=tuple(pending for pending in one.pending_areas if pending != area))
        if one.merge_id == merge_id
        else one
        for one in profile.merges
    )
    return Change(profile=replace(profile, merges=kept_merges(merges)))


def kept_merges(merges: Iterable[Merge]) -> tuple[Merge, ...]:
    """Keep the newest, and every merge that some area has still to absorb or to undo."""
    return _newest(merges, MOST_MERGES_KEPT)


def shown_merges(profile: Profile) -> tuple[Merge, ...]:
    """Give what every reader of the profile is shown of its merges: fewer than `kept_merges`."""
    return _newest(profile.merges, MOST_MERGES_SHOWN)


def _newest(merges: Iterable[Merge], most: int) -> tuple[Merge, ...]:
    in_order = sorted(merges, key=lambda one: (one.merge_time, one.merge_id))
    newest = {one.merge_id for one in in_order[-most:]}
    return tuple(one for one in in_order if one.unfinished or one.merge_id in newest)


def _merge_of(reservation: Reservation) -> Merge:
    return Merge(
        merge_id=reservation.merge_id,
        source_customer_id=reservation.source_customer_id,
        merge_time=reservation.merge_time,
        channel=reservation.channel,
        pending_areas=MERGE_AREAS,
        rule=reservation.rule,
        evidence=reservation.evidence,
        actor_id=reservation.origin.actor_id if reservation.rule is MergeRule.STAFF_DECIDED else "",
        reason=reservation.reason,
        traceparent=reservation.origin.traceparent,
    )


def _unfinished(source: Profile) -> tuple[Merge, ...]:
    return tuple(one for one in source.merges if one.unfinished)


def _merged_reservations(survivor: Profile, source: Profile, done: Reservation) -> tuple[Reservation, ...]:
    """What the source was about to take over is now the survivor's to take over."""
    known = {survivor.customer_id, done.source_customer_id}
    reservations = {one.merge_id: one for one in (*survivor.incoming, *source.incoming)}
    return tuple(
        one for one in reservations.values() if one.merge_id != done.merge_id and one.source_customer_id not in known
    )


def _merged_apart(survivor: Profile, source: Profile) -> tuple[CustomerId, ...]:
    together = {survivor.customer_id, source.customer_id}
    apart = dict.fromkeys(one for one in (*survivor.kept_apart, *source.kept_apart) if one not in together)
    return tuple(apart)[-MOST_KEPT_APART:]


def _rank(profile: Profile) -> tuple[bool, float, str]:
    born = profile.create_time.timestamp() if profile.create_time else float("inf")
    return profile.kind is not CustomerKind.KNOWN, born, profile.customer_id
