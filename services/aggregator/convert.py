"""Translates words: what the contract says, and what the model says."""

from collections.abc import Iterable

from libs.mongo.values import Saved
from libs.timestamps import from_timestamp, to_timestamp
from omnithread.common.v1 import attribute_pb2, channel_pb2
from omnithread.context.v1 import context_pb2, context_service_pb2
from services.aggregator import errors
from services.aggregator.journey_convert import journey_to_proto
from services.aggregator.journey_spans import journey_at, spans
from services.aggregator.model import Sighting
from services.aggregator.values import Thread, Touchpoint, View


def sighting_from_request(request: context_service_pb2.RecordTouchpointRequest) -> Sighting:
    """Read what a channel saw; without a time of its own it happened when the request was issued."""
    stated = request.occur_time if request.HasField("occur_time") else request.issue_time
    return Sighting(
        kind=request.kind,
        subject=request.subject,
        attributes=_attributes_from_proto(request.attributes),
        occur_time=from_timestamp(stated),
        skus=tuple(request.skus),
        offer_codes=tuple(request.offer_codes),
    )


def touchpoint_to_proto(touchpoint: Touchpoint, *, journey_id: str) -> context_pb2.Touchpoint:
    """Write a touchpoint with the journey that its time gives it."""
    return context_pb2.Touchpoint(
        touchpoint_id=touchpoint.touchpoint_id,
        journey_id=journey_id,
        session_id=touchpoint.session_id,
        channel=channel_pb2.Channel(
            id=touchpoint.channel_id, kind=channel_pb2.ChannelKind.ValueType(touchpoint.channel_kind)
        ),
        kind=context_pb2.TouchpointKind.ValueType(touchpoint.kind),
        summary=touchpoint.summary,
        subject=touchpoint.subject,
        attributes=[attribute_pb2.Attribute(key=key, value=value) for key, value in touchpoint.attributes],
        occur_time=to_timestamp(touchpoint.occur_time),
        traceparent=touchpoint.traceparent,
        by_customer=touchpoint.by_customer,
        area=touchpoint.area,
    )


def section_to_proto(saved: Saved[Thread]) -> context_pb2.JourneySection:
    """Write the journey section: the present journey or the last, and its newest touchpoints; empty before any."""
    known = spans(saved.state.timeline)
    if not known:
        return context_pb2.JourneySection()
    present = known[-1]
    return context_pb2.JourneySection(
        journey=journey_to_proto(present, customer_id=saved.customer_id),
        recent_touchpoints=[
            touchpoint_to_proto(touchpoint, journey_id=present.journey_id)
            for touchpoint in saved.state.recent_touchpoints
            if journey_at(saved.state.timeline, touchpoint.occur_time) == present.journey_id
        ],
        viewed_products=[_view_to_proto(view) for view in saved.state.views],
        came_for=_came_for_to_proto(saved.state, present.journey_id),
    )


def _view_to_proto(view: View) -> context_pb2.ViewedProduct:
    return context_pb2.ViewedProduct(
        sku=view.sku,
        view_count=view.count,
        first_view_time=to_timestamp(view.first_time),
        last_view_time=to_timestamp(view.last_time),
        last_channel=view.last_channel.to_proto(),
    )


def _came_for_to_proto(thread: Thread, present_journey_id: str) -> context_pb2.CameFor | None:
    came_for = thread.came_for
    if came_for is None or journey_at(thread.timeline, came_for.occur_time) != present_journey_id:
        return None
    return context_pb2.CameFor(
        campaign_id=came_for.campaign_id,
        skus=came_for.skus,
        offer_codes=came_for.offer_codes,
        channel=came_for.channel.to_proto(),
        occur_time=to_timestamp(came_for.occur_time),
    )


def _attributes_from_proto(attributes: Iterable[attribute_pb2.Attribute]) -> tuple[tuple[str, str], ...]:
    keys: set[str] = set()
    for index, attribute in enumerate(attributes):
        if attribute.key in keys:
            raise errors.attribute_duplicate(index)
        keys.add(attribute.key)
    return tuple(sorted((attribute.key, attribute.value) for attribute in attributes))
