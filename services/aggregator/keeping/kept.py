"""Keeps contexts as they were read, and notes what was heard of since: bounded, the least recently used goes first.

What a channel is shown depends on its scopes and its prices, so each has its own. Kept is only what was complete, and
only under the customer's own id: who was merged away is asked for anew.
"""

from dataclasses import dataclass, field

from google.protobuf.message import Message

from libs.events.streams import header_of
from libs.lately_used import LatelyUsed
from omnithread.common.v1.event_pb2 import Head
from omnithread.context.v1.context_pb2 import SECTION_CART, SECTION_PROFILE
from omnithread.context.v1.context_service_pb2 import GetCustomerContextResponse
from services.aggregator.context import AREAS, ContextRead
from services.aggregator.fact_changes import may_change_facts
from services.aggregator.heads import reaches
from services.aggregator.subject import Subject

CART, PROFILE = AREAS[SECTION_CART], AREAS[SECTION_PROFILE]
TIMES_ITS_SIZE = 2
"""What a context takes: its sections, and the answer that is made of them."""


@dataclass(eq=False, slots=True)
class Kept:
    """One context, and what is known to have happened since."""

    subject: Subject
    read: ContextRead
    answer: GetCustomerContextResponse
    """As it is sent; nobody may change it."""
    size: int
    """How many bytes it takes, about."""
    stale_areas: set[str] = field(default_factory=set)
    """Whose events went on since they answered."""

    def hears(self, area: str, head: Head, *, changes_facts: bool) -> None:
        """Note what happened, unless it is in the context already; offers follow from facts that others announce."""
        if not reaches(self.read.heads.get(area), head):
            self.stale_areas.add(area)
        if changes_facts:
            self.stale_areas.add(CART)


@dataclass(eq=False, slots=True)
class Filling:
    """A read under way, and what was heard meanwhile."""

    subject: Subject
    heard: dict[str, Head] = field(default_factory=dict)
    changes_facts: bool = False
    missed: bool = False
    """Whether something may have passed by unheard."""


class KeptContexts:
    """What one replica keeps."""

    def __init__(self, *, most: int, most_bytes: int) -> None:
        """`most` contexts; 0 keeps none."""
        self._kept: LatelyUsed[Subject, Kept] = LatelyUsed(most=most, most_bytes=most_bytes, on_gone=self._unlist)
        self._of: dict[str, set[Kept]] = {}
        self._filling: dict[str, set[Filling]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def bytes(self) -> int:
        """How many bytes it all takes, about."""
        return self._kept.bytes

    def get(self, subject: Subject) -> Kept | None:
        """Give what is kept of a subject."""
        return self._kept.find(subject)

    def begin(self, subject: Subject) -> Filling:
        """Say that a subject is being read; `end` has to follow."""
        filling = Filling(subject)
        self._filling.setdefault(subject.customer_id, set()).add(filling)
        return filling

    def end(self, filling: Filling, read: ContextRead | None, answer: GetCustomerContextResponse | None) -> None:
        """Keep what was read, in place of what was kept; nothing where it was not read, or is not whole."""
        subject, customer_id = filling.subject, filling.subject.customer_id
        fillings = self._filling[customer_id]
        fillings.remove(filling)
        if not fillings:
            del self._filling[customer_id]
        if read is None or answer is None or filling.missed or not _is_whole(read, customer_id):
            return
        self._kept.forget(subject)
        kept = Kept(subject, read, answer, size=TIMES_ITS_SIZE * answer.ByteSize())
        for area, head in filling.heard.items():
            kept.hears(area, head, changes_facts=filling.changes_facts)
        if PROFILE in kept.stale_areas:
            return
        if self._kept.keep(subject, kept, size=kept.size):
            self._of.setdefault(customer_id, set()).add(kept)

    def heard(self, area: str, event: Message) -> None:
        """Take in that something was announced. What profile announces may say who the customer is: all is let go."""
        header = header_of(event)
        customer_id = header.customer_id
        contexts, fillings = self._of.get(customer_id), self._filling.get(customer_id)
        if not contexts and not fillings:
            return
        head, changes_facts = Head(epoch=header.epoch, seq=header.seq), may_change_facts(event)
        for filling in fillings or ():
            if area not in filling.heard or not reaches(filling.heard[area], head):
                filling.heard[area] = head
            filling.changes_facts = filling.changes_facts or changes_facts
        for kept in tuple(contexts or ()):
            kept.hears(area, head, changes_facts=changes_facts)
            if PROFILE in kept.stale_areas:
                self._kept.forget(kept.subject)

    def may_have_missed(self) -> None:
        """Let go of all: events may have passed by, now or while something is being read."""
        self._kept.clear()
        for fillings in self._filling.values():
            for filling in fillings:
                filling.missed = True

    def _unlist(self, kept: Kept) -> None:
        customer_id = kept.subject.customer_id
        contexts = self._of[customer_id]
        contexts.remove(kept)
        if not contexts:
            del self._of[customer_id]


def _is_whole(read: ContextRead, customer_id: str) -> bool:
    is_own = all(one.customer_id == customer_id for one in read.reads.values())
    return is_own and read.is_complete and PROFILE in read.heads
