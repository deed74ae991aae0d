"""The ways out that this installation has: which provider takes which way, and how it is at the moment."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.messaging.delivery.adapters import Adapter
from services.messaging.delivery.circuit import Circuit
from services.messaging.delivery.turns import Turns
from services.messaging.values import DeliveryKind

BUILT_IN = (DeliveryKind.IN_APP, DeliveryKind.STORE_DISPLAY)
"""Ways that need nobody: the message and its being sent are one write."""
SHORTEST_WAIT = timedelta(milliseconds=200)
WEIGHT = 0.2
"""Of the newest handing over in the average of how long they take."""


@dataclass(slots=True)
class Provider:
    """One provider, with what this replica knows of it."""

    provider_id: str
    adapter_name: str
    """`smtp`, `webhook` or `file`."""
    kinds: tuple[DeliveryKind, ...]
    adapter: Adapter
    circuit: Circuit
    turns: Turns
    most_in_flight: int
    receipt_secrets: tuple[str, ...] = field(default=(), repr=False)
    """With which it signs what it reports, all valid; empty where it reports nothing."""
    in_flight: int = 0
    _held_up: int = 0
    _takes: timedelta = SHORTEST_WAIT

    def admit(self, message_id: str, now: datetime) -> datetime | None:
        """Let a message be handed over now (None), or say when to come again. Its place is kept.

        Who is let through calls `hand_over_began` at once.
        """
        if self.in_flight >= self.most_in_flight:
            self._held_up += 1
            return now + self._takes * (1 + self._held_up / self.most_in_flight)
        return self.circuit.admit(now) or self.turns.take(message_id, now)

    def began(self) -> None:
        """Note that a message is being handed over."""
        self.in_flight += 1

    def ended(self, took: timedelta) -> None:
        """Note that it is not any more."""
        self.in_flight -= 1
        self._held_up = max(0, self._held_up - 1)
        self._takes = max(SHORTEST_WAIT, self._takes * (1 - WEIGHT) + took * WEIGHT)


class Providers:
    """All of them."""

    def __init__(self, providers: Sequence[Provider]) -> None:
        self.all = tuple(providers)

    @property
    def kinds(self) -> tuple[DeliveryKind, ...]:
        """The ways there are, in the order in which they are taken where the customer has said nothing."""
        provided = dict.fromkeys(kind for provider in self.all for kind in provider.kinds)
        return (*provided, *(kind for kind in BUILT_IN if kind not in provided))

    def for_kind(self, kind: DeliveryKind) -> Provider | None:
        """Give who takes a way: the first in the file; None where nobody does, or nobody is needed."""
        return next((provider for provider in self.all if kind in provider.kinds), None)

    def find(self, provider_id: str) -> Provider | None:
        """Give one by its id."""
        return next((provider for provider in self.all if provider.provider_id == provider_id), None)

    async def close(self) -> None:
        """Let go of what is open."""
        for provider in self.all:
            await provider.adapter.close()
