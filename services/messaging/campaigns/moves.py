"""Decides what triggers, exits and due steps make of a customer's record. Pure.

One write holds a step with the message that it queues.

`decide` may be asked several times, so everything follows from the state, and whoever comes second finds it done.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from libs.mongo.values import Decision
from services.messaging import model
from services.messaging.campaigns.definition import ONLY_ARM, ActiveCampaign, Definition, ExitCondition, Reentry
from services.messaging.campaigns.engine import (
    CONDITION_FAILED,
    CONTROL_GROUP,
    Facts,
    Planned,
    advance,
    arm_of,
    ended,
)
from services.messaging.campaigns.values import (
    CONTROL,
    MAX_ACTIVE_ENROLMENTS,
    REPLACING_KINDS,
    CampaignStep,
    Enrolment,
    Heard,
    HeardOutcome,
    PastEntry,
    Trigger,
    TriggerKind,
    enrolment_id_of,
    kept_enrolments,
    with_heard,
    with_past_entry,
)
from services.messaging.events import EnrolmentChanged
from services.messaging.model import Change, Overtaken
from services.messaging.values import Content, Message, MessageId, MessageState, Messaging, Reason, TemplateId

SUPERSEDED = "SUPERSEDED"
CAMPAIGN_ENDED = "CAMPAIGN_ENDED"
TAKEN_OUT = "TAKEN_OUT"
CUSTOMER_NOT_FOUND = "CUSTOMER_NOT_FOUND"
ORDER_CANCELLED = "ORDER_CANCELLED"
MOST_STEPS_AT_ONCE = 40
"""More than a campaign has."""
EXPECTED_KINDS = frozenset({TriggerKind.CART_ABANDONED, TriggerKind.PRICE_FELL})
"""Of these it is noted that no campaign was there for them: somebody may ask why nothing came."""


@dataclass(frozen=True, slots=True)
class ExitCause:
    """What happened that may end a customer's way."""

    condition: ExitCondition
    time: datetime
    """When it was announced: nothing that began later ends by it."""
    cart_id: str = ""
    skus: frozenset[str] = frozenset()
    order_id: str = ""
    segment_id: str = ""
    purpose: str = ""


REASONS: Mapping[ExitCondition, Reason] = {
    ExitCondition.ORDERED: Reason.ORDER_PLACED,
    ExitCondition.CONSENT_REVOKED: Reason.NO_CONSENT,
    ExitCondition.CART_CHANGED: Reason.NOT_RELEVANT,
    ExitCondition.SEGMENT_LEFT: Reason.NOT_RELEVANT,
}


def enter(
    state: Messaging, trigger: Trigger, campaigns: Sequence[ActiveCampaign], *, customer_id: str, now: datetime
) -> Change | None:
    """Let a customer enter what is triggered, and note what came of it; None where there is nothing to write.

    `customer_id` is the one whom it happened to.
    """
    asked = [one for one in campaigns if _is_triggered(one.definition, trigger)]
    if not asked and trigger.kind in EXPECTED_KINDS:
        return Decision(_noted(state, trigger, "", HeardOutcome.NO_CAMPAIGN))
    change: Change | None = None
    for campaign in asked:
        before = change or Decision(state)
        after = _enter_one(before, trigger, campaign, customer_id=customer_id, now=now)
        change = after or change
    return change


def would_enter(state: Messaging, trigger: Trigger, campaign: ActiveCampaign, *, now: datetime) -> HeardOutcome:
    """Say what would come of a trigger at first sight: conditions are looked at when the first step is due."""
    definition = campaign.definition
    happened = max(trigger.time, definition.date_time or trigger.time)
    if now - happened > definition.oldest or (definition.date_time and trigger.time > definition.date_time):
        return HeardOutcome.TOO_OLD
    mine = [entry for entry in state.past_entries if entry.campaign_id == campaign.campaign_id]
    if any(entry.key == trigger.same_key for entry in mine):
        return HeardOutcome.ENTERED_BEFORE
    active = [one for one in state.enrolments if one.is_active]
    same = _about_same(active, campaign.campaign_id, trigger)
    under_way = {one.trigger.same_key for one in active if one.campaign_id == campaign.campaign_id and one not in same}
    counted = [entry for entry in mine if entry.counts and (entry.arm or entry.key in under_way)]
    if same and trigger.kind not in REPLACING_KINDS:
        return HeardOutcome.ALREADY_ENROLLED
    if definition.reentry is Reentry.NEVER and counted:
        return HeardOutcome.REENTRY
    since = now - timedelta(days=definition.reentry_days)
    if definition.reentry is Reentry.AFTER_DAYS and any(entry.time > since for entry in counted):
        return HeardOutcome.REENTRY
    if len(active) - len(same) >= MAX_ACTIVE_ENROLMENTS:
        return HeardOutcome.QUEUE_FULL
    return HeardOutcome.ENTERED


