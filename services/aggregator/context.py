"""Puts the context together: the same bytes for every channel from the same versions, and what is missing by name.

Pure. Nothing in a context depends on who asks or when; it has no maps, and its lists are sorted.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from google.protobuf.message import Message

from libs.errors import OmnithreadError, Status, is_passing
from libs.timestamps import to_timestamp
from omnithread.cart.v1.cart_pb2 import CartProblem
from omnithread.cart.v1.price_pb2 import CartPrice, ChannelPrice
from omnithread.common.v1.event_pb2 import Head
from omnithread.context.v1 import context_pb2
from omnithread.context.v1.context_pb2 import (
    SECTION_CART,
    SECTION_JOURNEY,
    SECTION_MESSAGING,
    SECTION_OFFERS,
    SECTION_PREFERENCES,
    SECTION_PROFILE,
)
from omnithread.context.v1.context_service_pb2 import SectionTime
from omnithread.context_token import context_token

AREAS: Mapping[int, str] = {
    SECTION_PROFILE: "profile",
    SECTION_CART: "cart",
    SECTION_PREFERENCES: "preference",
    SECTION_MESSAGING: "messaging",
    SECTION_JOURNEY: "context",
    SECTION_OFFERS: "cart",
}
"""Whose each section is."""
ALL_SECTIONS = frozenset(AREAS)
SECTIONS: Mapping[str, int] = {area: section for section, area in AREAS.items() if section != SECTION_OFFERS}
"""By which section each area is asked; cart's answer tells the offers as well."""
FIELDS: Mapping[int, str] = {
    SECTION_PROFILE: "profile",
    SECTION_CART: "cart",
    SECTION_PREFERENCES: "preferences",
    SECTION_MESSAGING: "messaging",
    SECTION_JOURNEY: "journey",
    SECTION_OFFERS: "offers",
}
"""Where each section stands in the context."""
ETAG_CHARACTERS = 32


@dataclass(frozen=True, slots=True)
class BesideCart:
    """What is told of a cart on the channel that asks, and therefore stands beside the context."""

    price: CartPrice | None = None
    """None for an empty cart."""
    other_channel_prices: tuple[ChannelPrice, ...] = ()
    problems: tuple[CartProblem, ...] = ()


NOTHING_BESIDE = BesideCart()


@dataclass(frozen=True, slots=True)
class SectionRead:
    """One section as its service answered it."""

    section: int
    customer_id: str
    """Whose it is: the survivor's where the customer was merged."""
    version: int
    head: Head
    """How far the events behind it have come."""
    message: Message
    beside: BesideCart = NOTHING_BESIDE
    """With the cart."""
    read_time: datetime | None = None
    """It was so then: before its service was asked. None while the read that asks is under way."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a section is missing or not complete."""

    section: int
    reason: int
    events_behind: int = 0


@dataclass(frozen=True, slots=True)
class ContextRead:
    """A context with what is to be said beside it."""

    context: context_pb2.CustomerContext
    problems: tuple[Problem, ...] = field(default=())
    beside: BesideCart = NOTHING_BESIDE
    heads: Mapping[str, Head] = field(default_factory=dict)
    """How far the events of this customer had come that the answers hold, by area that answered."""
    reads: Mapping[int, SectionRead] = field(default_factory=dict)
    """The answers, by section: of those that nobody wanted to see, too."""

    def token(self) -> str:
        """Stand for all that the answers hold."""
        positions = {(head.epoch, head.seq) for head in self.heads.values()}
        return context_token(self.context.customer_id, sorted(positions))

    def read_times_to_proto(self) -> list[SectionTime]:
        """Say from when each section is that is there."""
        return [
            SectionTime(section=version.section, read_time=to_timestamp(read_time))
            for version in self.context.versions
            if (read_time := self.reads[version.section].read_time) is not None
        ]

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing that may be there in a moment."""
        return all(one.reason == context_pb2.SECTION_PROBLEM_REASON_WITHHELD for one in self.problems)

    def problems_to_proto(self) -> list[context_pb2.SectionProblem]:
        """Write the problems, by section."""
        return [
            context_pb2.SectionProblem(
                section=context_pb2.Section.ValueType(problem.section),
                reason=context_pb2.SectionProblemReason.ValueType(problem.reason),
                events_behind=problem.events_behind,
            )
            for problem in sorted(self.problems, key=lambda problem: (problem.section, problem.reason))
        ]


def told_together(section: int) -> frozenset[int]:
    """Give the sections that one answer tells."""
    return frozenset(other for other, area in AREAS.items() if area == AREAS[section])


def beside(cart: SectionRead | None, wanted: frozenset[int]) -> BesideCart:
    """Give what stands beside a context that has the cart."""
    return cart.beside if cart is not None and SECTION_CART in wanted else NOTHING_BESIDE


def wanted_sections(sections: Iterable[int]) -> frozenset[int]:
    """Give the sections that a request asks for: all where it names none."""
    return frozenset(sections) or ALL_SECTIONS


def assemble(customer_id: str, reads: Iterable[SectionRead], *, wanted: frozenset[int]) -> context_pb2.CustomerContext:
    """Put the wanted sections that are there into one context."""
    present = sorted((read for read in reads if read.section in wanted), key=lambda read: read.section)
    context = context_pb2.CustomerContext(
        customer_id=customer_id,
        versions=[
            context_pb2.SectionVersion(section=context_pb2.Section.ValueType(read.section), version=read.version)
            for read in present
        ],
        etag=_etag(customer_id, present, wanted),
    )
    for read in present:
        part: Message = getattr(context, FIELDS[read.section])
        part.CopyFrom(read.message)
        part.SetInParent()
    return context


def problem_of(section: int, error: OmnithreadError) -> Problem:
    """Say why a section is missing, from the error that its service answered with."""
    if error.status is Status.DEADLINE_EXCEEDED:
        return Problem(section, context_pb2.SECTION_PROBLEM_REASON_DEADLINE_EXCEEDED)
    if is_passing(error):
        return Problem(section, context_pb2.SECTION_PROBLEM_REASON_UNAVAILABLE)
    return Problem(section, context_pb2.SECTION_PROBLEM_REASON_FAILED)


def _etag(customer_id: str, present: Iterable[SectionRead], wanted: frozenset[int]) -> str:
    """Stand for the sections that are there in these versions; a restored database counts its versions anew."""
    parts = [customer_id, ",".join(str(section) for section in sorted(wanted))]
    parts += [f"{read.section}:{read.head.epoch}:{read.version}" for read in present]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:ETAG_CHARACTERS]
