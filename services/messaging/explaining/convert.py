"""Translates words: what is told of messages and silences, and what the contract calls it."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from libs.timestamps import to_timestamp
from omnithread.common.v1.channel_pb2 import Channel, ChannelKind
from omnithread.messaging.v1 import explanation_pb2 as pb
from services.messaging.convert import kind_to_proto, summary_to_proto
from services.messaging.deciding.judgement import Finding, Judgement
from services.messaging.explaining.stories import MessageStory, SilenceStory, TriggerStory, words_of_message
from services.messaging.explaining.words import words_of_finding, words_of_judgement
from services.messaging.values import WAITING_STATES, Message, summary_of


def message_story_to_proto(story: MessageStory) -> pb.MessageExplanation:
    """Write the chain of a message."""
    message = story.message
    waits = message.state in WAITING_STATES
    return pb.MessageExplanation(
        message=summary_to_proto(summary_of(message)),
        cause=_cause_to_proto(message),
        judgements=[judgement_to_proto(judgement) for judgement in message.judgements],
        now=judgement_to_proto(story.now) if story.now else None,
        due_time=to_timestamp(message.due_time) if waits else None,
        expire_time=to_timestamp(message.expire_time),
        attempts=message.attempts,
        deliveries=[
            pb.DeliveryNote(kind=receipt.kind, time=to_timestamp(receipt.time)) for receipt in message.receipts
        ],
        words=words_of_message(story),
        unavailable_services=story.away,
        provider_id=message.provider_id,
        order_id=story.conversion.order_id if story.conversion else "",
        order_time=_time(story.conversion.order_time if story.conversion else None),
    )


def silence_story_to_proto(story: SilenceStory) -> pb.SilenceExplanation:
    """Write why something did not come."""
    return pb.SilenceExplanation(
        reason=story.reason,
        messages=[message_story_to_proto(message) for message in story.messages],
        triggers=[_trigger_to_proto(trigger) for trigger in story.triggers],
        ways=[
            pb.WayExplanation(delivery_kind=kind_to_proto(way.kind), judgement=judgement_to_proto(way.judgement))
            for way in story.ways
        ],
        facts=[finding_to_proto(finding) for finding in story.facts],
        words=story.words,
        unavailable_services=story.away,
    )


def judgement_to_proto(judgement: Judgement) -> pb.Judgement:
    """Write a judgement with its words."""
    return pb.Judgement(
        time=to_timestamp(judgement.time),
        verdict=pb.JudgementVerdict.Value(f"JUDGEMENT_VERDICT_{judgement.verdict}"),
        reason=judgement.reason,
        until_time=_time(judgement.until),
        findings=[finding_to_proto(finding) for finding in judgement.findings],
        inputs=[pb.InputVersion(source=source, version=version) for source, version in judgement.inputs],
        traceparent=judgement.traceparent,
        words=words_of_judgement(judgement),
    )


def finding_to_proto(finding: Finding) -> pb.Finding:
    """Write what one gate said."""
    return pb.Finding(
        gate=finding.gate,
        verdict=pb.GateVerdict.Value(f"GATE_VERDICT_{finding.verdict}"),
        reason=finding.reason,
        facts=[pb.Fact(name=name, value=value) for name, value in finding.facts],
        words=words_of_finding(finding),
    )


def _cause_to_proto(message: Message) -> pb.MessageCause:
    origin, step = message.origin, message.campaign
    return pb.MessageCause(
        cause_id=message.cause,
        channel=Channel(id=origin.channel_id, kind=ChannelKind.ValueType(origin.channel_kind)),
        session_id=origin.session_id,
        journey_id=origin.journey_id,
        traceparent=origin.traceparent,
        cart_id=message.cart_id,
        sku=message.sku,
        campaign_id=step.campaign_id if step else "",
        campaign_version=step.campaign_version if step else 0,
        enrolment_id=step.enrolment_id if step else "",
        step_id=step.step_id if step else "",
        arm=step.arm if step else "",
    )


def _trigger_to_proto(trigger: TriggerStory) -> pb.TriggerExplanation:
    return pb.TriggerExplanation(
        event_id=trigger.event_id,
        kind=trigger.kind,
        time=to_timestamp(trigger.time),
        outcome=trigger.outcome,
        result_id=trigger.result_id,
        words=trigger.words,
    )


def _time(moment: datetime | None) -> Timestamp | None:
    return to_timestamp(moment) if moment else None
