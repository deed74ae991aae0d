"""Translates words: campaigns as the contract says them, and as the engine takes them."""

from datetime import timedelta

from libs.timestamps import from_timestamp, to_timestamp
from omnithread.common.v1 import channel_pb2, delivery_pb2
from omnithread.messaging.v1 import campaign_pb2 as pb
from services.messaging.campaigns.definition import (
    ATTRIBUTION,
    OLDEST,
    Action,
    Arm,
    ArmTest,
    Audience,
    Branch,
    CampaignState,
    CartAtLeast,
    Case,
    Condition,
    Definition,
    Exit,
    ExitCondition,
    Fact,
    FromChannel,
    HasConsent,
    HasTrait,
    InSegment,
    MessageOutcome,
    MessageTest,
    Reentry,
    Send,
    Step,
    WaitFor,
    WaitUntil,
    WaySettings,
)
from services.messaging.campaigns.values import Enrolment, SendWindow, StepTaken, TriggerKind
from services.messaging.values import DeliveryKind

NANOS = 1_000_000_000


def definition_from_proto(said: pb.CampaignDefinition) -> Definition:
    """Read what a campaign does; it is valid by the contract's constraints.

    Raises ValueError for one of a newer version of the suite.
    """
    trigger = said.trigger
    return Definition(
        name=said.name,
        purpose=said.purpose,
        trigger_kind=TriggerKind(pb.CampaignTriggerKind.Name(trigger.kind).removeprefix("CAMPAIGN_TRIGGER_KIND_")),
        segment_id=trigger.segment_id,
        date_time=from_timestamp(trigger.date_time) if trigger.HasField("date_time") else None,
        delay=timedelta(seconds=trigger.delay_seconds),
        oldest=timedelta(seconds=trigger.oldest_seconds) if trigger.oldest_seconds else OLDEST,
        conditions=tuple(_condition(condition) for condition in said.conditions),
        steps=tuple(_step(step) for step in said.steps),
        exit_on=frozenset(
            ExitCondition(pb.CampaignExitCondition.Name(one).removeprefix("CAMPAIGN_EXIT_CONDITION_"))
            for one in said.exit_on
        ),
        reentry=Reentry(pb.CampaignReentry.Name(said.reentry).removeprefix("CAMPAIGN_REENTRY_")),
        reentry_days=said.reentry_days,
        control_percent=said.control_percent,
        arms=tuple(Arm(arm.name, arm.weight) for arm in said.arms),
        template_id=said.template_id,
        window=_window(said.send_window) if said.HasField("send_window") else None,
        ways=tuple(
            WaySettings(
                kind=_kind(way.delivery_kind),
                template_id=way.template_id,
                window=_window(way.send_window) if way.HasField("send_window") else None,
            )
            for way in said.ways
        ),
        attribution=timedelta(days=said.attribution_days) if said.attribution_days else ATTRIBUTION,
    )


def _step(step: pb.CampaignStep) -> Step:
    return Step(step_id=step.step_id, action=_action(step), next_step_id=step.next_step_id)


def _action(step: pb.CampaignStep) -> Action:
    match step.WhichOneof("action"):
        case "send":
            send = step.send
            return Send(
                template_id=send.template_id,
                kinds=tuple(_kind(kind) for kind in send.delivery_kinds),
                window=_window(send.send_window) if send.HasField("send_window") else None,
                hold=timedelta(seconds=send.hold_seconds),
            )
        case "wait":
            if step.wait.WhichOneof("until") == "seconds":
                return WaitFor(timedelta(seconds=step.wait.seconds))
            return WaitUntil(step.wait.local_minute)
        case "branch":
            return Branch(tuple(_case(case) for case in step.branch.cases))
        case "audience":
            audience = step.audience
            change = pb.CampaignAudienceChange.Name(audience.change).removeprefix("CAMPAIGN_AUDIENCE_CHANGE_")
            return Audience(audience.audience_id, change.lower(), audience.template_id)
        case "exit":
            return Exit()
        case _:
            raise ValueError(f"step {step.step_id} does what nobody here knows")


