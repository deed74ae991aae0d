"""The page of one journey: its picture, its touchpoints as a table, and the way to the journeys before and after."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import grpc
from starlette.requests import Request
from starlette.responses import Response

import omnithread
from omnithread.context.v1.context_pb2 import Journey, JourneyOutcome
from omnithread.context.v1.context_service_pb2 import ListJourneysRequest
from services.console.console import Console
from services.console.journeys.layout import Heap, Layout, layout_of
from services.console.journeys.marks import WORDS, Mark, channel_words
from services.console.journeys.reading import read_journey
from services.console.journeys.shapes import SHAPES
from services.console.journeys.view import View, page_of, view_of
from services.console.traces.durations import briefly, lasted
from services.console.web.failures import nothing_here
from services.console.web.requests import signed_in

ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
MAX_DRAWN = 500
"""So many touchpoints are read and drawn at once; of longer journeys the rest is on further pages."""
MAX_JOURNEYS = 100
LABEL_WIDTH = 96.0
"""So far apart the times under the picture stand at least."""
MAX_IN_A_HEAP = 40
OUTCOMES = {
    JourneyOutcome.JOURNEY_OUTCOME_GOAL_REACHED: ("a goal was reached", "good"),
    JourneyOutcome.JOURNEY_OUTCOME_INACTIVE: ("fell silent without a goal", "warn"),
    JourneyOutcome.JOURNEY_OUTCOME_CANCELLED: ("an order was cancelled", "bad"),
}


@dataclass(frozen=True, slots=True)
class TimeLabel:
    """A time under the picture, which leads closer."""

    x: float
    words: str
    closer: View


class JourneyPages:
    """Answers for one journey."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._zone = ZoneInfo(console.settings.time_zone)

    async def picture(self, request: Request) -> Response:
        """Show it."""
        customer_id, asked_id = request.path_params["customer_id"], request.path_params["journey_id"]
        if not ID.fullmatch(customer_id) or not ID.fullmatch(asked_id):
            raise nothing_here()
        asked = queries(request)
        client = self._console.clients.of(signed_in(request))
        read = await read_journey(client, customer_id, asked_id, page_token=page_of(asked), limit=MAX_DRAWN)
        journey = read.journey
        view = view_of(asked, read.marks)
        chosen = view.chosen(read.marks)
        shown = view.within(chosen)
        layout = await asyncio.to_thread(layout_of, shown, fold_after=view.fold_after)
        outcome, tone = outcome_of(journey)
        return await self._console.rendering.large_page(
            request,
            "journeys/journey.html",
            customer_id=customer_id,
            journey=journey,
            outcome=outcome,
            tone=tone,
            following=await _following(client, customer_id, journey),
            view=view,
            is_live=not journey.HasField("end_time") and not read.next_page_token,
            base=f"/customers/{customer_id}/journeys/{journey.journey_id}",
            read_count=len(read.marks),
            next_page=read.next_page_token,
            shown=shown,
            earlier=view.earlier(chosen),
            later=view.later(chosen),
            lanes=sorted({mark.lane for mark in read.marks}),
            layout=layout,
            heaps=sorted(layout.heaps, key=lambda heap: (heap.x, heap.y)) if layout else (),
            labels=self._labels(layout, view) if layout else (),
            shapes=SHAPES,
            group_words=WORDS,
            heap_words=self._heap_words,
            most_in_a_heap=MAX_IN_A_HEAP,
            channel_words=channel_words,
            trace_address=trace_address,
            lasted=lasted,
            briefly=briefly,
        )

    def _labels(self, layout: Layout, view: View) -> list[TimeLabel]:
        """Say when stretches begin, as far as there is room; the newest days are named in any case."""
        labels: list[TimeLabel] = []
        for stretch in reversed(layout.axis.stretches):
            if labels and labels[-1].x - stretch.left < LABEL_WIDTH:
                continue
            labels.append(
                TimeLabel(x=stretch.left, words=self._clock(stretch.begin), closer=view.closer(stretch.begin))
            )
        return labels[::-1]

    def _clock(self, time: datetime) -> str:
        there = time.astimezone(self._zone)
        return f"{there.day} {there:%b %H:%M}"

    def _heap_words(self, heap: Heap) -> str:
        first = heap.marks[0]
        if len(heap.marks) == 1:
            by = "" if first.by_customer else ", by the company"
            return f"{self._clock(first.time)}, {first.lane}: {first.kind_words}{by}"
        kinds = sorted({mark.kind_words for mark in heap.marks})
        return f"{self._clock(first.time)}, {first.lane}: {len(heap.marks)} touchpoints ({', '.join(kinds)})"


def outcome_of(journey: Journey) -> tuple[str, str]:
    """Say how a journey ended, and the tone in which."""
    if not journey.HasField("end_time"):
        return ("a goal was reached, it goes on", "good") if journey.goals else ("it goes on", "")
    return OUTCOMES.get(journey.outcome, ("it is over", ""))


def queries(request: Request) -> Mapping[str, Sequence[str]]:
    """Give an address's query, each name with all its values."""
    return {name: request.query_params.getlist(name) for name in request.query_params}


async def _following(client: omnithread.Omnithread, customer_id: str, journey: Journey) -> str:
    """Give the journey after this one; empty where there is none, or nobody can say."""
    try:
        listed = await client.context.ListJourneys(ListJourneysRequest(customer_id=customer_id, page_size=MAX_JOURNEYS))
    except grpc.RpcError:
        return ""
    later = [one for one in listed.journeys if one.previous_journey_id == journey.journey_id]
    return later[0].journey_id if later else ""


def trace_address(customer_id: str, journey_id: str, mark: Mark) -> str:
    """Give where the trace of a touchpoint is shown."""
    return f"/traces/{mark.trace_id}?customer={customer_id}&journey={journey_id}"
