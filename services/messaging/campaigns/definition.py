"""What a campaign does, with whom, and when: frozen values, as its author wrote them."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from services.messaging.campaigns.values import SendWindow, TriggerKind
from services.messaging.values import DeliveryKind

ONLY_ARM = "a"
"""How the arm is called where there is one."""
OLDEST = timedelta(hours=24)
ATTRIBUTION = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class InSegment:
    """Fulfilled by who belongs to a segment."""

    segment_id: str


@dataclass(frozen=True, slots=True)
class HasTrait:
    """Fulfilled by whose trait has one of the values, as text."""

    name: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class CartAtLeast:
    """Fulfilled by a cart of at least this sum, before offers, in this currency."""

    currency_code: str
    nanos: int
    """In all: units times a thousand million, and nanos."""


@dataclass(frozen=True, slots=True)
class HasConsent:
    """Fulfilled by who said yes to the campaign's purpose by this way."""

    kind: DeliveryKind


@dataclass(frozen=True, slots=True)
class FromChannel:
    """Fulfilled where the trigger came from a channel of one of these kinds."""

    kinds: frozenset[int]


Fact: TypeAlias = InSegment | HasTrait | CartAtLeast | HasConsent | FromChannel


@dataclass(frozen=True, slots=True)
class Condition:
    """A fact that has to be so, or not so."""

    fact: Fact
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Send:
    """Queues a message."""

    template_id: str = ""
    kinds: tuple[DeliveryKind, ...] = ()
    """The ways that may be taken, the best first; empty leaves it to the customer's preferences."""
    window: SendWindow | None = None
    hold: timedelta = timedelta()
    """How long the message is held back once it is queued."""


@dataclass(frozen=True, slots=True)
class WaitFor:
    """Lets time pass."""

    duration: timedelta


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Lets time pass until a minute after midnight comes next, by the customer's clock."""

    local_minute: int


class MessageOutcome(enum.StrEnum):
    """What became of a message, by the contract's names."""

    SENT = "SENT"
    NOT_SENT = "NOT_SENT"
    DELIVERED = "DELIVERED"
    OPENED = "OPENED"
    CLICKED = "CLICKED"


@dataclass(frozen=True, slots=True)
class MessageTest:
    """Asks what became of the message of an earlier step."""

    step_id: str
    outcome: MessageOutcome


@dataclass(frozen=True, slots=True)
class ArmTest:
    """Asks for the customer's arm."""

    arm: str


@dataclass(frozen=True, slots=True)
class Case:
    """Leads to a step where its test is fulfilled."""

    test: MessageTest | Condition | ArmTest
    step_id: str


@dataclass(frozen=True, slots=True)
class Branch:
    """Takes the first case that is fulfilled; where none is, it goes on as other steps do."""

    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Audience:
    """Tells an advertising network who is to see an advertisement."""

    audience_id: str
    change: str
    """`add` or `remove`."""
    template_id: str


@dataclass(frozen=True, slots=True)
class Exit:
    """Ends the customer's way."""


Action: TypeAlias = Send | WaitFor | WaitUntil | Branch | Audience | Exit


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a campaign does."""

    step_id: str
    action: Action
    next_step_id: str = ""
    """Empty for the next in the list."""


class ExitCondition(enum.StrEnum):
    """What ends a customer's way at once, by the contract's names."""

    ORDERED = "ORDERED"
    CONSENT_REVOKED = "CONSENT_REVOKED"
    CART_CHANGED = "CART_CHANGED"
    SEGMENT_LEFT = "SEGMENT_LEFT"


class Reentry(enum.StrEnum):
    """Whether who was in a campaign may enter again, by the contract's names."""

    NEVER = "NEVER"
    AFTER_DAYS = "AFTER_DAYS"
    ALWAYS = "ALWAYS"


@dataclass(frozen=True, slots=True)
class Arm:
    """One of several ways to do the same."""

    name: str
    weight: int


@dataclass(frozen=True, slots=True)
class WaySettings:
    """What holds for one way of delivery; what is not given is inherited."""

    kind: DeliveryKind
    template_id: str = ""
    window: SendWindow | None = None


@dataclass(frozen=True, slots=True)
class Definition:
    """What a campaign does."""

    name: str
    purpose: str
    trigger_kind: TriggerKind
    steps: tuple[Step, ...]
    reentry: Reentry
    reentry_days: int = 0
    segment_id: str = ""
    date_time: datetime | None = None
    delay: timedelta = timedelta()
    oldest: timedelta = OLDEST
    """What is heard of so much later lets nobody enter any more."""
    conditions: tuple[Condition, ...] = ()
    exit_on: frozenset[ExitCondition] = frozenset()
    control_percent: int = 0
    arms: tuple[Arm, ...] = ()
    template_id: str = ""
    window: SendWindow | None = None
    ways: tuple[WaySettings, ...] = ()
    attribution: timedelta = ATTRIBUTION

    def step(self, step_id: str) -> Step | None:
        """Give a step by its name."""
        return next((step for step in self.steps if step.step_id == step_id), None)

    def after(self, step: Step) -> str:
        """Give the step that follows where no branch leads elsewhere; empty at the end."""
        if step.next_step_id:
            return step.next_step_id
        index = self.steps.index(step) + 1
        return self.steps[index].step_id if index < len(self.steps) else ""

    def template_of(self, send: Send) -> str:
        """Give the template that counts: the step's, that of its only way, or the campaign's; empty where none does."""
        way = self._only_way(send)
        return send.template_id or (way.template_id if way else "") or self.template_id

    def window_of(self, send: Send) -> SendWindow | None:
        """Give when the message may go: by the step, its only way, or the campaign."""
        way = self._only_way(send)
        return send.window or (way.window if way else None) or self.window

    def _only_way(self, send: Send) -> WaySettings | None:
        if len(send.kinds) != 1:
            return None
        return next((way for way in self.ways if way.kind is send.kinds[0]), None)

    def all_conditions(self) -> Iterator[Condition]:
        """Give those of the entry, then those of branches."""
        yield from self.conditions
        for step in self.steps:
            if isinstance(step.action, Branch):
                yield from (case.test for case in step.action.cases if isinstance(case.test, Condition))

    @property
    def trait_names(self) -> frozenset[str]:
        """Give the traits that it looks at."""
        return frozenset(one.fact.name for one in self.all_conditions() if isinstance(one.fact, HasTrait))


class CampaignState(enum.StrEnum):
    """Where a campaign stands, by the contract's names."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True)
class ActiveCampaign:
    """A campaign that customers can enter now."""

    campaign_id: str
    version: int
    definition: Definition