def leave(state: Messaging, cause: ExitCause, *, now: datetime) -> Change | None:
    """End what is pointless for what happened, and cancel what waits of it; None where there is nothing to write."""
    left = [one for one in state.enrolments if _is_left(one, cause)]
    about = {one.enrolment_id for one in left}
    bought_cart = cause.cart_id if cause.condition is ExitCondition.ORDERED else ""

    def is_pointless(message: Message) -> bool:
        of_campaign = message.campaign is not None and message.campaign.enrolment_id in about
        return of_campaign or (bool(bought_cart) and message.cart_id == bought_cart)

    change = _end_all(Decision(state), left, cause.condition.value, now)
    change = cancel(change, is_pointless, REASONS[cause.condition], now)
    return change if change.events else None


def leave_order(state: Messaging, order_id: str, *, now: datetime) -> Change | None:
    """End what began because of an order that was cancelled, and cancel what waits of it; None where nothing does."""
    about = {one.enrolment_id for one in state.enrolments if one.trigger.order_id == order_id}
    change = _end_all(
        Decision(state), [one for one in state.enrolments if one.enrolment_id in about], ORDER_CANCELLED, now
    )

    def is_about(message: Message) -> bool:
        return message.campaign is not None and message.campaign.enrolment_id in about

    change = cancel(change, is_about, Reason.NOT_RELEVANT, now)
    return change if change.events else None


def take_out(state: Messaging, campaign_id: str, reason: str, *, now: datetime) -> Change | None:
    """End a customer's ways through one campaign, and cancel what waits of it; None where there is nothing to write."""
    left = [one for one in state.enrolments if one.campaign_id == campaign_id and one.is_active]
    change = _end_all(Decision(state), left, reason, now)

    def is_its(message: Message) -> bool:
        return message.campaign is not None and message.campaign.campaign_id == campaign_id

    change = cancel(change, is_its, Reason.CAMPAIGN_ENDED, now)
    return change if change.events else None


def step(
    state: Messaging,
    seen: Enrolment,
    definition: Definition,
    facts: Facts,
    *,
    customer_id: str,
    templates: frozenset[str],
    lifetime: timedelta,
    now: datetime,
) -> Change:
    """Take all steps of an enrolment that are due, with the messages that they queue. Raises Overtaken.

    `templates` are those of the campaign that exist.
    """
    if seen not in state.enrolments:
        raise Overtaken
    arm = arm_for(state, seen, definition, customer_id)
    one = seen
    change: Change = Decision(state)
    for _ in range(MOST_STEPS_AT_ONCE):
        moved = advance(one, definition, facts, arm=arm, now=now)
        one = moved.enrolment
        if moved.planned is not None:
            one, change = _queue(change, one, moved.planned, templates, lifetime, now)
        if moved.failed_condition is not None:
            detail = str(moved.failed_condition)
            outcome = HeardOutcome.CONDITION_FAILED
            change = replace(change, state=_noted(change.state, one.trigger, one.campaign_id, outcome, detail))
        if one.due_time is None or one.due_time > now:
            break
    after = _replaced(change.state, one)
    has_failed = one.end_reason == CONDITION_FAILED
    if (one.arm and not seen.arm) or has_failed:
        entry = PastEntry(one.campaign_id, one.trigger.same_key, one.enter_time, one.arm, counts=not has_failed)
        after = replace(after, past_entries=with_past_entry(after.past_entries, entry))
    if one.end_reason == CONTROL_GROUP:
        after = _noted(after, one.trigger, one.campaign_id, HeardOutcome.CONTROL_GROUP)
    events = (EnrolmentChanged(one),) if not one.is_active else ()
    return Decision(_kept(after, now), (*change.events, *events))


