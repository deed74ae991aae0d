"""Whether what is kept is new enough for whoever asks: pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from libs.errors import FieldFault, invalid_argument
from omnithread.context.v1.context_pb2 import SECTION_JOURNEY, SECTION_PROFILE
from omnithread.context.v1.context_service_pb2 import GetCustomerContextRequest
from omnithread.context_token import ContextToken, read_context_token
from omnithread.profile.v1.profile_pb2 import Profile
from services.aggregator.context import AREAS
from services.aggregator.keeping.kept import PROFILE, Kept

LONGEST_KEPT = timedelta(seconds=10)
"""Whoever names no age is shown nothing older: events may be late, and prices and offers have hours."""
NEVER_GIVEN = "is not a token that was given with an answer"


@dataclass(frozen=True, slots=True)
class Wish:
    """What an answer has to hold, and how old it may be."""

    told: tuple[ContextToken, ...] = ()
    max_age: timedelta | None = None

    @classmethod
    def of(cls, request: GetCustomerContextRequest) -> Self | None:
        """Read it from a request; None where only what is committed now will do. Raises INVALID_FIELD."""
        max_age = request.max_age.ToTimedelta() if request.HasField("max_age") else None
        if not request.at_least and max_age is None:
            return None
        try:
            return cls(tuple(read_context_token(token) for token in request.at_least), max_age)
        except ValueError:
            fault = FieldFault(field="at_least", description=NEVER_GIVEN)
            raise invalid_argument("INVALID_FIELD", f"`at_least` {NEVER_GIVEN}.", field_faults=(fault,)) from None


def sections_to_ask(kept: Kept, wish: Wish, now: datetime) -> frozenset[int]:
    """Give the sections that have to be asked for anew, which may be all.

    Where profile has to be asked, all have: it says who the customer is, and a merge changes every section. The journey
    goes with any other: what happened there is in it.
    """
    oldest = now - (LONGEST_KEPT if wish.max_age is None else wish.max_age)
    areas = {AREAS[section] for section, read in kept.read.reads.items() if (read.read_time or oldest) < oldest}
    if wish.max_age is None:
        areas |= kept.stale_areas
    every = frozenset(kept.read.reads)
    for told in wish.told:
        behind = _areas_behind(kept, told)
        if behind is None:
            return every
        areas |= behind
    if PROFILE in areas:
        return every
    asked = frozenset(section for section in every if AREAS[section] in areas)
    return asked | ({SECTION_JOURNEY} & every) if asked else asked


def _areas_behind(kept: Kept, told: ContextToken) -> frozenset[str] | None:
    """Give the areas in which more was told than is kept; None where nobody can say.

    What was told of one who has been merged into the customer is in what is kept: it was read after all was absorbed.
    """
    if told.customer_id != kept.subject.customer_id:
        return frozenset[str]() if told.customer_id in _absorbed(kept) else None
    by_epoch = {head.epoch: (area, head.seq) for area, head in kept.read.heads.items()}
    behind = set[str]()
    for epoch, seq in told.seqs.items():
        if epoch not in by_epoch:
            return None
        area, known = by_epoch[epoch]
        if known < seq:
            behind.add(area)
    return frozenset(behind)


def _absorbed(kept: Kept) -> frozenset[str]:
    profile = kept.read.reads[SECTION_PROFILE].message
    merges = profile.merges if isinstance(profile, Profile) else ()
    return frozenset(
        merge.source_customer_id for merge in merges if not merge.pending_areas and not merge.HasField("unmerge_time")
    )
