"""Puts the parts of watching together."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from google.protobuf.message import Message

from libs.events.streams import Stream, own_stream
from libs.events.tail import EventTail
from libs.rpc.server import Registration
from libs.service import Foundation
from omnithread.context.v1.context_events_pb2 import ContextEvent
from omnithread.context.v1.watch_service_pb2_grpc import add_WatchServiceServicer_to_server
from services.aggregator.identifying import Identifying
from services.aggregator.keeping.kept import KeptContexts
from services.aggregator.model import AREA
from services.aggregator.operations import Journeys
from services.aggregator.reading import ContextReader
from services.aggregator.settings import AggregatorSettings
from services.aggregator.sources import Sources
from services.aggregator.watching.lineage import Lineage
from services.aggregator.watching.metrics import WatchMetrics
from services.aggregator.watching.operations import Watching
from services.aggregator.watching.rounds import Pace, Rounds
from services.aggregator.watching.servicer import WatchServicer
from services.aggregator.watching.stuck import StuckStreams
from services.aggregator.watching.watchers import Limits, Watchers


@dataclass(frozen=True, slots=True)
class WatchParts:
    """What the aggregator adds to itself."""

    registration: Registration
    heard: Callable[[str, Message], None]
    """Takes in an event that somebody else heard, by its area."""
    sweeps: Mapping[str, Callable[[], Awaitable[None]]]
    stopping: Callable[[], None]
    """Ends all streams: the process is asked to stop."""
    close: Callable[[], Awaitable[None]]


def watching_over(
    settings: AggregatorSettings,
    foundation: Foundation,
    *,
    journeys: Journeys,
    sources: Sources,
    reader: ContextReader,
    kept: KeptContexts,
    streams: Sequence[Stream],
) -> WatchParts:
    """Give what serves watchers, and lets go of what is kept; `streams` are those of the four services."""
    metrics = WatchMetrics(foundation.registry)
    watchers = Watchers(
        Limits(
            in_process=settings.most_watchers,
            per_channel=settings.most_channel_watchers,
            per_customer=settings.most_customer_watchers,
        )
    )
    metrics.watchers.set_function(lambda: watchers.count)
    rounds = Rounds(
        watchers=watchers,
        reader=reader,
        pace=Pace(read_seconds=settings.most_answer_seconds, look_seconds=settings.watch_look_seconds),
        metrics=metrics,
        clock=foundation.clock,
        random=foundation.random,
        tracer=foundation.tracer,
    )
    own = own_stream(
        AREA, journeys.records, topic=settings.topic(AREA), event_type=ContextEvent, clock=foundation.clock
    )

    def heard(area: str, event: Message) -> None:
        kept.heard(area, event)  # first: what watchers are shown is read for them anew
        rounds.heard(area, event)

    def may_have_missed() -> None:
        kept.may_have_missed()
        rounds.may_have_missed()

    tail = EventTail(kafka=foundation.kafka, streams=[*streams, own], on_event=heard, on_gap=may_have_missed)
    stuck = StuckStreams(watchers=watchers, most_write_seconds=settings.watch_write_seconds, metrics=metrics)
    watching = Watching(
        watchers=watchers,
        rounds=rounds,
        lineage=Lineage(sources.profile_internal),
        metrics=metrics,
        clock=foundation.clock,
    )
    servicer = WatchServicer(
        watching=watching, identifying=Identifying(sources), most_answer_seconds=settings.most_answer_seconds
    )
    return WatchParts(
        registration=partial(add_WatchServiceServicer_to_server, servicer),
        heard=heard,
        sweeps={"watch-tail": tail.run, "watch-rounds": rounds.run, "watch-stuck": stuck.run},
        stopping=watchers.stop,
        close=rounds.stop,
    )
