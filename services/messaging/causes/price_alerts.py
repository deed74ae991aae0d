"""Tells customers that the price of something they looked at fell: one message per customer and change, with consent.

Whether they consent, by which way, and when is decided as with every message, when it is due
(`deciding/gates.py`); so is whether they have bought it by then.
"""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from google.type.money_pb2 import Money

from libs.ids import derived_id
from libs.mongo.members import get_member
from libs.mongo.values import Saved
from libs.origin import Origin, Stamp
from omnithread.context.v1.context_events_pb2 import PriceFell
from services.messaging import model
from services.messaging.model import Change
from services.messaging.operations import Messages
from services.messaging.store import MESSAGES
from services.messaging.texts.addresses import web_address
from services.messaging.values import Content, Message, MessageId, Messaging, Reason, TemplateId

VARIABLE_NAMES = ("sku", "name", "old_price", "new_price", "link")
"""What the template may declare and tell; `link` is empty where the catalogue gave none."""
NANOS_DIGITS = 9

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AlertRules:
    """How prices are told of."""

    template_id: str
    purpose: str
    oldest: timedelta
    """An announcement older than this, met in a replay, tells nobody any more."""


@dataclass(frozen=True, slots=True)
class Alert:
    """A fall that was announced to one customer."""

    event_id: str
    fell: PriceFell
    origin: Origin


@dataclass(frozen=True, slots=True)
class PriceAlerts:
    """What is done about prices that fell."""

    messages: Messages
    rules: AlertRules

    async def tell(self, customer_id: str, alert: Alert) -> None:
        """Queue the message, once per customer and change; where that cannot be, note why."""
        messages, rules = self.messages, self.rules
        if rules.purpose not in messages.purposes:
            log.info("price_alert_without_purpose", purpose=rules.purpose)
            return
        known = await messages.records.get(customer_id)
        message_id = _message_id(alert, customer_id)
        for name in dict.fromkeys((customer_id, *known.lineage)):
            if await get_member(messages.database, MESSAGES, known, _message_id(alert, name)) is not None:
                return  # heard before, or told as the other of two who are one now
        template = await messages.templates.find(rules.template_id)

        def decide(saved: Saved[Messaging]) -> Change:
            now = messages.clock()
            message = Message(
                message_id=message_id,
                template_id=TemplateId(rules.template_id),
                purpose=rules.purpose,
                asked_kind=None,
                cause=alert.event_id,
                origin=alert.origin,
                create_time=now,
                update_time=now,
                due_time=now,
                expire_time=now + messages.lifetime,
                sku=alert.fell.sku,
            )
            variables = variables_of(alert.fell)
            if template is None:
                return model.record_failure(saved.state, message, Reason.TEMPLATE_NOT_FOUND, variables)
            if len(saved.state.waiting) >= model.MAX_WAITING:
                return model.record_failure(saved.state, message, Reason.QUEUE_FULL, variables)
            return model.queue(saved.state, message, Content(variables=variables))

        stamp = Stamp.internal(f"price:{alert.event_id}", alert.origin)
        outcome = await messages.records.run(customer_id, stamp, decide)
        messages.nudge(outcome.saved.customer_id)


def variables_of(fell: PriceFell) -> tuple[tuple[str, str], ...]:
    """Give what the text may tell, sorted by name."""
    return tuple(
        sorted(
            {
                "sku": fell.sku,
                "name": fell.name,
                "old_price": exact_amount(fell.old_price),
                "new_price": exact_amount(fell.new_price),
                "link": web_address(fell.link_uri) or "",
            }.items()
        )
    )


def exact_amount(money: Money) -> str:
    """Write an amount the same way in every language: `59.90 CHF`, `500 JPY`."""
    digits = f"{money.nanos:0{NANOS_DIGITS}}".rstrip("0")
    cents = f".{digits.ljust(2, '0')}" if digits else ""
    return f"{money.units}{cents} {money.currency_code}"


def _message_id(alert: Alert, customer_id: str) -> MessageId:
    return MessageId(derived_id("msg", alert.fell.change_id, customer_id))
