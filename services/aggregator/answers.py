"""What has come in so far while a context is read, section by section: an answer, or the error in its place."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from libs.errors import OmnithreadError
from omnithread.context.v1.context_pb2 import SECTION_PROFILE
from omnithread.profile.v1.profile_pb2 import Merge, Profile
from services.aggregator.context import AREAS, SectionRead, told_together
from services.aggregator.values import Thread


@dataclass(slots=True)
class Answers:
    """The answers for one read; the newest of each section counts."""

    reads: dict[int, SectionRead] = field(default_factory=dict)
    errors: dict[int, OmnithreadError] = field(default_factory=dict)
    thread: Thread = field(default_factory=Thread)
    """Behind the journey section."""
    is_parted: bool = False
    """Whether our own record says that the customer was merged away once, and is there again."""

    def note(self, read: SectionRead) -> None:
        """Take in one section."""
        self.reads[read.section] = read
        self.errors.pop(read.section, None)

    def note_error(self, asked: int, error: OmnithreadError) -> None:
        """Take in that a section could not be read, and with it those that the same answer would have told."""
        for section in told_together(asked):
            self.reads.pop(section, None)
            self.errors[section] = error

    def strangers(self, customer_id: str) -> set[int]:
        """Give the sections that are somebody else's."""
        return {section for section, read in self.reads.items() if read.customer_id != customer_id}

    def merges(self) -> list[Merge]:
        """Give the merges that the profile names."""
        read = self.reads.get(SECTION_PROFILE)
        return list(read.message.merges) if read is not None and isinstance(read.message, Profile) else []

    def survivor_of(self, customer_id: str) -> str:
        """Give who the customer is today: as profile says, or where it is silent as one who absorbed the id says."""
        if SECTION_PROFILE in self.reads:
            return self.reads[SECTION_PROFILE].customer_id
        if self.is_parted:
            return customer_id
        others = sorted(read.customer_id for read in self.reads.values() if read.customer_id != customer_id)
        return others[0] if others else customer_id

    @property
    def silent_areas(self) -> frozenset[str]:
        """Give the areas that answered with an error, or not at all."""
        return areas_of(self.errors)


def areas_of(sections: Iterable[int]) -> frozenset[str]:
    """Give whose these sections are."""
    return frozenset(AREAS[section] for section in sections)
