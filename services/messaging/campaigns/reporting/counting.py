"""Counts what became of the customers of a campaign and of its messages. Pure; row after row, in any order."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.messaging.campaigns.engine import CONDITION_FAILED
from services.messaging.campaigns.reporting.attribution import begin_time
from services.messaging.campaigns.values import CONTROL, Conversion, Enrolment
from services.messaging.values import WAITING_STATES, DeliveryKind, Message, MessageState, ReceiptKind

NANOS = 1_000_000_000
NOT_QUEUED = frozenset({"TEMPLATE_NOT_FOUND", "QUEUE_FULL"})
"""Of a step that sends: why nothing could be queued."""
REPORTED = frozenset({ReceiptKind.DELIVERED, ReceiptKind.OPENED, ReceiptKind.CLICKED})
OPENED = frozenset({ReceiptKind.OPENED, ReceiptKind.CLICKED})

PathKey = tuple[tuple[DeliveryKind, ...], int]
"""The ways of messages in their order, and the kind of the channel of the order."""


@dataclass(slots=True)
class Figures:
    """Of messages that went out."""

    sent: int = 0
    delivered: int = 0
    opened: int = 0
    clicked: int = 0

    def add(self, message: Message) -> None:
        """Count one that went out."""
        kinds = {receipt.kind for receipt in message.receipts}
        self.sent += 1
        self.delivered += bool(kinds & REPORTED)
        self.opened += bool(kinds & OPENED)
        self.clicked += ReceiptKind.CLICKED in kinds


@dataclass(slots=True)
class Sales:
    """Orders, and what was spent by currency, in billionths."""

    bought: int = 0
    revenue: Counter[str] = field(default_factory=Counter)

    def add(self, conversion: Conversion) -> None:
        """Count one."""
        self.bought += 1
        self.revenue[conversion.currency_code] += conversion.units * NANOS + conversion.nanos


@dataclass(slots=True)
class ArmTally:
    """Of one arm, or of the control group."""

    entered: int = 0
    reached: int = 0
    figures: Figures = field(default_factory=Figures)
    sales: Sales = field(default_factory=Sales)
    sales_after_message: Sales = field(default_factory=Sales)


@dataclass(slots=True)
class WayTally:
    """Of one way of delivery."""

    figures: Figures = field(default_factory=Figures)
    sales: Sales = field(default_factory=Sales)


@dataclass(slots=True)
class Tally:
    """All that is counted; it has as many parts as a campaign has arms, ways and reasons, and paths that were taken."""

    entered: int = 0
    not_begun: int = 0
    condition_failed: int = 0
    waiting: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    arms: dict[str, ArmTally] = field(default_factory=dict)
    ways: dict[DeliveryKind, WayTally] = field(default_factory=dict)
    paths: dict[PathKey, Sales] = field(default_factory=dict)

    def add(self, one: Enrolment, messages: Sequence[Message]) -> None:
        """Count one customer's way through the campaign, with its messages."""
        self.entered += 1
        if one.end_reason == CONDITION_FAILED:
            self.condition_failed += 1
            return
        if begin_time(one) is None:
            self.not_begun += 1
            return
        arm = self.arms.setdefault(one.arm, ArmTally())
        arm.entered += 1
        self.skipped.update(step.outcome for step in one.path if step.outcome in NOT_QUEUED)
        sent = self._add_messages(arm, messages)
        arm.reached += bool(sent)
        if one.conversion is not None:
            self._add_sale(arm, one, one.conversion, sent)

    def _add_messages(self, arm: ArmTally, messages: Sequence[Message]) -> list[Message]:
        sent = []
        for message in messages:
            if message.state is MessageState.SENT and message.delivery_kind is not None:
                sent.append(message)
                arm.figures.add(message)
                self.ways.setdefault(message.delivery_kind, WayTally()).figures.add(message)
            elif message.state in WAITING_STATES:
                self.waiting += 1
            else:
                self.skipped[message.state_reason or message.state.value] += 1
        return sent

    def _add_sale(self, arm: ArmTally, one: Enrolment, conversion: Conversion, sent: Sequence[Message]) -> None:
        arm.sales.add(conversion)
        if one.arm == CONTROL or not conversion.after_message:
            return
        arm.sales_after_message.add(conversion)
        before = sorted(
            (message.send_time, message.message_id, message.delivery_kind)
            for message in sent
            if message.send_time is not None and message.send_time <= conversion.order_time
        )
        kinds = tuple(kind for _, _, kind in before if kind is not None)
        self.paths.setdefault((_without_repeats(kinds), conversion.channel_kind), Sales()).add(conversion)
        if kinds:
            self.ways.setdefault(kinds[-1], WayTally()).sales.add(conversion)


def _without_repeats(kinds: tuple[DeliveryKind, ...]) -> tuple[DeliveryKind, ...]:
    return tuple(kind for at, kind in enumerate(kinds) if not at or kinds[at - 1] is not kind)
