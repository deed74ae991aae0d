"""Says what a campaign would do with a customer, and writes nothing.

Facts are those of now; time goes on in thought only. Of messages nothing is heard after they were sent, but for those
steps that are named as opened. What would become of a message is judged as if it were due now.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from libs.clock import Clock
from libs.ids import NewId
from libs.mongo.values import Saved
from libs.origin import Origin
from services.messaging.campaigns import moves
from services.messaging.campaigns.definition import ActiveCampaign, Definition, MessageOutcome
from services.messaging.campaigns.engine import CONTROL_GROUP, Facts, Planned, advance
from services.messaging.campaigns.facts import CampaignSources
from services.messaging.campaigns.values import (
    Enrolment,
    HeardOutcome,
    StepTaken,
    Trigger,
    TriggerKind,
    enrolment_id_of,
)
from services.messaging.deciding.preparing import Preparing
from services.messaging.deciding.sources import NotThere, Sources
from services.messaging.operations import Messages
from services.messaging.values import Message, Messaging

MOST_STEPS = 40
OPENED = frozenset({MessageOutcome.SENT, MessageOutcome.DELIVERED, MessageOutcome.OPENED})
SENT = frozenset({MessageOutcome.SENT})


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be tried out."""

    customer_id: str
    campaign_id: str
    version: int
    definition: Definition
    subject: str = ""
    time: datetime | None = None
    opened_step_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SimulatedStep:
    """A step that would be taken."""

    taken: StepTaken
    verdict: str = ""
    verdict_reason: str = ""


@dataclass(frozen=True, slots=True)
class Simulation:
    """What would happen."""

    outcome: HeardOutcome
    arm: str = ""
    failed_condition: int | None = None
    steps: tuple[SimulatedStep, ...] = ()
    end_reason: str = ""


@dataclass(frozen=True, slots=True)
class Simulating:
    """Tries campaigns out."""

    messages: Messages
    sources: Sources
    campaign_sources: CampaignSources
    preparing: Preparing
    lifetime: timedelta
    clock: Clock
    new_id: NewId

    async def simulate(self, wish: Wish) -> Simulation:
        """Lead a customer through a campaign in thought. Raises CUSTOMER_NOT_FOUND, and SourceAway."""
        saved = await self.messages.get(wish.customer_id)
        now = wish.time or self.clock()
        trigger = await self._trigger(saved, wish, now)
        campaign = ActiveCampaign(wish.campaign_id, wish.version, wish.definition)
        outcome = moves.would_enter(saved.state, trigger, campaign, now=now)
        if outcome is not HeardOutcome.ENTERED:
            return Simulation(outcome)
        entered = moves.enter(saved.state, trigger, [campaign], customer_id=saved.customer_id, now=now)
        if entered is None:
            return Simulation(HeardOutcome.ENTERED_BEFORE)
        mine = enrolment_id_of(wish.campaign_id, trigger, saved.customer_id)
        one = next(one for one in entered.state.enrolments if one.enrolment_id == mine)
        facts = await self.campaign_sources.facts(saved, one, wish.definition)
        return await self._walk(saved, one, wish, facts)

    async def _walk(self, saved: Saved[Messaging], one: Enrolment, wish: Wish, facts: Facts) -> Simulation:
        definition = wish.definition
        arm = moves.arm_for(saved.state, one, definition, saved.customer_id)
        steps: list[SimulatedStep] = []
        for _ in range(MOST_STEPS):
            if one.due_time is None:
                break
            now = one.due_time
            moved = advance(one, definition, facts, arm=arm, now=now)
            if moved.failed_condition is not None:
                return Simulation(HeardOutcome.CONDITION_FAILED, failed_condition=moved.failed_condition)
            if len(moved.enrolment.path) > len(one.path):
                step = SimulatedStep(moved.enrolment.path[-1])
                if moved.planned is not None:
                    step = await self._judged(saved, moved.enrolment, moved.planned, step)
                    is_opened = step.taken.step_id in wish.opened_step_ids
                    outcomes = {**facts.outcomes, step.taken.step_id: OPENED if is_opened else SENT}
                    facts = replace(facts, outcomes=outcomes)
                steps.append(step)
            one = moved.enrolment
        outcome = HeardOutcome.CONTROL_GROUP if one.end_reason == CONTROL_GROUP else HeardOutcome.ENTERED
        return Simulation(outcome, arm, steps=tuple(steps), end_reason=one.end_reason)

    async def _judged(
        self, saved: Saved[Messaging], one: Enrolment, planned: Planned, step: SimulatedStep
    ) -> SimulatedStep:
        """Ask the gates about a message as if it were due now."""
        message: Message = moves.message_of(one, planned, lifetime=self.lifetime, now=self.clock())
        judgement = await self.preparing.rehearse(saved.customer_id, message, saved.state)
        return replace(step, verdict=judgement.verdict, verdict_reason=judgement.reason)

    async def _trigger(self, saved: Saved[Messaging], wish: Wish, now: datetime) -> Trigger:
        """Give what would have happened."""
        kind = wish.definition.trigger_kind
        event_id = self.new_id("evt")
        trigger = Trigger(kind, event_id, now, Origin.system("messaging-simulation"))
        match kind:
            case TriggerKind.CART_ABANDONED:
                try:
                    cart = (await self.sources.purchases(saved.customer_id)).cart
                except NotThere:
                    return replace(trigger, cart_id=wish.subject)
                return replace(trigger, cart_id=wish.subject or cart.cart_id, idle_since_time=now)
            case TriggerKind.PRODUCT_VIEWED | TriggerKind.PRICE_FELL:
                return replace(trigger, sku=wish.subject, variables=(("sku", wish.subject),))
            case TriggerKind.ORDER_PLACED | TriggerKind.ORDER_PICKED_UP | TriggerKind.ORDER_DELIVERED:
                return replace(trigger, order_id=wish.subject, variables=(("order_id", wish.subject),))
            case TriggerKind.SEGMENT_ENTERED | TriggerKind.DATE:
                return replace(trigger, segment_id=wish.definition.segment_id)
            case TriggerKind.CONSENT_GRANTED:
                return replace(trigger, purpose=wish.definition.purpose)
