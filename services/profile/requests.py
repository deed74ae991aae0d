"""Translates calls' words: requests into what the operations take, and outcomes into answers."""

from collections.abc import Sequence
from datetime import datetime

from libs.channel import Channel
from libs.mongo.values import Outcome, Saved
from omnithread.profile.v1 import profile_service_pb2 as pb
from services.profile.convert import (
    address_from_proto,
    identifier_to_proto,
    identifiers_from_proto,
    merge_to_proto,
    profile_to_proto,
    traits_from_proto,
)
from services.profile.details import DetailsUpdate
from services.profile.errors import update_mask_invalid
from services.profile.linking import Introduction
from services.profile.model import CustomerId, Identifier, Profile
from services.profile.outcomes import IdentifyOutcome, entrance_of, outcome_of, set_aside_of
from services.profile.rules import IdentityRules
from services.profile.who import SetAsideReason

UPDATABLE = ("given_name", "family_name", "postal_address", "traits")

OUTCOMES = {
    IdentifyOutcome.FOUND: pb.IDENTIFY_OUTCOME_FOUND,
    IdentifyOutcome.CREATED: pb.IDENTIFY_OUTCOME_CREATED,
    IdentifyOutcome.LINKED: pb.IDENTIFY_OUTCOME_LINKED,
    IdentifyOutcome.MERGED: pb.IDENTIFY_OUTCOME_MERGED,
}
_REASONS = {
    SetAsideReason.HELD_BY_ANOTHER: pb.SET_ASIDE_REASON_HELD_BY_ANOTHER,
    SetAsideReason.UNVERIFIED: pb.SET_ASIDE_REASON_UNVERIFIED,
    SetAsideReason.SHARED: pb.SET_ASIDE_REASON_SHARED,
    SetAsideReason.BLOCKED: pb.SET_ASIDE_REASON_BLOCKED,
}


def introduction_from_request(
    request: pb.IdentifyRequest, *, channel: Channel, now: datetime, rules: IdentityRules
) -> Introduction:
    """Read what a channel tells. Errors: IDENTIFIER_INVALID, INVALID_FIELD."""
    traits, _ = traits_from_proto(request.traits, field="traits", channel=channel, now=now, removable=False)
    return Introduction(
        identifiers=identifiers_from_proto(request.identifiers, rules=rules),
        traits=traits,
        given_name=request.given_name,
        family_name=request.family_name,
        continued_guest_id=CustomerId(request.continued_guest_id) if request.continued_guest_id else None,
    )


def update_from_request(request: pb.UpdateProfileRequest, *, channel: Channel, now: datetime) -> DetailsUpdate:
    """Read which fields change to what. Errors: UPDATE_MASK_INVALID, INVALID_FIELD."""
    paths = set(request.update_mask.paths)
    if not paths:
        raise update_mask_invalid("names no field")
    if not paths.issubset(UPDATABLE):
        raise update_mask_invalid(f"takes {', '.join(UPDATABLE)} and nothing else")
    told = request.profile
    traits, removed = traits_from_proto(
        told.traits if "traits" in paths else (), field="profile.traits", channel=channel, now=now, removable=True
    )
    return DetailsUpdate(
        given_name=told.given_name if "given_name" in paths else None,
        family_name=told.family_name if "family_name" in paths else None,
        postal_address=(address_from_proto(told.postal_address),) if "postal_address" in paths else None,
        traits=traits,
        removed_traits=removed,
    )


def identify_response(outcome: Outcome[Profile], identifiers: Sequence[Identifier]) -> pb.IdentifyResponse:
    """Answer an Identify of these identifiers."""
    saved = outcome.saved
    return pb.IdentifyResponse(
        profile=profile_to_proto(saved),
        outcome=OUTCOMES[outcome_of(outcome)],
        pending_merges=[merge_to_proto(merge) for merge in saved.state.merges if merge.pending_areas],
        set_aside=set_aside_to_proto(outcome, identifiers),
        replayed=outcome.replayed,
        head=saved.head(),
        entrance_customer_id=entrance_of(outcome),
    )


def set_aside_to_proto(outcome: Outcome[Profile], identifiers: Sequence[Identifier]) -> list[pb.SetAsideIdentifier]:
    """Write what of these identifiers was not used, and why."""
    return [
        pb.SetAsideIdentifier(identifier=identifier_to_proto(identifier), reason=_REASONS[reason])
        for identifier, reason in set_aside_of(outcome.facts, identifiers)
    ]


def record_to_answer(saved: Saved[Profile]) -> pb.GetProfileResponse:
    """Write the answer to whoever asks for a profile."""
    return pb.GetProfileResponse(profile=profile_to_proto(saved), head=saved.head())


def batch_profile_to_proto(asked: str, saved: Saved[Profile]) -> pb.BatchProfile:
    """Write one answer of a batch."""
    return pb.BatchProfile(requested_customer_id=asked, profile=profile_to_proto(saved), head=saved.head())
