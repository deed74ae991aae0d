"""Decides the next step of a customer's way through a campaign: pure, one step at a time.

The laws: a step is taken at most once, since steps lead only further down; who left does not come back; whoever gets
nothing, for comparison, gets nothing.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.messaging.campaigns.definition import (
    ONLY_ARM,
    ArmTest,
    Audience,
    Branch,
    CartAtLeast,
    Case,
    Condition,
    Definition,
    Exit,
    FromChannel,
    HasConsent,
    HasTrait,
    InSegment,
    MessageOutcome,
    MessageTest,
    Send,
    Step,
    WaitFor,
    WaitUntil,
)
from services.messaging.campaigns.values import (
    COMPLETED,
    CONTROL,
    Enrolment,
    SendWindow,
    StepTaken,
    message_id_of,
)
from services.messaging.values import DeliveryKind

CONTROL_GROUP = "CONTROL_GROUP"
CONDITION_FAILED = "CONDITION_FAILED"
QUEUED = "QUEUED"
WAITED = "WAITED"
EXITED = "EXITED"
BUCKETS = 10_000


@dataclass(frozen=True, slots=True)
class CartSum:
    """What the customer's cart costs before offers."""

    currency_code: str
    nanos: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What a campaign looks at, as it is now; what it does not look at is not asked for and stands empty here."""

    segment_ids: frozenset[str] = frozenset()
    traits: Mapping[str, str] = field(default_factory=dict)
    cart: CartSum | None = None
    consented_kinds: frozenset[DeliveryKind] = frozenset()
    """The ways by which the customer said yes to the campaign's purpose."""
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    outcomes: Mapping[str, frozenset[MessageOutcome]] = field(default_factory=dict)
    """By step: what is true of its message. A step without a message is NOT_SENT."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A message that a step wants."""

    message_id: str
    step_id: str
    template_id: str
    kinds: tuple[DeliveryKind, ...]
    window: SendWindow | None
    variables: tuple[tuple[str, str], ...] = ()
    hold: timedelta = timedelta()
    """How long it is held back."""
    is_about_subject: bool = True
    """Whether it is pointless once the subject is: not so for what is taken back."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What one step made of an enrolment."""

    enrolment: Enrolment
    planned: Planned | None = None
    failed_condition: int | None = None
    """Which condition of the entry was not fulfilled, from 0."""


def advance(one: Enrolment, definition: Definition, facts: Facts, *, arm: str, now: datetime) -> Moved:
    """Take the next step of one that is due; one that is not, or has left, stays as it is.

    `arm` is the customer's, or `control`.
    """
    if one.due_time is None or one.due_time > now:
        return Moved(one)
    if not one.is_begun:
        return _begin(one, definition, facts, arm=arm, now=now)
    step = definition.step(one.step_id)
    if step is None:
        return Moved(ended(one, COMPLETED, now))
    following = definition.after(step)
    match step.action:
        case Send():
            return _queue(one, _planned_send(one, definition, step, step.action), following, now)
        case Audience():
            return _queue(one, _planned_audience(one, step, step.action), following, now)
        case WaitFor(duration):
            return Moved(_go_on(_taken(one, step, WAITED, now), following, now + duration, now))
        case WaitUntil(local_minute):
            at = next_local(now, local_minute, facts.zone)
            return Moved(_go_on(_taken(one, step, WAITED, now), following, at, now))
        case Branch(cases):
            case = next((case for case in cases if _is_fulfilled(case, one, facts)), None)
            goal = case.step_id if case else following
            return Moved(_go_on(_taken(one, step, goal, now), goal, now, now))
        case Exit():
            return Moved(ended(_taken(one, step, EXITED, now), COMPLETED, now))


def ended(one: Enrolment, reason: str, now: datetime) -> Enrolment:
    """Let a customer leave; who has left stays as they are."""
    if not one.is_active:
        return one
    trigger = replace(one.trigger, variables=())
    return replace(
        one,
        trigger=trigger,
        end_time=now,
        end_reason=reason,
        due_time=None,
        step_id="",
        revision=one.revision + 1,
    )


