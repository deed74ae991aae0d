"""Where a trace stands in its journey: what came before it, and what after. So a journey is walked trace by trace.

It is read from the journey's touchpoints, which stay when spans expire: the walk goes on over traces that are gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import grpc

import omnithread
from omnithread.context.v1.context_pb2 import Journey
from services.console.journeys.marks import Mark
from services.console.journeys.reading import read_journey

UNKNOWN = frozenset({grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT})


@dataclass(frozen=True, slots=True)
class Around:
    """A trace in its journey."""

    customer_id: str
    journey: Journey
    here: tuple[Mark, ...] = ()
    """The touchpoints of this trace; none where it is no touchpoint's, or lies beyond what was read."""
    before: Mark | None = None
    """The last touchpoint of another trace before them."""
    after: Mark | None = None
    """The first touchpoint of another trace after them."""


async def around(client: omnithread.Omnithread, *, customer_id: str, journey_id: str, trace_id: str) -> Around | None:
    """Find a trace in a journey, or None where there is no such journey. Raises grpc.RpcError where nobody answers."""
    if not customer_id or not journey_id:
        return None
    try:
        read = await read_journey(client, customer_id, journey_id)
    except grpc.RpcError as error:
        if omnithread.details_of(error).code in UNKNOWN:
            return None
        raise
    return placed(read.marks, trace_id=trace_id, customer_id=customer_id, journey=read.journey)


def placed(marks: Sequence[Mark], *, trace_id: str, customer_id: str, journey: Journey) -> Around:
    """Find a trace among marks in order of time; only those with a trace are stops on the way."""
    traced = [mark for mark in marks if mark.trace_id]
    places = [place for place, mark in enumerate(traced) if mark.trace_id == trace_id]
    if not places:
        return Around(customer_id=customer_id, journey=journey)
    first = places[0]
    # A trace may have touchpoints between those of others: after means after its first, as before means before it.
    later = next((mark for mark in traced[first:] if mark.trace_id != trace_id), None)
    return Around(
        customer_id=customer_id,
        journey=journey,
        here=tuple(traced[place] for place in places),
        before=traced[first - 1] if first else None,
        after=later,
    )
