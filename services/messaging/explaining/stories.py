"""What is told of messages and of silences: values, and the sentences that follow from them. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.messaging.campaigns.values import CONTROL, Conversion, Enrolment, Heard, HeardOutcome
from services.messaging.deciding.judgement import Finding, Judgement
from services.messaging.explaining.matters import Matter, Missed
from services.messaging.explaining.words import way_of, words_of_finding, words_of_judgement
from services.messaging.values import WAITING_STATES, DeliveryKind, Message, MessageState

MOST_MESSAGES = 20
MOST_TRIGGERS = 20
MOST_WORDS = 60


@dataclass(frozen=True, slots=True)
class MessageStory:
    """A message and what would be decided about it now."""

    message: Message
    now: Judgement | None = None
    """Only while it waits."""
    away: tuple[str, ...] = ()
    """Services that did not answer."""
    conversion: Conversion | None = None
    """The order that its campaign counts as what came of it."""


@dataclass(frozen=True, slots=True)
class TriggerStory:
    """Something that could have led to a message, and what came of it."""

    event_id: str
    kind: str
    time: datetime
    outcome: str
    result_id: str
    words: str


@dataclass(frozen=True, slots=True)
class WayStory:
    """What would become of a message by one way."""

    kind: DeliveryKind
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class SilenceStory:
    """Why nothing came, or that something did."""

    reason: str
    messages: tuple[MessageStory, ...] = ()
    triggers: tuple[TriggerStory, ...] = ()
    ways: tuple[WayStory, ...] = ()
    facts: tuple[Finding, ...] = ()
    away: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def words_of_message(story: MessageStory) -> tuple[str, ...]:
    """Tell a message from its cause to what came of it."""
    return tuple(_message_words(story))


def _message_words(story: MessageStory) -> Iterator[str]:
    message = story.message
    yield (
        f"Made on {_at(message.create_time)} for {message.purpose} from the template {message.template_id}, "
        f"because of {message.cause}, caused on {message.origin.channel_id or 'no channel'}."
    )
    if message.campaign is not None:
        step = message.campaign
        arm = f", arm {step.arm}" if step.arm else ""
        yield f"It is step {step.step_id} of the campaign {step.campaign_id}, version {step.campaign_version}{arm}."
    for judgement in message.judgements:
        yield f"Judged on {_at(judgement.time)}: {words_of_judgement(judgement)}"
    if message.attempts:
        yield f"It could not be sent {message.attempts} times, and was tried again."
    yield outcome_of(message)
    if message.provider_id:
        yield f"It was given to the provider {message.provider_id}."
    for receipt in message.receipts:
        yield f"Reported on {_at(receipt.time)}: {receipt.kind}."
    if story.conversion is not None:
        order = story.conversion
        yield f"The order {order.order_id} followed on {_at(order.order_time)}, on {order.channel_id}."
    if story.now is not None:
        yield f"If it were judged now: {words_of_judgement(story.now)}"


def outcome_of(message: Message) -> str:
    """Say in one sentence where a message stands."""
    by = f" by {way_of(message.delivery_kind)}" if message.delivery_kind else ""
    match message.state:
        case MessageState.SENT:
            when = f" on {_at(message.send_time)}" if message.send_time else ""
            return f"It was sent{by}{when}."
        case MessageState.SENDING:
            return f"It is being sent{by}."
        case MessageState.QUEUED:
            too_late = f"after {_at(message.expire_time)} it is too late"
            return f"It waits, and is looked at again on {_at(message.due_time)}; {too_late}."
        case MessageState.UNKNOWN:
            return f"Nobody knows whether it went out{by} ({message.state_reason}); it is not sent again."
    return f"It was {message.state.lower()} on {_at(message.update_time)} ({message.state_reason})."


def trigger_stories(
    heard: tuple[Heard, ...],
    enrolments: tuple[Enrolment, ...],
    *,
    matters: Sequence[Matter],
    missed: Missed,
    since: datetime,
) -> tuple[TriggerStory, ...]:
    """Tell what could have led to what is missed, newest first: by campaigns, `matters`, that say just that."""
    campaign_ids = {matter.campaign_id for matter in matters} | {missed.campaign_id} - {""}
    kinds = {matter.trigger_kind for matter in matters}

    def is_of_purpose(one: Enrolment) -> bool:
        return bool(missed.purpose) and one.purpose == missed.purpose

    entered = [
        one for one in enrolments if one.enter_time >= since and (one.campaign_id in campaign_ids or is_of_purpose(one))
    ]
    known = {one.trigger.event_id for one in entered}
    stories = [_entered(one) for one in entered]
    stories += [
        _heard(one)
        for one in heard
        if one.time >= since
        and one.event_id not in known
        and (one.campaign_id in campaign_ids if one.campaign_id else one.kind in kinds)
    ]
    return tuple(sorted(stories, key=lambda story: story.time, reverse=True)[:MOST_TRIGGERS])


def _entered(one: Enrolment) -> TriggerStory:
    is_control = one.arm == CONTROL
    outcome = HeardOutcome.CONTROL_GROUP.value if is_control else one.end_reason or HeardOutcome.ENTERED.value
    words = f"{_at(one.trigger.time)}: {one.trigger.kind} led into the campaign {one.campaign_id}."
    if is_control:
        words += " The customer is in its control group, which gets nothing, to compare with."
    elif one.end_time is not None:
        words += f" The customer left it on {_at(one.end_time)} ({one.end_reason})."
    elif one.due_time is not None:
        words += f" Its next step is due on {_at(one.due_time)}."
    return TriggerStory(one.trigger.event_id, one.trigger.kind, one.enter_time, outcome, one.enrolment_id, words)


WHAT_CAME_OF_IT = {
    HeardOutcome.ENTERED: "the customer entered",
    HeardOutcome.CONTROL_GROUP: "the customer is in the control group, which gets nothing, to compare with",
    HeardOutcome.CONDITION_FAILED: "a condition of the campaign was not met",
    HeardOutcome.REENTRY: "the customer was in it before, and may not enter again, or not yet",
    HeardOutcome.ALREADY_ENROLLED: "the customer is in it already, because of the same thing",
    HeardOutcome.TOO_OLD: "it was heard too late",
    HeardOutcome.QUEUE_FULL: "the customer is in too many campaigns at once",
    HeardOutcome.NO_CAMPAIGN: "no campaign for such a thing is active",
    HeardOutcome.ENTERED_BEFORE: "the customer had entered because of the same thing before",
}


def _heard(one: Heard) -> TriggerStory:
    of_campaign = f", campaign {one.campaign_id}" if one.campaign_id else ""
    detail = f" (number {one.detail})" if one.detail else ""
    times = f", {one.count} times" if one.count > 1 else ""
    words = f"{_at(one.time)}: {one.kind}{of_campaign}{times}: {WHAT_CAME_OF_IT.get(one.outcome, one.outcome)}{detail}."
    return TriggerStory(one.event_id, one.kind, one.time, one.outcome.value, "", words)


def reason_of_silence(
    messages: tuple[MessageStory, ...],
    triggers: tuple[TriggerStory, ...],
    ways: tuple[WayStory, ...],
    facts: tuple[Finding, ...],
) -> str:
    """Give the main reason: what became of the newest message, else of the trigger, else what is missing now."""
    if any(story.message.state is MessageState.SENT for story in messages):
        return MessageState.SENT.value
    for story in messages:
        message = story.message
        if message.state in WAITING_STATES:
            return message.judgements[-1].reason if message.judgements else "WAITS"
        return message.state_reason or message.state.value
    if any(trigger.outcome == HeardOutcome.ENTERED.value and trigger.result_id for trigger in triggers):
        return "WAITS"  # they are in a campaign, and its next step is to come
    if triggers and triggers[0].outcome != HeardOutcome.ENTERED.value:
        return triggers[0].outcome
    missing = next((fact.reason for fact in facts if fact.verdict != "PASS"), "")
    if missing:
        return missing
    closed = [way.judgement.reason for way in ways if way.judgement.verdict != "SEND"]
    return closed[0] if ways and len(closed) == len(ways) else "NOTHING_HEARD"


def words_of_silence(story: SilenceStory, *, missed: str) -> tuple[str, ...]:
    """Tell why nothing came, the main reason first."""
    return tuple(_silence_words(story, missed))[:MOST_WORDS]


def _silence_words(story: SilenceStory, missed: str) -> Iterator[str]:
    if story.reason == MessageState.SENT.value:
        yield f"It did come: something for {missed} was sent in this time."
    elif story.messages:
        yield f"Something for {missed} was made, but not sent so far: {story.reason}."
    else:
        yield f"Nothing for {missed} was ever made in this time: {story.reason}."
    for one in story.messages:
        message = one.message
        yield f"{_at(message.create_time)}, message {message.message_id}: {outcome_of(message)}"
        if message.judgements and message.state is not MessageState.SENT:
            yield words_of_judgement(message.judgements[-1])
    for trigger in story.triggers:
        yield trigger.words
    if not story.messages and not story.triggers:
        yield "Nothing was heard that would have led to one."
    for fact in story.facts:
        yield words_of_finding(fact)
    for way in story.ways:
        yield f"By {way_of(way.kind)}, now: {words_of_judgement(way.judgement)}"
    for service in story.away:
        yield f"{service} could not be asked."


def _at(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "an unknown day"
