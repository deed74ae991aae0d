"""Says of a customer what offers look at, in words that others compare as text."""

from collections.abc import Collection
from datetime import UTC, datetime

from libs.mongo.values import Saved
from omnithread.profile.v1 import profile_internal_service_pb2 as pb
from services.profile.convert import CUSTOMER_KINDS
from services.profile.model import Profile, TraitValue


def audience_to_proto(saved: Saved[Profile], trait_names: Collection[str]) -> pb.GetAudienceFactsResponse:
    """Write kind, segments and the traits that are asked for; the others stay here."""
    profile = saved.state
    wanted = sorted((trait.name, trait.value) for trait in profile.traits if trait.name in trait_names)
    return pb.GetAudienceFactsResponse(
        customer_id=saved.customer_id,
        version=saved.version,
        kind=CUSTOMER_KINDS[profile.kind],
        segment_ids=sorted(one.segment_id for one in profile.standing.memberships),
        traits=[pb.AudienceTrait(name=name, value=value_as_text(value)) for name, value in wanted],
        head=saved.head(),
    )


def value_as_text(value: TraitValue) -> str:
    """Write a trait's value: `true`, `12.5`, `12`, `gold`, `2026-11-25T10:00:00Z`."""
    match value:
        case bool():  # before float: a yes is no number
            return "true" if value else "false"
        case str():
            return value
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    number = float(value)
    return str(int(number)) if number.is_integer() else repr(number)