def _case(case: pb.CampaignBranchCase) -> Case:
    match case.WhichOneof("test"):
        case "message":
            outcome = pb.CampaignMessageOutcome.Name(case.message.outcome).removeprefix("CAMPAIGN_MESSAGE_OUTCOME_")
            return Case(MessageTest(case.message.step_id, MessageOutcome(outcome)), case.step_id)
        case "condition":
            return Case(_condition(case.condition), case.step_id)
        case "arm":
            return Case(ArmTest(case.arm), case.step_id)
        case _:
            raise ValueError(f"a case that leads to {case.step_id} asks what nobody here knows")


def _condition(condition: pb.CampaignCondition) -> Condition:
    return Condition(_fact(condition), condition.negated)


def _fact(condition: pb.CampaignCondition) -> Fact:
    match condition.WhichOneof("fact"):
        case "segment":
            return InSegment(condition.segment.segment_id)
        case "trait":
            return HasTrait(condition.trait.name, frozenset(condition.trait.values))
        case "cart_at_least":
            money = condition.cart_at_least
            return CartAtLeast(money.currency_code, money.units * NANOS + money.nanos)
        case "consent":
            return HasConsent(_kind(condition.consent.delivery_kind))
        case "channel":
            return FromChannel(frozenset(condition.channel.channel_kinds))
        case _:
            raise ValueError("a condition asks what nobody here knows")


def _window(window: pb.CampaignSendWindow) -> SendWindow:
    return SendWindow(window.start_minute, window.end_minute)


def _kind(kind: delivery_pb2.DeliveryKind.ValueType) -> DeliveryKind:
    """Read a way; the contract's constraints refuse an unspecified one."""
    return DeliveryKind(delivery_pb2.DeliveryKind.Name(kind).removeprefix("DELIVERY_KIND_"))


def state_to_proto(state: CampaignState) -> pb.CampaignState.ValueType:
    """Write where a campaign stands."""
    return pb.CampaignState.Value(f"CAMPAIGN_STATE_{state}")


def state_from_proto(state: pb.CampaignState.ValueType) -> CampaignState | None:
    """Read a state that is asked for; None for any."""
    if state == pb.CAMPAIGN_STATE_UNSPECIFIED:
        return None
    return CampaignState(pb.CampaignState.Name(state).removeprefix("CAMPAIGN_STATE_"))


def enrolment_to_proto(one: Enrolment, customer_id: str) -> pb.Enrolment:
    """Write a customer's way through a campaign."""
    written = pb.Enrolment(
        enrolment_id=one.enrolment_id,
        customer_id=customer_id,
        campaign_id=one.campaign_id,
        campaign_version=one.campaign_version,
        trigger_kind=pb.CampaignTriggerKind.Value(f"CAMPAIGN_TRIGGER_KIND_{one.trigger.kind}"),
        subject=one.trigger.subject,
        arm=one.arm,
        step_id=one.step_id,
        due_time=to_timestamp(one.due_time) if one.due_time else None,
        enter_time=to_timestamp(one.enter_time),
        end_time=to_timestamp(one.end_time) if one.end_time else None,
        end_reason=one.end_reason,
        steps=[step_to_proto(step) for step in one.path],
    )
    if one.conversion is not None:
        found = one.conversion
        written.conversion.order_id = found.order_id
        written.conversion.revenue.currency_code = found.currency_code
        written.conversion.revenue.units = found.units
        written.conversion.revenue.nanos = found.nanos
        kind = channel_pb2.ChannelKind.ValueType(found.channel_kind)
        written.conversion.channel.CopyFrom(channel_pb2.Channel(id=found.channel_id, kind=kind))
        written.conversion.order_time.CopyFrom(to_timestamp(found.order_time))
    return written


def step_to_proto(step: StepTaken) -> pb.EnrolmentStep:
    """Write a step that was taken."""
    return pb.EnrolmentStep(
        step_id=step.step_id, time=to_timestamp(step.time), outcome=step.outcome, message_id=step.message_id
    )
