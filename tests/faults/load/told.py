"""What clients were told: the log of acknowledgements, which is the truth that everything else is compared with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

MOST_TOLD = 200_000


class Deed(StrEnum):
    """What a client does."""

    ADD = "add"
    """One piece of one article; `subject` is the sku."""
    CHECKOUT = "checkout"
    """`subject` is the order."""
    CONSENT = "consent"
    """`subject` is the record that proves it, empty where only the page of the door said so; `said` the state."""
    TOUCHPOINT = "touchpoint"
    """`subject` is the touchpoint."""
    POST = "post"
    """Something said in a conversation; `subject` is the entry."""
    SEND = "send"
    """A message to the customer; `subject` is the message."""
    VISIT = "visit"
    """A session; `subject` is its id. A login is one whose customer was another's guest before."""
    READ = "read"
    """`version` is that of the cart that was seen."""


@dataclass(frozen=True, slots=True)
class Told:
    """One request of one client, and what became of it."""

    deed: Deed
    client: str
    channel: str
    customer_id: str
    """As the request named the customer, who may have been merged since."""
    request_id: str
    began: float
    """When it was first sent, by the clock of all clients (monotonic seconds)."""
    ended: float
    """When the answer came; where none came, when the client gave up."""
    answered: bool = True
    """False: it may have been done, or may not."""
    subject: str = ""
    said: str = ""
    version: int = 0
    """Of the customer's cart after it; 0 where the answer has none."""


@dataclass(slots=True)
class Log:
    """All that all clients were told, bounded."""

    entries: list[Told] = field(default_factory=list)
    failures: int = 0
    """Calls that failed and were sent again or given up: shows that a fault was felt."""

    def note(self, told: Told) -> None:
        """Keep one. Raises OverflowError beyond 200,000: what is not kept would not be checked."""
        if len(self.entries) >= MOST_TOLD:
            raise OverflowError(f"more than {MOST_TOLD} deeds in one load")
        self.entries.append(told)

    def answered_since(self, moment: float, *, deeds: Sequence[Deed] = tuple(Deed), channel: str = "") -> int:
        """Count what was sent and answered since a moment: of some deeds, and of one channel where it is named."""
        return sum(
            one.answered and one.began >= moment and one.deed in deeds and channel in ("", one.channel)
            for one in self._newest_first(moment)
        )

    def _newest_first(self, moment: float) -> Iterator[Told]:
        for one in reversed(self.entries):  # entries are kept in the order of their ends
            if one.ended < moment:
                return
            yield one
