"""Lets customers enter and leave campaigns as things are announced: each with one conditional write, safe to repeat."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from google.protobuf.message import Message as ProtoMessage

from libs.clock import Clock
from libs.mongo.record import Records
from libs.mongo.values import Saved
from libs.origin import Origin, Stamp
from services.messaging.campaigns import moves
from services.messaging.campaigns.book import CampaignBook
from services.messaging.campaigns.moves import EXPECTED_KINDS, ExitCause
from services.messaging.campaigns.signals import signals_of
from services.messaging.campaigns.values import Trigger, TriggerKind
from services.messaging.events import Event
from services.messaging.model import Change, Overtaken
from services.messaging.values import Messaging

OF_ONE_CUSTOMER = frozenset({TriggerKind.CART_ABANDONED})
"""What is not as it was once its customer was merged into another one: a cart is announced anew then."""


@dataclass(frozen=True, slots=True)
class CampaignHearing:
    """Takes in what the other services announce."""

    records: Records[Messaging, Event]
    book: CampaignBook
    nudge: Callable[[str], None]
    """Tells the sender of a customer with something to do."""
    clock: Clock
    count: Callable[[Iterable[Event]], None] = lambda _events: None
    """Told what was written, for the meters."""

    async def handle(self, customer_id: str, event: ProtoMessage, origin: Origin) -> None:
        """Take in one announcement: first what ends a way, then what lets one begin. Raises CUSTOMER_NOT_FOUND."""
        signals = signals_of(event, origin)
        for number, cause in enumerate(signals.exits):
            await self._leave(customer_id, cause, f"{_event_id(event)}:{number}", origin)
        if signals.cancelled_order_id:
            await self._leave_order(customer_id, signals.cancelled_order_id, _event_id(event), origin)
        for trigger in signals.triggers:
            await self.enter(customer_id, trigger)

    async def enter(self, customer_id: str, trigger: Trigger) -> None:
        """Let the customer enter what is triggered. One read, and one write where there is something to note."""
        campaigns = await self.book.active(trigger.kind)
        if not campaigns and trigger.kind not in EXPECTED_KINDS:
            return

        def decided(saved: Saved[Messaging]) -> Change | None:
            if trigger.kind in OF_ONE_CUSTOMER and saved.customer_id != customer_id:
                return None
            return moves.enter(saved.state, trigger, campaigns, customer_id=customer_id, now=self.clock())

        await self._write(customer_id, decided, f"enter:{trigger.kind}:{trigger.event_id}", trigger.origin)

    async def _leave(self, customer_id: str, cause: ExitCause, name: str, origin: Origin) -> None:
        def decided(saved: Saved[Messaging]) -> Change | None:
            return moves.leave(saved.state, cause, now=self.clock())

        await self._write(customer_id, decided, f"leave:{cause.condition}:{name}", origin)

    async def _leave_order(self, customer_id: str, order_id: str, name: str, origin: Origin) -> None:
        def decided(saved: Saved[Messaging]) -> Change | None:
            return moves.leave_order(saved.state, order_id, now=self.clock())

        await self._write(customer_id, decided, f"leave:{moves.ORDER_CANCELLED}:{name}", origin)

    async def _write(
        self, customer_id: str, decided: Callable[[Saved[Messaging]], Change | None], name: str, origin: Origin
    ) -> None:
        """Write what is decided; nothing where there is nothing to write."""
        if decided(await self.records.get(customer_id)) is None:
            return

        written: tuple[Event, ...] = ()

        def decide(saved: Saved[Messaging]) -> Change:
            nonlocal written
            change = decided(saved)
            if change is None:
                raise Overtaken
            written = change.events
            return change

        try:
            outcome = await self.records.run(customer_id, Stamp.internal(name, origin), decide)
        except Overtaken:
            return
        self.count(written)
        self.nudge(outcome.saved.customer_id)


def _event_id(event: ProtoMessage) -> str:
    header = getattr(event, "header", None)
    return str(header.event_id) if header is not None else ""
