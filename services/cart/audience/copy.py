"""Decides what becomes of the copy of a customer's facts, and reads facts from it. Pure.

Two owners feed it: profile is asked whenever it says that something changed, and the newest answer stands; the journey
is gathered from the aggregator's events, and begins anew with each journey.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from libs.journey_rules import BUILT_IN
from services.cart.audience.facts import NO_FACTS, AudienceFacts

GAP = BUILT_IN.inactivity
"""A journey is over when the customer was silent for so long, unless configured otherwise."""
CLOSE_ENOUGH = timedelta(days=1)
"""The time of the last act may be behind by so much, so that not every act is a write."""
MAX_CAMPAIGNS = 50


@dataclass(frozen=True, slots=True)
class ProfilePart:
    """What profile answered last."""

    epoch: str
    version: int
    known: bool
    segment_ids: tuple[str, ...]
    """Sorted."""
    traits: tuple[tuple[str, str], ...]
    """Names and values, sorted by name."""
    asked_traits: tuple[str, ...]
    """The names that it was asked for, sorted; those of them that it left out are not there."""

    def is_newer_than(self, other: "ProfilePart | None") -> bool:
        """Whether it takes the other's place: read later, or with traits that the other was not asked for."""
        if other is None or self.epoch != other.epoch:
            return True
        if self.version == other.version:
            return not set(self.asked_traits) <= set(other.asked_traits)
        return self.version > other.version


@dataclass(frozen=True, slots=True)
class JourneyAct:
    """Something that the customer did, as the aggregator announced it."""

    epoch: str
    seq: int
    time: datetime
    channel_kind: int
    campaign_id: str = ""
    """Of the advertisement that was clicked."""


@dataclass(frozen=True, slots=True)
class JourneyPart:
    """What was heard of the present journey."""

    epoch: str = ""
    seq: int = 0
    """Of the last event that changed something here."""
    journey_id: str = ""
    """Empty where none goes on."""
    last_act_time: datetime | None = None
    channel_kinds: tuple[int, ...] = ()
    """Sorted."""
    campaign_ids: tuple[str, ...] = ()
    """In the order in which they were heard of; the newest 50."""
    ended_id: str = ""
    """The journey that ended last: what is late of it does not bring it back."""


@dataclass(frozen=True, slots=True)
class AudienceCopy:
    """All that the copy holds of one customer."""

    customer_id: str
    version: int = 0
    """Counts its changes."""
    is_asked: bool = False
    """Whether somebody needed profile's part: before that, what profile announces is not followed up."""
    profile: ProfilePart | None = None
    journey: JourneyPart = JourneyPart()


def with_profile(copy: AudienceCopy, part: ProfilePart) -> AudienceCopy:
    """Take in an answer of profile, where it is newer."""
    return replace(copy, is_asked=True, profile=part) if part.is_newer_than(copy.profile) else copy


def with_act(copy: AudienceCopy, journey_id: str, act: JourneyAct, inactivity: timedelta = GAP) -> AudienceCopy:
    """Take in an act of the customer: one of the present journey, of a newer one, or too late for either."""
    journey = copy.journey
    if _is_heard(journey, act.epoch, act.seq):
        return copy
    last = journey.last_act_time
    if journey_id != journey.journey_id:
        if journey_id == journey.ended_id or (last is not None and act.time < last):
            return copy  # of an earlier journey
        # Within the same silence it is the same one under another name: two journeys turned out to be one.
        is_same = bool(journey.journey_id) and last is not None and act.time - last <= inactivity
        journey = journey if is_same else JourneyPart()
    campaigns = tuple(one for one in journey.campaign_ids if one != act.campaign_id)
    after = JourneyPart(
        epoch=act.epoch,
        seq=act.seq,
        journey_id=journey_id,
        last_act_time=act.time if last is None else max(last, act.time),
        channel_kinds=tuple(sorted({*journey.channel_kinds, act.channel_kind})),
        campaign_ids=(*campaigns, act.campaign_id)[-MAX_CAMPAIGNS:] if act.campaign_id else journey.campaign_ids,
        ended_id=copy.journey.ended_id,
    )
    return copy if _says_the_same(after, copy.journey) else replace(copy, journey=after)


