"""Decides which orders are a campaign's success. Pure.

An order counts where the customer was in the campaign when it was placed: after the first step was due, be it that they
got a message, something else or, for comparison, nothing, and within the campaign's window. It counts once for a
campaign, and a customer's way through it has one order, the first. Whether a message had come before is noted: an arm
and the control group are compared by all orders, and what a message led to is told apart.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from libs.mongo.values import Decision
from services.messaging.campaigns.engine import CONDITION_FAILED
from services.messaging.campaigns.values import CONTROL, Conversion, Enrolment
from services.messaging.events import EnrolmentChanged, Event
from services.messaging.model import Change
from services.messaging.values import Messaging


@dataclass(frozen=True, slots=True)
class Purchase:
    """An order, wherever it was placed."""

    order_id: str
    currency_code: str
    units: int
    nanos: int
    channel_id: str
    channel_kind: int
    order_time: datetime


def attribute(state: Messaging, purchase: Purchase) -> Change | None:
    """Note an order as the success of the campaigns whose it is; None where it is nobody's, or was noted before."""
    counted = {one.campaign_id for one in state.enrolments if _is_of(one, purchase.order_id)}
    chosen: dict[str, Enrolment] = {}
    for one in state.enrolments:
        if one.campaign_id in counted or not _may_count(one, purchase.order_time):
            continue
        other = chosen.get(one.campaign_id)
        if other is None or _nearness(one, purchase.order_time) > _nearness(other, purchase.order_time):
            chosen[one.campaign_id] = one
    if not chosen:
        return None
    return _with(
        state,
        {
            one.enrolment_id: Conversion(
                order_id=purchase.order_id,
                currency_code=purchase.currency_code,
                units=purchase.units,
                nanos=purchase.nanos,
                channel_id=purchase.channel_id,
                channel_kind=purchase.channel_kind,
                order_time=purchase.order_time,
                after_message=_is_reached(one, purchase.order_time),
            )
            for one in chosen.values()
        },
    )


def take_back(state: Messaging, order_id: str) -> Change | None:
    """Count an order no more that was cancelled; None where it counted for nothing."""
    counted: dict[str, Conversion | None] = {
        one.enrolment_id: None for one in state.enrolments if _is_of(one, order_id)
    }
    return _with(state, counted) if counted else None


def begin_time(one: Enrolment) -> datetime | None:
    """Give when the first step was due; None while it was not, or where conditions kept the customer out."""
    if not one.is_begun or one.end_reason == CONDITION_FAILED:
        return None
    return one.path[0].time if one.path else one.end_time


def _is_of(one: Enrolment, order_id: str) -> bool:
    return one.conversion is not None and one.conversion.order_id == order_id


def _may_count(one: Enrolment, order_time: datetime) -> bool:
    begun = begin_time(one)
    return one.conversion is None and begun is not None and begun <= order_time <= one.attribute_until


def _is_reached(one: Enrolment, order_time: datetime) -> bool:
    return one.arm != CONTROL and any(reached.time <= order_time for reached in one.reached)


def _nearness(one: Enrolment, order_time: datetime) -> tuple[bool, datetime, str]:
    """Give by what one of several ways through a campaign comes before the others: a message, then the newest."""
    return _is_reached(one, order_time), one.enter_time, one.enrolment_id


def _with(state: Messaging, conversions: dict[str, Conversion | None] | dict[str, Conversion]) -> Change:
    enrolments, events = [], list[Event]()
    for one in state.enrolments:
        if one.enrolment_id in conversions:
            one = replace(one, conversion=conversions[one.enrolment_id], revision=one.revision + 1)  # noqa: PLW2901
            events.append(EnrolmentChanged(one, is_about_order=True))
        enrolments.append(one)
    return Decision(replace(state, enrolments=tuple(enrolments)), tuple(events))