def arm_of(definition: Definition, campaign_id: str, customer_id: str) -> str:
    """Give the arm that a customer gets: the same one every time, as long as the shares stay."""
    if _bucket("control", campaign_id, customer_id) < definition.control_percent * (BUCKETS // 100):
        return CONTROL
    weights = sum(arm.weight for arm in definition.arms)
    place = _bucket("arm", campaign_id, customer_id) * weights // BUCKETS
    for arm in definition.arms:
        if place < arm.weight:
            return arm.name
        place -= arm.weight
    return ONLY_ARM


def first_unfulfilled(one: Enrolment, definition: Definition, facts: Facts) -> int | None:
    """Give which condition of the entry is not fulfilled; None where all are."""
    for index, condition in enumerate(definition.conditions):
        if not _holds(condition, one, facts):
            return index
    return None


def next_local(now: datetime, minute: int, zone: ZoneInfo) -> datetime:
    """Give when a minute after midnight comes next by a clock on a wall (UTC).

    A minute that a change of clocks leaves out comes as much later; of two, the first one counts.
    """
    today = now.astimezone(zone).date()
    for days in range(3):
        wall = datetime.combine(today + timedelta(days=days), time(minute // 60, minute % 60), tzinfo=zone)
        at = wall.astimezone(UTC)
        if at > now:
            return at
    raise AssertionError("a day has 25 hours at most")


def _begin(one: Enrolment, definition: Definition, facts: Facts, *, arm: str, now: datetime) -> Moved:
    failed = first_unfulfilled(one, definition, facts)
    if failed is not None:
        return Moved(ended(one, CONDITION_FAILED, now), failed_condition=failed)
    begun = replace(one, arm=arm, tries=0)
    if arm == CONTROL:
        return Moved(ended(begun, CONTROL_GROUP, now))
    return Moved(replace(begun, step_id=definition.steps[0].step_id, due_time=now))


def _queue(one: Enrolment, planned: Planned, following: str, now: datetime) -> Moved:
    taken = StepTaken(planned.step_id, now, QUEUED, planned.message_id)
    return Moved(_go_on(replace(one, path=(*one.path, taken)), following, now, now), planned)


def _planned_send(one: Enrolment, definition: Definition, step: Step, send: Send) -> Planned:
    return Planned(
        message_id=message_id_of(one.enrolment_id, step.step_id),
        step_id=step.step_id,
        template_id=definition.template_of(send),
        kinds=send.kinds,
        window=definition.window_of(send),
        variables=one.trigger.variables,
        hold=send.hold,
    )


def _planned_audience(one: Enrolment, step: Step, audience: Audience) -> Planned:
    told = {**dict(one.trigger.variables), "audience_id": audience.audience_id, "change": audience.change}
    return Planned(
        message_id=message_id_of(one.enrolment_id, step.step_id),
        step_id=step.step_id,
        template_id=audience.template_id,
        kinds=(DeliveryKind.AD_AUDIENCE,),
        window=None,
        variables=tuple(sorted(told.items())),
        is_about_subject=audience.change == "add",
    )


def _taken(one: Enrolment, step: Step, outcome: str, now: datetime) -> Enrolment:
    return replace(one, path=(*one.path, StepTaken(step.step_id, now, outcome)), tries=0)


def _go_on(one: Enrolment, step_id: str, due_time: datetime, now: datetime) -> Enrolment:
    if not step_id and due_time <= now:
        return ended(one, COMPLETED, now)
    return replace(one, step_id=step_id, due_time=due_time, tries=0)


def _is_fulfilled(case: Case, one: Enrolment, facts: Facts) -> bool:
    match case.test:
        case ArmTest(arm):
            return one.arm == arm
        case MessageTest(step_id, outcome):
            return outcome in facts.outcomes.get(step_id, frozenset({MessageOutcome.NOT_SENT}))
        case Condition():
            return _holds(case.test, one, facts)


def _holds(condition: Condition, one: Enrolment, facts: Facts) -> bool:
    return _is_so(condition, one, facts) is not condition.negated


def _is_so(condition: Condition, one: Enrolment, facts: Facts) -> bool:
    match condition.fact:
        case InSegment(segment_id):
            return segment_id in facts.segment_ids
        case HasTrait(name, values):
            return facts.traits.get(name) in values
        case CartAtLeast(currency_code, nanos):
            cart = facts.cart
            return cart is not None and cart.currency_code == currency_code and cart.nanos >= nanos
        case HasConsent(kind):
            return kind in facts.consented_kinds
        case FromChannel(kinds):
            return one.trigger.origin.channel_kind in kinds


def _bucket(*words: str) -> int:
    digest = hashlib.sha256("\0".join(words).encode()).digest()
    return int.from_bytes(digest[:8]) % BUCKETS
