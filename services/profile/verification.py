"""Decides on one-time codes: how long they work, how many are given, and to what. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.one_time_codes import guess_of
from libs.origin import Stamp
from services.profile.model import CustomerId, Identifier, IdentifierKind

CODE_LIFETIME = timedelta(minutes=10)
MOST_TRIES = 5
KEPT_AFTERWARDS = timedelta(days=1)
"""So long is known afterwards that a code is too old, and what became of it."""
LIMIT_WINDOW = timedelta(hours=1)
MOST_PER_CUSTOMER = 5
MOST_PER_ADDRESS = 3
VERIFIABLE = frozenset({IdentifierKind.EMAIL})
"""What a code can always be sent to."""
VERIFIABLE_WITH_PHONES = VERIFIABLE | {IdentifierKind.PHONE}
"""The same where the installation has somebody who delivers text messages."""


@dataclass(frozen=True, slots=True)
class Verification:
    """A code that was sent, or is to be."""

    verification_id: str
    customer_id: CustomerId
    """Who asked for it."""
    identifier: Identifier
    """What is to be proven, as verified."""
    code: str
    """Empty once it was used."""
    language: str
    create_time: datetime
    expire_time: datetime
    guesses: tuple[str, ...] = ()
    """Which requests tried a code, right or wrong; each counts once, however often it is sent."""
    used_by: str = ""
    """The request that had the right code; empty until then."""

    def works(self, now: datetime) -> bool:
        """Say whether the code can still be used."""
        return not self.used_by and now < self.expire_time

    @property
    def tries_left(self) -> int:
        """Give how many more guesses are taken."""
        return max(MOST_TRIES - len(self.guesses), 0)


def verification_id_of(stamp: Stamp) -> str:
    """Give the id of the verification that this request starts: the same for every copy of it."""
    return f"ver_{guess_of(stamp)[:26]}"
