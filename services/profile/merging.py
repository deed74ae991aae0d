"""How one customer becomes part of another.

Only a guest is ever merged away: into a customer who is known, and stays so, or into an older guest, and ages never
change. A sealed guest changes no more, and who is known stays known. So merges that cross each other on different
replicas cannot make a circle, as long as the very write that seals checks that the source is still such a guest.
"""

from collections.abc import Iterable
from dataclasses import replace

from services.profile.details import changed_fields, with_missing_names
from services.profile.errors import merge_not_found
from services.profile.events import Change, CustomersMerged, ProfileEvent, ProfileUpdated
from services.profile.facts import join
from services.profile.model import MERGE_AREAS, CustomerKind, Merge, MergeId, Profile, Reservation
from services.profile.room import make_room, with_added
from services.profile.rules import IdentityRules
from services.profile.survivorship import surviving_traits

MOST_MERGES_SHOWN = 20


def may_be_merged_away(source: Profile, survivor: Profile) -> bool:
    """Say whether the source may be sealed now in favour of the survivor, whatever was true when that was decided."""
    if source.create_time is None:
        return True
    if source.kind is CustomerKind.KNOWN or survivor.create_time is None:
        return False
    if survivor.kind is CustomerKind.KNOWN:
        return True
    return (survivor.create_time, survivor.customer_id) < (source.create_time, source.customer_id)


def merge(source: Profile, survivor: Profile, reservation: Reservation, *, rules: IdentityRules) -> Change:
    """Give the survivor with what the sealed source held.

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
        merges=_shown(
            (
                *survivor.merges,
                *(one for one in source.merges if one.pending_areas),
                Merge(
                    merge_id=reservation.merge_id,
                    source_customer_id=reservation.source_customer_id,
                    merge_time=reservation.merge_time,
                    channel=reservation.channel,
                    pending_areas=MERGE_AREAS,
                ),
            )
        ),
    )
    after = with_missing_names(after, given_name=source.given_name, family_name=source.family_name)
    events: list[ProfileEvent] = [
        CustomersMerged(merge_id=reservation.merge_id, source_customer_id=reservation.source_customer_id)
    ]
    if fields := changed_fields(survivor, after):
        events.append(ProfileUpdated(changed_fields=fields))
    return Change(profile=after, events=tuple(events), dropped_keys=kept.dropped_keys)


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
    return Change(profile=replace(profile, merges=_shown(merges)))


def _shown(merges: Iterable[Merge]) -> tuple[Merge, ...]:
    """Keep the newest, and every merge that some area has still to absorb."""
    in_order = sorted(merges, key=lambda one: (one.merge_time, one.merge_id))
    newest = {one.merge_id for one in in_order[-MOST_MERGES_SHOWN:]}
    return tuple(one for one in in_order if one.pending_areas or one.merge_id in newest)


def _merged_reservations(survivor: Profile, source: Profile, done: Reservation) -> tuple[Reservation, ...]:
    """What the source was about to take over is now the survivor's to take over."""
    known = {survivor.customer_id, done.source_customer_id}
    reservations = {one.merge_id: one for one in (*survivor.incoming, *source.incoming)}
    return tuple(
        one for one in reservations.values() if one.merge_id != done.merge_id and one.source_customer_id not in known
    )
