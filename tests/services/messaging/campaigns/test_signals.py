"""What an announcement is to campaigns."""

from datetime import datetime, timedelta

from libs.timestamps import to_timestamp
from omnithread.cart.v1 import order_pb2
from omnithread.cart.v1.cart_events_pb2 import CartEvent, OrderAdvanced, OrderRecorded
from omnithread.common.v1.event_pb2 import EventHeader
from services.messaging.campaigns import moves
from services.messaging.campaigns.definition import Reentry
from services.messaging.campaigns.signals import Signals, signals_of
from services.messaging.campaigns.values import HeardOutcome, TriggerKind
from services.messaging.values import MessageState, Messaging
from tests.services.messaging.campaigns.samples import ANNA, WEB, campaign, entered, send, stepped, wait
from tests.services.messaging.samples import NOON

FOLLOW_UP = campaign(trigger_kind=TriggerKind.ORDER_PICKED_UP, reentry=Reentry.ALWAYS)


def sold(at: datetime, state: order_pb2.OrderState.ValueType = order_pb2.ORDER_STATE_PICKED_UP) -> Signals:
    """A sale that a till tells of at noon."""
    header = EventHeader(event_id="evt_1", occur_time=to_timestamp(at), record_time=to_timestamp(NOON))
    sale = OrderRecorded(order_id="ord_1", skus=["boots"], state=state)
    return signals_of(CartEvent(header=header, cart_id="crt_1", order_recorded=sale), WEB)


def advanced(state: order_pb2.OrderState.ValueType) -> Signals:
    header = EventHeader(event_id="evt_2", occur_time=to_timestamp(NOON), record_time=to_timestamp(NOON))
    step = OrderAdvanced(order_id="ord_1", state=state)
    return signals_of(CartEvent(header=header, cart_id="crt_1", order_advanced=step), WEB)


def test_a_sale_of_last_year_that_is_told_of_today_follows_nobody_up() -> None:
    [_, picked_up] = sold(NOON - timedelta(days=300)).triggers
    change = moves.enter(Messaging(), picked_up, [FOLLOW_UP], customer_id=ANNA, now=NOON)
    assert change is not None
    assert change.state.enrolments == ()
    assert [heard.outcome for heard in change.state.heard] == [HeardOutcome.TOO_OLD]


def test_a_sale_of_this_morning_is_followed_up_from_when_it_was() -> None:
    [_, picked_up] = sold(NOON - timedelta(hours=3)).triggers
    state = entered(campaign(trigger_kind=TriggerKind.ORDER_PICKED_UP, delay=timedelta(days=3)), picked_up, Messaging())
    assert state.enrolments[0].due_time == NOON + timedelta(days=3, hours=-3)


def test_a_cancelled_sale_that_is_told_of_is_no_order() -> None:
    assert sold(NOON, order_pb2.ORDER_STATE_CANCELLED) == Signals()


def test_nobody_is_asked_how_they_like_an_order_that_was_cancelled() -> None:
    one = campaign(send("thanks"), wait("a_day", days=1), send("again"), trigger_kind=TriggerKind.ORDER_PLACED)
    [placed, _] = sold(NOON).triggers
    state = stepped(entered(one, placed, Messaging()), one).state
    cancelled = advanced(order_pb2.ORDER_STATE_CANCELLED).cancelled_order_id
    assert moves.leave_order(state, "ord_2", now=NOON) is None
    change = moves.leave_order(state, cancelled, now=NOON)
    assert change is not None
    assert change.state.waiting == ()
    assert [(summary.state, summary.state_reason) for summary in change.state.recent] == [
        (MessageState.CANCELLED, "NOT_RELEVANT")
    ]
    assert [enrolment.end_reason for enrolment in change.state.enrolments] == ["ORDER_CANCELLED"]
    assert moves.leave_order(change.state, cancelled, now=NOON) is None
