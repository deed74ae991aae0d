"""Journeys as the suite gives them -> marks. Reads no more than can be drawn."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

import omnithread
from omnithread.context.v1.context_pb2 import Journey, Touchpoint
from omnithread.context.v1.context_service_pb2 import GetJourneyRequest
from services.console.journeys.marks import Mark

PAGE = 100
MAX_TOUCHPOINTS = 1000
TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")


@dataclass(frozen=True, slots=True)
class JourneyRead:
    """One journey, or as much of it as is drawn at once."""

    journey: Journey
    marks: tuple[Mark, ...]
    """In order of time."""
    next_page_token: str = ""
    """Where the rest begins; empty where this is all."""


async def read_journey(
    client: omnithread.Omnithread,
    customer_id: str,
    journey_id: str,
    *,
    page_token: str = "",
    limit: int = MAX_TOUCHPOINTS,
) -> JourneyRead:
    """Read a journey's touchpoints, from a page on, until there are as many as `limit`.

    One call for each hundred. Raises grpc.RpcError.
    """
    marks: list[Mark] = []
    while True:
        answer = await client.context.GetJourney(
            GetJourneyRequest(customer_id=customer_id, journey_id=journey_id, page_size=PAGE, page_token=page_token)
        )
        marks.extend(marks_of(answer.touchpoints))
        page_token = answer.next_page_token
        if not page_token or len(marks) >= limit:
            return JourneyRead(journey=answer.journey, marks=tuple(marks), next_page_token=page_token)


def marks_of(touchpoints: Iterable[Touchpoint]) -> list[Mark]:
    """Read touchpoints."""
    return [mark_of(touchpoint) for touchpoint in touchpoints]


def mark_of(touchpoint: Touchpoint) -> Mark:
    """Read one touchpoint."""
    traced = TRACEPARENT.fullmatch(touchpoint.traceparent)
    return Mark(
        touchpoint_id=touchpoint.touchpoint_id,
        time=time_of(touchpoint.occur_time),
        channel_id=touchpoint.channel.id,
        channel_kind=touchpoint.channel.kind,
        kind=touchpoint.kind,
        summary=touchpoint.summary,
        subject=touchpoint.subject,
        attributes=tuple((attribute.key, attribute.value) for attribute in touchpoint.attributes),
        session_id=touchpoint.session_id,
        trace_id=traced.group(1) if traced else "",
        by_customer=touchpoint.by_customer,
        area=touchpoint.area,
    )


def time_of(timestamp: Timestamp) -> datetime:
    """Read a time, in UTC."""
    return timestamp.ToDatetime(tzinfo=UTC)
