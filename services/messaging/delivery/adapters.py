"""What every way out has to do: take one message, and say what is certain afterwards.

Taken, refused for good, certainly not taken, or not known: nothing else can be said of a handing over, and each of the
four is treated otherwise (`delivery/handing_over`).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from services.messaging.texts.templates import Rendered
from services.messaging.values import DeliveryKind


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message to one customer, ready to be handed over."""

    message_id: str
    idempotency_key: str
    """The same for every try of this message: a provider that knows it takes it once."""
    kind: DeliveryKind
    address: str = field(repr=False)
    """An e-mail address, a telephone number; for ways without one, the customer's id."""
    rendered: Rendered = field(repr=False)
    language: str
    purpose: str
    customer_id: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Beside those that every mail has, by their names in e-mail."""
    brand: str = ""
    """Whose message it is; empty where there is one brand only."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The provider has it."""

    provider_ref: str = ""
    """How the provider calls it, at most 200 characters; empty where it does not say."""


class Refused(Exception):
    """The provider will not take it, now or later. The message is a code or a word, without anything personal."""

    def __init__(self, code: str, *, is_hard_bounce: bool = False) -> None:
        super().__init__(code)
        self.is_hard_bounce = is_hard_bounce
        """Whether it is the address that does not exist: nothing is sent there any more."""


class NotTaken(Exception):
    """The provider has certainly not taken it; it may another time. The message says why, without anything personal."""

    def __init__(self, why: str, *, is_about_all: bool = True, retry_after_seconds: float = 0.0) -> None:
        super().__init__(why)
        self.is_about_all = is_about_all
        """Whether others would fare the same: it counts for the circuit. Not so for one mailbox that is full."""
        self.retry_after_seconds = retry_after_seconds
        """How long the provider asks to be left alone; 0 where it does not say."""


class Unsure(Exception):
    """It may have been taken: it was handed over, and no usable answer came."""


Look = Callable[[], Awaitable[None]]
"""Looks once more whether the message may go. Raises CalledOff."""


async def nothing_to_look_at() -> None:
    """Let go what no customer can call off."""


class Adapter(Protocol):
    """One way to one provider."""

    can_look_up: bool
    """Whether it can be asked what became of a key."""
    takes_once: bool
    """Whether a key that comes again is the same message to it: then handing over again is safe."""

    async def hand_over(self, parcel: Parcel, last_look: Look = nothing_to_look_at) -> Taken:
        """Give it to the provider, and look once more as the very last thing before the text leaves.

        Raises Refused, NotTaken, Unsure, and what the look raises: then nothing was handed over.
        """

    async def look_up(self, idempotency_key: str) -> Taken | None:
        """Ask what became of a key; None where it was certainly not taken. Raises Unsure."""

    async def close(self) -> None:
        """Let go of what is open."""
