"""What a campaign does, as English sentences: who enters, what follows, what ends it."""

from omnithread.common.v1.channel_pb2 import ChannelKind
from omnithread.common.v1.delivery_pb2 import DeliveryKind
from omnithread.messaging.v1.campaign_pb2 import (
    CAMPAIGN_AUDIENCE_CHANGE_ADD,
    CAMPAIGN_REENTRY_AFTER_DAYS,
    CAMPAIGN_REENTRY_ALWAYS,
    CAMPAIGN_REENTRY_NEVER,
    CampaignBranchCase,
    CampaignCondition,
    CampaignDefinition,
    CampaignExitCondition,
    CampaignMessageOutcome,
    CampaignSendWindow,
    CampaignState,
    CampaignStep,
    CampaignTrigger,
    CampaignTriggerKind,
)
from services.console.marketing.measures import clock_time, count, listed, moment, name_of
from services.console.pages.words import enum_words, money, span

DEFAULT_ATTRIBUTION_DAYS = 7
DEFAULT_OLDEST_SECONDS = 86400

TRIGGERS = {
    "CART_ABANDONED": "whose cart was left alone",
    "PRODUCT_VIEWED": "who viewed a product",
    "PRICE_FELL": "who looked at something whose price fell",
    "ORDER_PLACED": "who placed an order",
    "ORDER_PICKED_UP": "whose order was picked up",
    "ORDER_DELIVERED": "whose order was delivered",
    "SEGMENT_ENTERED": "who came to belong to the segment",
    "DATE": "who belongs to the segment",
    "CONSENT_GRANTED": "who said yes to its purpose",
}
OUTCOMES = {
    "SENT": "went out",
    "NOT_SENT": "did not go out",
    "DELIVERED": "was delivered",
    "OPENED": "was opened",
    "CLICKED": "was clicked",
}
EXITS = {
    "ORDERED": "they ordered",
    "CONSENT_REVOKED": "they took back their consent",
    "CART_CHANGED": "they changed the cart that it is about",
    "SEGMENT_LEFT": "they no longer belong to the segment",
}


def state_word(state: CampaignState.ValueType) -> str:
    """`active`, `draft`, `paused`, `ended`."""
    return enum_words(CampaignState.DESCRIPTOR, state)


def entry_words(trigger: CampaignTrigger) -> str:
    """Who enters, and when the first step is due."""
    kind = name_of(CampaignTriggerKind, trigger.kind, "CAMPAIGN_TRIGGER_KIND_")
    who = TRIGGERS.get(kind, kind.replace("_", " ").lower())
    segment = f" {trigger.segment_id}" if trigger.segment_id and kind in {"SEGMENT_ENTERED", "DATE"} else ""
    when = f" at {moment(trigger.date_time)}" if kind == "DATE" else ""
    delay = f"{span(trigger.delay_seconds)} later" if trigger.delay_seconds else "at once"
    oldest = span(trigger.oldest_seconds or DEFAULT_OLDEST_SECONDS)
    return (
        f"Customers enter {who}{segment}{when}. The first step is due {delay}. "
        f"What is heard of more than {oldest} late lets nobody enter."
    )


def condition_words(condition: CampaignCondition) -> str:
    """One condition, for `go on if they ...`."""
    match condition.WhichOneof("fact"):
        case "segment":
            fact, verb = f"belong to the segment {condition.segment.segment_id}", "do not "
        case "trait":
            fact, verb = f"have {condition.trait.name} {listed(condition.trait.values, last='or')}", "do not "
        case "cart_at_least":
            fact, verb = f"have a cart of at least {money(condition.cart_at_least)}", "do not "
        case "consent":
            fact, verb = f"consented to {_way(condition.consent.delivery_kind)}", "have not "
        case "channel":
            kinds = (enum_words(ChannelKind.DESCRIPTOR, kind) for kind in condition.channel.channel_kinds)
            fact, verb = f"came by {listed(kinds, last='or')}", "have not "
        case other:
            fact, verb = f"fulfil a condition that this console does not know ({other})", "do not "
    return f"they {verb if condition.negated else ''}{fact}"


