"""An imagined suite with clients that overlap: makes histories that keep every promise, and such as break one of them.

Nothing runs: each operation has a moment at which it is carried out, between its being asked and being answered.
"""

import random
from dataclasses import dataclass, field

from tests.faults.histories.operations import Kind, Operation, Outcome, Section, Via

CHANNELS = ("web-shop", "mobile-app", "call-centre", "store-042")
UNANSWERED_SHARE = 0.08
LOST_REQUEST_SHARE = 0.5
"""Of those without an answer, how many were never carried out."""
REPLAYED_SHARE = 0.05


@dataclass(slots=True)
class Record:
    """One section of one customer, as it is stored."""

    version: int = 0
    marks: dict[str, int] = field(default_factory=dict)
    past: list[tuple[int, dict[str, int]]] = field(default_factory=list)
    """What it was before the newest write, the newest last."""


@dataclass(slots=True)
class World:
    """Clients, customers, and what was noted of them."""

    chance: random.Random
    clients: int
    customers: int
    history: list[Operation] = field(default_factory=list)
    now: float = 0.0
    records: dict[tuple[str, Section], Record] = field(default_factory=dict)
    written: int = 0
    waiting: dict[tuple[str, Section], list[str]] = field(default_factory=dict)
    """Marks of unanswered requests that may yet be carried out."""

    def record(self, customer: str, section: Section) -> Record:
        """Give what is stored."""
        return self.records.setdefault((customer, section), Record())

    def run(self, operations: int) -> None:
        """Let the clients do so many operations, many at once, and wait until all are answered."""
        free = [self.now] * self.clients
        planned = []
        for _ in range(operations):
            client = self.chance.randrange(self.clients)
            invoked = free[client] + self.chance.random()
            moment = invoked + self.chance.random()
            free[client] = moment + self.chance.random()
            planned.append((moment, client, invoked, free[client]))
        for _, client, invoked, returned in sorted(planned):
            customer = f"cus_{self.chance.randrange(self.customers)}"
            section = self.chance.choice((Section.CART, Section.PREFERENCES))
            self._late(customer, section)
            if self.chance.random() < 0.5:
                via = self.chance.choice(tuple(Via))
                self.read(client, customer, section, via=via, invoked=invoked, returned=returned)
            else:
                self._some_write(client, customer, section, invoked=invoked, returned=returned)
        self.now = max([self.now, *free]) + 1

    def _some_write(self, client: int, customer: str, section: Section, *, invoked: float, returned: float) -> None:
        if self.chance.random() >= UNANSWERED_SHARE:
            replayed = self.chance.random() < REPLAYED_SHARE
            self.write(client, customer, section, invoked=invoked, returned=returned, exact=not replayed)
            return
        mark = self.new_mark()
        self.note(client, customer, section, Kind.WRITE, invoked, returned, outcome=Outcome.UNKNOWN, mark=mark)
        if self.chance.random() >= LOST_REQUEST_SHARE:
            self.waiting.setdefault((customer, section), []).append(mark)

    def _late(self, customer: str, section: Section) -> None:
        """Carry out a request whose client has long given up."""
        waiting = self.waiting.get((customer, section), [])
        if waiting and self.chance.random() < 0.5:
            self.store(customer, section, waiting.pop())

    def new_mark(self) -> str:
        """Give a mark that no other write has."""
        self.written += 1
        return f"mark-{self.written}"

    def store(self, customer: str, section: Section, mark: str, *, times: int = 1) -> int:
        """Carry out a write, and give the version that it made; other things make versions too."""
        record = self.record(customer, section)
        record.past.append((record.version, dict(record.marks)))
        record.version += self.chance.choice((1, 1, 1, 2))
        if section.replaces:
            record.marks = {mark: times}
        else:
            record.marks = {**record.marks, mark: record.marks.get(mark, 0) + times}
        return record.version

    def write(
        self,
        client: int,
        customer: str,
        section: Section,
        *,
        invoked: float | None = None,
        returned: float | None = None,
        exact: bool = True,
        times: int = 1,
        version: int = 0,
    ) -> str:
        """Write, be answered, and give the mark; without times, at once and alone; `version` is told, where given."""
        invoked, returned = self._times(invoked, returned)
        mark = self.new_mark()
        made = self.store(customer, section, mark, times=times)
        version = self.record(customer, section).version = version or made
        if not exact:  # answered at the second asking, when another had written as well, who never heard of it
            self._unheard(client, customer, section, invoked)
            version = self.record(customer, section).version
        seen = dict(self.record(customer, section).marks)
        self.note(
            client, customer, section, Kind.WRITE, invoked, returned, mark=mark, version=version, exact=exact, seen=seen
        )
        return mark

    def _unheard(self, client: int, customer: str, section: Section, invoked: float) -> None:
        mark = self.new_mark()
        self.note(client, customer, section, Kind.WRITE, invoked, invoked, outcome=Outcome.UNKNOWN, mark=mark)
        self.store(customer, section, mark)

    def unknown(self, client: int, customer: str, section: Section, *, times: int = 1) -> str:
        """Write without being answered; it is carried out."""
        invoked, returned = self._times(None, None)
        mark = self.new_mark()
        self.note(client, customer, section, Kind.WRITE, invoked, returned, outcome=Outcome.UNKNOWN, mark=mark)
        self.store(customer, section, mark, times=times)
        return mark

    def read(
        self,
        client: int,
        customer: str,
        section: Section,
        *,
        via: Via = Via.SERVICE,
        invoked: float | None = None,
        returned: float | None = None,
        past: bool = False,
    ) -> None:
        """Read; `past` what was there before the newest write."""
        invoked, returned = self._times(invoked, returned)
        record = self.record(customer, section)
        version, marks = record.past[-1] if past else (record.version, record.marks)
        self.note(client, customer, section, Kind.READ, invoked, returned, via=via, version=version, seen=dict(marks))

    def read_all(self) -> None:
        """Let somebody look at everything when nobody does anything any more."""
        for customer, section in list(self.records):
            for via in Via:
                self.read(0, customer, section, via=via)

    def note(
        self,
        client: int,
        customer: str,
        section: Section,
        kind: Kind,
        invoked: float,
        returned: float,
        *,
        outcome: Outcome = Outcome.OK,
        via: Via = Via.SERVICE,
        mark: str = "",
        version: int | None = None,
        exact: bool = True,
        seen: dict[str, int] | None = None,
    ) -> None:
        """Keep an operation."""
        self.history.append(
            Operation(
                client=client,
                channel=CHANNELS[client % len(CHANNELS)],
                customer=customer,
                section=section,
                kind=kind,
                invoked=invoked,
                returned=returned,
                outcome=outcome,
                via=via,
                mark=mark,
                version=version,
                exact=exact,
                seen=seen,
            )
        )

    def _times(self, invoked: float | None, returned: float | None) -> tuple[float, float]:
        if invoked is not None and returned is not None:
            return invoked, returned
        begun = self.now
        self.now += 1
        return begun, begun + 0.5
