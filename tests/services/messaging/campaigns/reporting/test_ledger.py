"""A report adds up to what a simple ledger says, whatever happens to whom and in which order."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.messaging import model
from services.messaging.campaigns import moves
from services.messaging.campaigns.definition import Arm, ExitCondition
from services.messaging.campaigns.engine import Facts
from services.messaging.campaigns.moves import ExitCause
from services.messaging.campaigns.reporting.attribution import attribute, take_back
from services.messaging.campaigns.reporting.counting import Tally
from services.messaging.campaigns.values import CONTROL
from services.messaging.events import MessageQueued, MessageStateChanged
from services.messaging.model import Change
from services.messaging.values import Content, Message, MessageState, Messaging, Reason
from tests.services.messaging.campaigns.reporting.samples import purchase
from tests.services.messaging.campaigns.samples import LIFETIME, REMINDERS, abandoned, campaign, send, wait
from tests.services.messaging.samples import NOON

CUSTOMERS = 6
ONE = campaign(
    send("mail"),
    wait("an_hour", hours=1),
    send("again"),
    control_percent=30,
    arms=(Arm("a", 1), Arm("b", 1)),
    exit_on=frozenset({ExitCondition.ORDERED}),
)


@dataclass
class Customer:
    """One record, and what was written of it to the lists."""

    customer_id: str
    state: Messaging = field(default_factory=Messaging)
    messages: dict[str, Message] = field(default_factory=dict)

    def take(self, change: Change | None) -> None:
        if change is None:
            return
        self.state = change.state
        for event in change.events:
            match event:
                case MessageQueued() | MessageStateChanged():
                    self.messages[event.message.message_id] = event.message
                case _:
                    pass


@dataclass
class Ledger:
    """What a person with a pencil would have noted."""

    entered: int = 0
    sent: int = 0
    skipped: int = 0
    orders: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """Orders of those who were in the campaign and not bought before: the arm, and whether a message had come."""


def happen(what: str, one: Customer, number: int, now: datetime, ledger: Ledger) -> None:
    match what:
        case "abandon" if not one.state.enrolments:
            trigger = abandoned(f"evt_{one.customer_id}", cart_id=f"crt_{one.customer_id}", time=now)
            for _ in range(2):  # heard twice
                one.take(moves.enter(one.state, trigger, [ONE], customer_id=one.customer_id, now=now))
            ledger.entered += 1
        case "step":
            step(one, now)
        case "send":
            for waits in one.state.waiting:
                sent = one.state.sent
                one.take(model.put_into_inbox(one.state, waits, Content(), subject="", counted=sent, now=now))
                ledger.sent += 1
        case "skip":
            for waits in one.state.waiting:
                one.take(model.end(one.state, waits, as_state=MessageState.SKIPPED, reason=Reason.PAUSED, now=now))
                ledger.skipped += 1
        case "order":
            order(one, f"ord_{number}", now, ledger)
        case "cancel order" if one.customer_id in ledger.orders:
            [way] = one.state.enrolments
            assert way.conversion is not None
            one.take(take_back(one.state, way.conversion.order_id))
            del ledger.orders[one.customer_id]


def step(one: Customer, now: datetime) -> None:
    for due in [way for way in one.state.enrolments if way.due_time and way.due_time <= now]:
        one.take(
            moves.step(
                one.state,
                due,
                ONE.definition,
                Facts(),
                customer_id=one.customer_id,
                templates=REMINDERS,
                lifetime=LIFETIME,
                now=now,
            )
        )


def order(one: Customer, order_id: str, now: datetime, ledger: Ledger) -> None:
    way = next(iter(one.state.enrolments), None)
    began = way is not None and bool(way.arm)
    had_message = any(message.state is MessageState.SENT for message in one.messages.values())
    ledger.skipped += len(one.state.waiting)
    cause = ExitCause(ExitCondition.ORDERED, now, cart_id=f"crt_{one.customer_id}", order_id=order_id)
    one.take(moves.leave(one.state, cause, now=now))
    for _ in range(2):  # heard twice
        one.take(attribute(one.state, purchase(order_id, at=now)))
    if way is not None and began and way.conversion is None:
        ledger.orders[one.customer_id] = (way.arm, had_message)


EVENTS = st.tuples(
    st.integers(0, CUSTOMERS - 1), st.sampled_from(["abandon", "step", "step", "send", "skip", "order", "cancel order"])
)


@settings(max_examples=150, deadline=None)
@given(st.lists(EVENTS, max_size=60))
def test_numbers_are_those_of_a_ledger(happened: list[tuple[int, str]]) -> None:
    customers = [Customer(f"cus_{number}") for number in range(CUSTOMERS)]
    ledger, now = Ledger(), NOON
    for number, (index, what) in enumerate(happened):
        now += timedelta(minutes=20)
        happen(what, customers[index], number, now, ledger)
    tally = Tally()
    for one in customers:
        for way in one.state.enrolments:
            taken = [one.messages[step.message_id] for step in way.path if step.message_id]
            tally.add(way, taken)
    queued = sum(len(one.messages) for one in customers)
    arms = Counter({name: arm.sales.bought for name, arm in tally.arms.items()})
    assert tally.entered == ledger.entered
    assert tally.entered == tally.not_begun + tally.condition_failed + sum(arm.entered for arm in tally.arms.values())
    assert sum(arm.figures.sent for arm in tally.arms.values()) == ledger.sent
    assert sum(way.figures.sent for way in tally.ways.values()) == ledger.sent
    assert sum(tally.skipped.values()) == ledger.skipped
    assert queued == ledger.sent + ledger.skipped + tally.waiting
    assert +arms == Counter(arm for arm, _ in ledger.orders.values())
    after = sum(arm.sales_after_message.bought for arm in tally.arms.values())
    assert after == sum(had_message for _, had_message in ledger.orders.values())
    assert after == sum(sales.bought for sales in tally.paths.values())
    assert after == sum(way.sales.bought for way in tally.ways.values())
    if CONTROL in tally.arms:
        control = tally.arms[CONTROL]
        assert (control.reached, control.figures.sent, control.sales_after_message.bought) == (0, 0, 0)