def step_words(step: CampaignStep, definition: CampaignDefinition) -> str:
    """One step as a sentence."""
    match step.WhichOneof("action"):
        case "send":
            words = _send_words(step, definition)
        case "wait" if step.wait.WhichOneof("until") == "local_minute":
            words = f"Wait until it is {clock_time(step.wait.local_minute)} by the customer's clock"
        case "wait":
            words = f"Wait {span(step.wait.seconds)}"
        case "branch":
            words = "; ".join(f"If {case_words(case)}, go to {case.step_id}" for case in step.branch.cases)
            words = f"{words}; else go on"
        case "audience":
            added = step.audience.change == CAMPAIGN_AUDIENCE_CHANGE_ADD
            words = f"{'Add to' if added else 'Remove from'} the ad audience {step.audience.audience_id}"
        case "exit":
            words = "Leave the campaign"
        case _:
            words = "Something that this console does not know"
    return f"{words}, then go to {step.next_step_id}." if step.next_step_id else f"{words}."


def case_words(case: CampaignBranchCase) -> str:
    """What a branch asks."""
    match case.WhichOneof("test"):
        case "message":
            outcome = name_of(CampaignMessageOutcome, case.message.outcome, "CAMPAIGN_MESSAGE_OUTCOME_")
            return f"the message of {case.message.step_id} {OUTCOMES.get(outcome, outcome.lower())}"
        case "condition":
            return condition_words(case.condition)
        case "arm":
            return f"they are in arm {case.arm}"
        case _:
            return "something that this console does not know"


def exit_words(definition: CampaignDefinition) -> str:
    """What ends it at once."""
    names = [name_of(CampaignExitCondition, one, "CAMPAIGN_EXIT_CONDITION_") for one in definition.exit_on]
    if not names:
        return "Nothing but its end, or the customer's being forgotten, ends it at once."
    return f"It ends at once when {listed((EXITS.get(one, one.lower()) for one in names), last='or')}."


def reentry_words(definition: CampaignDefinition) -> str:
    """Whether who was in it may enter again."""
    match definition.reentry:
        case value if value == CAMPAIGN_REENTRY_NEVER:
            return "Who was in it never enters again."
        case value if value == CAMPAIGN_REENTRY_AFTER_DAYS:
            return f"Who was in it may enter again {count(definition.reentry_days, 'day')} after they entered last."
        case value if value == CAMPAIGN_REENTRY_ALWAYS:
            return "Who was in it may enter again whenever it is triggered."
        case _:
            return "Whether who was in it may enter again is not stated."


def arm_words(definition: CampaignDefinition) -> str:
    """How customers are divided."""
    control = definition.control_percent
    against = f"{control} in a hundred get nothing, to compare with." if control else "There is no control group."
    if len(definition.arms) < 2:
        return f"{against} All {'others ' if control else ''}are led the same way."
    total = sum(arm.weight for arm in definition.arms)
    shares = listed(f"{arm.name} ({100 * arm.weight / total:.0f}\N{NO-BREAK SPACE}%)" for arm in definition.arms)
    return f"{against} {'The others' if control else 'Customers'} are divided into {shares}."


def attribution_words(definition: CampaignDefinition) -> str:
    """What counts as its success."""
    days = count(definition.attribution_days or DEFAULT_ATTRIBUTION_DAYS, "day")
    return f"An order within {days} after the customer entered, and the delay was over, counts as its success."


def _send_words(step: CampaignStep, definition: CampaignDefinition) -> str:
    send = step.send
    ways = listed((_way(kind) for kind in send.delivery_kinds), last="or") or "the way that the customer prefers"
    of_way = [one for one in definition.ways if list(send.delivery_kinds) == [one.delivery_kind]]
    template = send.template_id or next((one.template_id for one in of_way if one.template_id), definition.template_id)
    windows = [one.send_window for one in of_way if one.HasField("send_window")]
    hours = ""
    if send.HasField("send_window"):
        hours = _window(send.send_window)
    elif windows or definition.HasField("send_window"):
        hours = _window(windows[0] if windows else definition.send_window)
    hold = f", held back for {span(send.hold_seconds)}" if send.hold_seconds else ""
    return f"Send {template} by {ways}{hours}{hold}"


def _window(window: CampaignSendWindow) -> str:
    return f" between {clock_time(window.start_minute)} and {clock_time(window.end_minute)}, by the customer's clock"


def _way(kind: DeliveryKind.ValueType) -> str:
    return enum_words(DeliveryKind.DESCRIPTOR, kind)
