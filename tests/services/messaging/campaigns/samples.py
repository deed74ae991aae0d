"""What the tests of campaigns are made of."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from libs.origin import Origin
from services.messaging.campaigns import moves
from services.messaging.campaigns.definition import ActiveCampaign, Definition, Reentry, Send, Step, WaitFor
from services.messaging.campaigns.engine import Facts
from services.messaging.campaigns.values import Enrolment, Trigger, TriggerKind
from services.messaging.model import Change
from services.messaging.values import Messaging
from tests.services.messaging.samples import NOON

WEB_KIND = 1
WEB = Origin(channel_id="web-shop", channel_kind=WEB_KIND)
ANNA = "cus_anna"
LIFETIME = timedelta(days=3)
REMINDERS = frozenset({"cart_reminder"})
"""The templates that there are."""


def send(step_id: str, **fields: Any) -> Step:
    """A step that sends the reminder."""
    return Step(step_id, Send(template_id="cart_reminder", **fields))


def wait(step_id: str, **duration: float) -> Step:
    """A step that lets time pass."""
    return Step(step_id, WaitFor(timedelta(**duration)))


def campaign(*steps: Step, campaign_id: str = "cart", **changes: Any) -> ActiveCampaign:
    """A campaign for a cart that was left alone."""
    definition = Definition(
        name="Cart",
        purpose="cart_reminder",
        trigger_kind=TriggerKind.CART_ABANDONED,
        steps=steps or (send("reminder"),),
        reentry=Reentry.ALWAYS,
    )
    return ActiveCampaign(campaign_id, 1, replace(definition, **changes))


def abandoned(event_id: str = "evt_1", **changes: Any) -> Trigger:
    """A cart that was left alone at noon."""
    trigger = Trigger(TriggerKind.CART_ABANDONED, event_id, NOON, WEB, cart_id="crt_1", idle_since_time=NOON)
    return replace(trigger, **changes)


def entered(one: ActiveCampaign, trigger: Trigger | None = None, state: Messaging | None = None) -> Messaging:
    """A record after a trigger."""
    change = moves.enter(state or Messaging(), trigger or abandoned(), [one], customer_id=ANNA, now=NOON)
    assert change is not None
    return change.state


def stepped(
    state: Messaging,
    one: ActiveCampaign,
    *,
    minutes: float = 0,
    facts: Facts | None = None,
    enrolment: Enrolment | None = None,
) -> Change:
    """What the due steps make of the newest enrolment, so long after noon."""
    return moves.step(
        state,
        enrolment or state.enrolments[-1],
        one.definition,
        facts or Facts(),
        customer_id=ANNA,
        templates=REMINDERS,
        lifetime=LIFETIME,
        now=NOON + timedelta(minutes=minutes),
    )