def put_off(state: Messaging, seen: Enrolment, due_time: datetime) -> Change:
    """Look at an enrolment again later. Raises Overtaken."""
    if seen not in state.enrolments:
        raise Overtaken
    return Decision(_replaced(state, replace(seen, due_time=due_time, tries=seen.tries + 1)))


def cancel(change: Change, is_pointless: Callable[[Message], bool], reason: Reason, now: datetime) -> Change:
    """Cancel what waits and is pointless; what is being sent stays."""
    for message in change.state.waiting:
        if message.state is MessageState.QUEUED and is_pointless(message):
            one = model.end(change.state, message, as_state=MessageState.CANCELLED, reason=reason, now=now)
            change = Decision(one.state, (*change.events, *one.events))
    return change


def _is_triggered(definition: Definition, trigger: Trigger) -> bool:
    return definition.trigger_kind is trigger.kind and (
        definition.segment_id == trigger.segment_id
        and (trigger.kind is not TriggerKind.CONSENT_GRANTED or definition.purpose == trigger.purpose)
    )


def _enter_one(
    before: Change, trigger: Trigger, campaign: ActiveCampaign, *, customer_id: str, now: datetime
) -> Change | None:
    state = before.state
    outcome = would_enter(state, trigger, campaign, now=now)
    if outcome is HeardOutcome.ENTERED_BEFORE and _was_heard(state, trigger, campaign.campaign_id):
        return None  # the announcement came twice
    noted = replace(before, state=_noted(state, trigger, campaign.campaign_id, outcome))
    if outcome is not HeardOutcome.ENTERED:
        return noted
    is_replacing = trigger.kind in REPLACING_KINDS
    replaceable = [one for one in state.enrolments if one.is_active or is_replacing]
    older = _about_same(replaceable, campaign.campaign_id, trigger)
    change = _end_all(noted, older, SUPERSEDED, now)
    gone = {one.enrolment_id for one in older}
    change = cancel(
        change, lambda message: bool(message.campaign and message.campaign.enrolment_id in gone), Reason.SUPERSEDED, now
    )
    definition = campaign.definition
    happened = max(trigger.time, definition.date_time or trigger.time)
    exit_on = definition.exit_on | ({ExitCondition.SEGMENT_LEFT} if trigger.kind is TriggerKind.DATE else set())
    one = Enrolment(
        enrolment_id=enrolment_id_of(campaign.campaign_id, trigger, customer_id),
        campaign_id=campaign.campaign_id,
        campaign_version=campaign.version,
        trigger=trigger,
        enter_time=now,
        attribute_until=max(now, happened) + definition.delay + definition.attribution,
        due_time=max(now, happened + definition.delay),
        exit_on=tuple(sorted(exit_on)),
        purpose=definition.purpose,
    )
    entry = PastEntry(campaign.campaign_id, trigger.same_key, now)
    after = replace(
        change.state,
        enrolments=(*change.state.enrolments, one),
        past_entries=with_past_entry(change.state.past_entries, entry),
    )
    return Decision(_kept(after, now), (*change.events, EnrolmentChanged(one)))


def _was_heard(state: Messaging, trigger: Trigger, campaign_id: str) -> bool:
    return any(one.campaign_id == campaign_id and one.trigger.event_id == trigger.event_id for one in state.enrolments)


def _about_same(active: Sequence[Enrolment], campaign_id: str, trigger: Trigger) -> list[Enrolment]:
    return [one for one in active if one.campaign_id == campaign_id and one.trigger.subject == trigger.subject]


def _is_left(one: Enrolment, cause: ExitCause) -> bool:
    if cause.condition not in one.exit_on or one.trigger.time > cause.time:
        return False
    match cause.condition:
        case ExitCondition.ORDERED:
            return _is_ordered(one.trigger, cause)
        case ExitCondition.CART_CHANGED:
            return one.trigger.cart_id == cause.cart_id
        case ExitCondition.SEGMENT_LEFT:
            return one.trigger.segment_id == cause.segment_id
        case ExitCondition.CONSENT_REVOKED:
            return one.purpose == cause.purpose