def with_end(copy: AudienceCopy, journey_id: str, *, epoch: str, seq: int) -> AudienceCopy:
    """Forget a journey that is over; what is late of it does not bring it back."""
    journey = copy.journey
    if journey.journey_id != journey_id or _is_heard(journey, epoch, seq):
        return copy
    ended = JourneyPart(epoch=epoch, seq=seq, last_act_time=journey.last_act_time, ended_id=journey_id)
    return replace(copy, journey=ended)


def facts_from(copies: Sequence[AudienceCopy], customer_id: str, inactivity: timedelta = GAP) -> AudienceFacts:
    """Read the facts of a customer from their copy and those of who were merged into them.

    Who they are is what profile says of the one who remains; what they did in journeys that meet in time is joined.
    """
    if not copies:
        return NO_FACTS
    profile = next((copy.profile for copy in copies if copy.customer_id == customer_id), None)
    journeys = _meeting([copy.journey for copy in copies if copy.journey.journey_id], inactivity)
    return AudienceFacts(
        version=sum(copy.version for copy in copies),
        known=profile.known if profile else False,
        segment_ids=frozenset(profile.segment_ids if profile else ()),
        traits=MappingProxyType(dict(profile.traits if profile else ())),
        journey_channel_kinds=frozenset(kind for journey in journeys for kind in journey.channel_kinds),
        campaign_ids=frozenset(one for journey in journeys for one in journey.campaign_ids),
    )


def copy_to_fields(copy: AudienceCopy) -> dict[str, Any]:
    """Write a copy as a document's fields, always all of them."""
    profile, journey = copy.profile, copy.journey
    return {
        "customer_id": copy.customer_id,
        "version": copy.version,
        "is_asked": copy.is_asked,
        "profile": profile
        and {
            "epoch": profile.epoch,
            "version": profile.version,
            "known": profile.known,
            "segment_ids": list(profile.segment_ids),
            "traits": [list(trait) for trait in profile.traits],
            "asked_traits": list(profile.asked_traits),
        },
        "journey": {
            "epoch": journey.epoch,
            "seq": journey.seq,
            "journey_id": journey.journey_id,
            "last_act_time": journey.last_act_time,
            "channel_kinds": list(journey.channel_kinds),
            "campaign_ids": list(journey.campaign_ids),
            "ended_id": journey.ended_id,
        },
    }


def copy_from_document(document: Mapping[str, Any]) -> AudienceCopy:
    """Read a copy back."""
    profile, journey = document["profile"], document["journey"]
    return AudienceCopy(
        customer_id=document["_id"],
        version=document["version"],
        is_asked=document["is_asked"],
        profile=profile
        and ProfilePart(
            epoch=profile["epoch"],
            version=profile["version"],
            known=profile["known"],
            segment_ids=tuple(profile["segment_ids"]),
            traits=tuple((name, value) for name, value in profile["traits"]),
            asked_traits=tuple(profile["asked_traits"]),
        ),
        journey=JourneyPart(
            epoch=journey["epoch"],
            seq=journey["seq"],
            journey_id=journey["journey_id"],
            last_act_time=journey["last_act_time"],
            channel_kinds=tuple(journey["channel_kinds"]),
            campaign_ids=tuple(journey["campaign_ids"]),
            ended_id=journey.get("ended_id", ""),
        ),
    )


def _is_heard(journey: JourneyPart, epoch: str, seq: int) -> bool:
    return journey.epoch == epoch and seq <= journey.seq


def _says_the_same(one: JourneyPart, other: JourneyPart) -> bool:
    """Whether nothing would be gained by writing one in the place of the other."""
    if one.last_act_time is None or other.last_act_time is None:
        return False
    facts = (one.journey_id, one.channel_kinds, one.campaign_ids)
    return facts == (other.journey_id, other.channel_kinds, other.campaign_ids) and (
        one.last_act_time - other.last_act_time < CLOSE_ENOUGH
    )


def _meeting(journeys: Iterable[JourneyPart], inactivity: timedelta) -> list[JourneyPart]:
    """Give the newest journey, and those that are the same one since they meet it in time."""
    dated = [(journey.last_act_time, journey) for journey in journeys if journey.last_act_time is not None]
    newest = max((time for time, _ in dated), default=None)
    return [journey for time, journey in dated if newest is not None and newest - time <= inactivity]