def _is_ordered(trigger: Trigger, cause: ExitCause) -> bool:
    if trigger.order_id:
        return bool(cause.order_id) and cause.order_id != trigger.order_id
    if trigger.cart_id:
        return trigger.cart_id == cause.cart_id
    if trigger.sku:
        return trigger.sku in cause.skus
    return bool(cause.order_id)


def arm_for(state: Messaging, seen: Enrolment, definition: Definition, customer_id: str) -> str:
    """Give the arm that the customer had before, where there still is one of that name, else the one they get."""
    names = {arm.name for arm in definition.arms} or {ONLY_ARM}
    before = [
        entry.arm
        for entry in state.past_entries
        if entry.campaign_id == seen.campaign_id and entry.arm in names | {CONTROL}
    ]
    given = seen.arm or (before[0] if before else "")
    return given or arm_of(definition, seen.campaign_id, customer_id)


def _queue(
    change: Change,
    one: Enrolment,
    planned: Planned,
    templates: frozenset[str],
    lifetime: timedelta,
    now: datetime,
) -> tuple[Enrolment, Change]:
    """Queue a message; where that cannot be, note why, with the message and in the path."""
    message = message_of(one, planned, lifetime=lifetime, now=now)
    why = None
    if planned.template_id not in templates:
        why = Reason.TEMPLATE_NOT_FOUND
    elif len(change.state.waiting) >= model.MAX_WAITING and not _takes_the_place_of_another(change.state, message):
        why = Reason.QUEUE_FULL
    if why is None:
        queued = model.queue(change.state, message, Content(variables=planned.variables))
        return one, Decision(queued.state, (*change.events, *queued.events))
    failed = model.record_failure(change.state, message, why)
    path = tuple(
        replace(taken, outcome=why.value, message_id="") if taken.step_id == planned.step_id else taken
        for taken in one.path
    )
    return replace(one, path=path), Decision(failed.state, (*change.events, *failed.events))


def message_of(one: Enrolment, planned: Planned, *, lifetime: timedelta, now: datetime) -> Message:
    """Make the message that a step wants."""
    trigger = one.trigger
    about = trigger if planned.is_about_subject else replace(trigger, cart_id="", sku="")
    return Message(
        message_id=MessageId(planned.message_id),
        template_id=TemplateId(planned.template_id),
        purpose=one.purpose,
        asked_kind=planned.kinds[0] if len(planned.kinds) == 1 else None,
        asked_kinds=planned.kinds if len(planned.kinds) > 1 else (),
        cause=trigger.event_id,
        origin=trigger.origin,
        create_time=now,
        update_time=now,
        due_time=now + planned.hold,
        expire_time=now + planned.hold + lifetime,
        cart_id=about.cart_id,
        idle_since_time=about.idle_since_time,
        sku=about.sku,
        order_id=trigger.order_id,
        campaign=CampaignStep(one.campaign_id, one.campaign_version, one.enrolment_id, planned.step_id, one.arm),
        send_window=planned.window,
    )


def _takes_the_place_of_another(state: Messaging, message: Message) -> bool:
    return any(model.is_same_matter(waiting, message) for waiting in state.waiting)


def _end_all(change: Change, left: Sequence[Enrolment], reason: str, now: datetime) -> Change:
    state, events = change.state, list(change.events)
    for one in left:
        if one.is_active:
            gone = ended(one, reason, now)
            state = _replaced(state, gone)
            events.append(EnrolmentChanged(gone))
    return Decision(state, tuple(events))


def _noted(state: Messaging, trigger: Trigger, campaign_id: str, outcome: HeardOutcome, detail: str = "") -> Messaging:
    heard = Heard(
        kind=trigger.kind,
        campaign_id=campaign_id,
        outcome=outcome,
        detail=detail,
        time=trigger.time,
        event_id=trigger.event_id,
        subject=trigger.subject,
    )
    return replace(state, heard=with_heard(state.heard, heard))


def _replaced(state: Messaging, after: Enrolment) -> Messaging:
    return replace(
        state,
        enrolments=tuple(after if one.enrolment_id == after.enrolment_id else one for one in state.enrolments),
    )


def _kept(state: Messaging, now: datetime) -> Messaging:
    waiting = frozenset(message.campaign.enrolment_id for message in state.waiting if message.campaign)
    return replace(state, enrolments=kept_enrolments(state.enrolments, now, waiting=waiting))
