"""Wires the aggregator: settings, clients, stores, operations, servicers, consumers and sweeps."""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial

from google.protobuf.message import Message

from libs.events.merges import MergeListener, undated
from libs.events.streams import Stream, internal_stream
from libs.journey_rules import JourneyRules, load_journey_rules
from libs.rpc.directory import CustomerDirectory
from libs.rpc.gathered_calls import GatheredCalls
from libs.service import Foundation, Parts, Service
from omnithread.cart.v1 import cart_internal_service_pb2
from omnithread.cart.v1.cart_events_pb2 import CartEvent
from omnithread.cart.v1.cart_internal_service_pb2_grpc import CartInternalServiceStub
from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceStub
from omnithread.cart.v1.handover_service_pb2_grpc import HandoverServiceStub
from omnithread.context.v1.context_internal_service_pb2_grpc import add_ContextInternalServiceServicer_to_server
from omnithread.context.v1.context_service_pb2_grpc import add_ContextServiceServicer_to_server
from omnithread.context.v1.interest_service_pb2_grpc import add_InterestServiceServicer_to_server
from omnithread.context.v1.privacy_service_pb2_grpc import add_PrivacyServiceServicer_to_server
from omnithread.messaging.v1 import messaging_internal_service_pb2
from omnithread.messaging.v1.messaging_events_pb2 import MessagingEvent
from omnithread.messaging.v1.messaging_internal_service_pb2_grpc import MessagingInternalServiceStub
from omnithread.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub
from omnithread.preference.v1 import preference_internal_service_pb2
from omnithread.preference.v1.preference_events_pb2 import PreferenceEvent
from omnithread.preference.v1.preference_internal_service_pb2_grpc import PreferenceInternalServiceStub
from omnithread.preference.v1.preference_service_pb2_grpc import PreferenceServiceStub
from omnithread.profile.v1 import profile_internal_service_pb2
from omnithread.profile.v1.profile_events_pb2 import ProfileEvent
from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceStub
from omnithread.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from services.aggregator.area_merges import AreaMerges
from services.aggregator.areas import Areas
from services.aggregator.caught_up import CaughtUp
from services.aggregator.consumer import Listener
from services.aggregator.erasure_gauges import OPEN_INDEX, erasure_counts
from services.aggregator.erasure_store import ERASURE_INDEXES, ERASURE_SHAPE, ERASURES, ErasureFinder
from services.aggregator.erasure_sweep import ErasureSweep
from services.aggregator.erasures import Erasures
from services.aggregator.explaining import Explaining
from services.aggregator.foreign_sessions import ForeignSessions
from services.aggregator.freshness import Freshness
from services.aggregator.identifying import Identifying
from services.aggregator.idle_journeys import IdleJourneys
from services.aggregator.interest_servicer import InterestServicer
from services.aggregator.internal_servicer import ContextInternalServicer
from services.aggregator.keeping.contexts import Contexts
from services.aggregator.keeping.kept import KeptContexts
from services.aggregator.keeping.metrics import KeepingMetrics
from services.aggregator.merging import Merges
from services.aggregator.model import AREA
from services.aggregator.operations import Journeys
from services.aggregator.partings import Partings
from services.aggregator.price_alerts import INTEREST_INDEX, PriceAlerts
from services.aggregator.price_changes import PRICE_CHANGE_INDEXES, PriceChanges
from services.aggregator.privacy import eraser_over
from services.aggregator.privacy_servicer import PrivacyServicer
from services.aggregator.reading import ContextReader
from services.aggregator.searching.parts import SEARCH_INDEXES, searching_parts
from services.aggregator.section_metrics import SectionMetrics
from services.aggregator.servicer import ContextServicer
from services.aggregator.sessions import Sessions
from services.aggregator.settings import AggregatorSettings
from services.aggregator.sources import Sources
from services.aggregator.store import INDEXES, SHAPE
from services.aggregator.troubles.parts import trouble_parts
from services.aggregator.uniting import Uniting
from services.aggregator.unmerging import Unmerges
from services.aggregator.watching.parts import watching_over


async def build(settings: AggregatorSettings, foundation: Foundation) -> Parts:
    """Put the parts together."""
    sources = open_sources(foundation)
    journeys = journeys_over(foundation, sources, load_journey_rules(settings.journeys_file))
    streams = streams_of(settings, sources)
    merges = MergeListener(area=AREA, absorb=undated(journeys.absorb), profile=sources.profile_internal)
    foreign_sessions = ForeignSessions(foundation.registry)
    area_merges = AreaMerges(sources)
    partings = Partings(records=journeys.records, database=journeys.database, clock=journeys.clock)

    async def catch_up(customer_id: str, areas: Iterable[str], *, timeout_seconds: float) -> bool:
        # The consumer that listens calls what undoes merges, and that asks the consumer to hear all first.
        return await freshness.catch_up_areas(customer_id, areas, timeout_seconds=timeout_seconds)

    unmerges = Unmerges(partings=partings, area_merges=area_merges, catch_up=catch_up)
    listener = Listener(journeys=journeys, merges=merges, unmerges=unmerges, foreign_sessions=foreign_sessions)

    async def handle(area: str, event: Message) -> None:
        await listener.handle(area, event)
        watching.heard(area, event)  # the consumer hears of it also while Kafka is away

    consumer = foundation.consumer(
        group=settings.group("aggregator"),
        streams=list(streams.values()),
        handle=handle,
    )
    freshness = Freshness(listening=consumer, streams=streams)
    waiting_merges = Merges(journeys=journeys, sources=sources)
    troubles = trouble_parts(settings, foundation, journeys, sources.cart_internal)
    reader = ContextReader(
        journeys=journeys,
        sources=sources,
        uniting=Uniting(merges=waiting_merges, unmerges=unmerges),
        freshness=freshness,
        caught_up=CaughtUp(),
        metrics=SectionMetrics(foundation.registry),
        missing_sections=troubles.missing_sections,
    )
    kept = KeptContexts(most=settings.kept_contexts, most_bytes=settings.kept_context_bytes)
    contexts = Contexts(
        identifying=Identifying(sources),
        reader=reader,
        kept=kept,
        metrics=KeepingMetrics(foundation.registry, kept),
        clock=foundation.clock,
    )
    servicer = ContextServicer(
        sessions=Sessions(journeys=journeys, sources=sources, merges=waiting_merges, reader=reader),
        contexts=contexts,
        journeys=journeys,
        reader=reader,
        explaining=Explaining(records=journeys.records, area_merges=area_merges),
        foreign_sessions=foreign_sessions,
        most_answer_seconds=settings.most_answer_seconds,
    )
    areas = Areas(
        sources=sources,
        eraser=eraser_over(journeys.records, foundation.database, foundation.clock),
        database=foundation.database,
    )
    erasures = erasures_over(settings, foundation, journeys, areas)
    privacy = PrivacyServicer(areas=areas, erasures=erasures, most_answer_seconds=settings.most_answer_seconds)
    erasure_sweep = ErasureSweep(erasures, foundation.clock, settings.erasure_sweep_seconds)
    watching = watching_over(
        settings,
        foundation,
        journeys=journeys,
        sources=sources,
        reader=reader,
        kept=kept,
        streams=list(streams.values()),
    )
    idle = IdleJourneys(journeys=journeys, clock=foundation.clock, pause_seconds=settings.journey_sweep_seconds)
    changes = PriceChanges(database=foundation.database, clock=foundation.clock)
    alerts = PriceAlerts(
        changes=changes,
        journeys=journeys,
        interest=timedelta(days=settings.interest_days),
        clock=foundation.clock,
        pause_seconds=settings.price_sweep_seconds,
        tracer=foundation.tracer,
    )
    erasing = erasure_counts(foundation.registry, foundation.database, foundation.clock)
    searching = searching_parts(settings, foundation, journeys.records)
    return Parts(
        registrations=[
            partial(add_ContextServiceServicer_to_server, servicer),
            partial(add_InterestServiceServicer_to_server, InterestServicer(changes, foundation.clock)),
            partial(add_PrivacyServiceServicer_to_server, privacy),
            watching.registration,
            searching.registration,
            partial(add_ContextInternalServiceServicer_to_server, ContextInternalServicer(journeys)),
        ],
        consumers=[consumer],
        sweeps={
            "idle-journeys": idle.run,
            "erasures": erasure_sweep.run,
            "erasure-counts": erasing.run,
            "price-alerts": alerts.run,
            **troubles.sweeps(),
            **watching.sweeps,
            **searching.sweeps,
        },
        most_streams=settings.most_watchers,
        stopping=watching.stopping,
        close=watching.close,
    )


def open_sources(foundation: Foundation) -> Sources:
    """Open the channels to the four services: in the caller's name for reading, in our own for their internal part."""
    four = ("profile", "cart", "preference", "messaging")
    own = {name: foundation.channel(name) for name in four}
    forward = {name: channel.forwarding(gathered=GatheredCalls(name, channel)) for name, channel in own.items()}
    return Sources(
        profile=ProfileServiceStub(forward["profile"]),
        cart=CartServiceStub(forward["cart"]),
        preference=PreferenceServiceStub(forward["preference"]),
        messaging=MessagingServiceStub(forward["messaging"]),
        handovers=HandoverServiceStub(forward["cart"]),
        own_profile=ProfileServiceStub(own["profile"]),
        own_cart=CartServiceStub(own["cart"]),
        own_preference=PreferenceServiceStub(own["preference"]),
        own_messaging=MessagingServiceStub(own["messaging"]),
        profile_internal=ProfileInternalServiceStub(own["profile"]),
        cart_internal=CartInternalServiceStub(own["cart"]),
        preference_internal=PreferenceInternalServiceStub(own["preference"]),
        messaging_internal=MessagingInternalServiceStub(own["messaging"]),
    )


def journeys_over(foundation: Foundation, sources: Sources, rules: JourneyRules) -> Journeys:
    """Put the operations on the aggregator's own records together."""
    directory = CustomerDirectory(sources.profile_internal)
    records = foundation.records(SHAPE, admit=directory.admit)
    return Journeys(
        records=records,
        database=foundation.database,
        directory=directory,
        clock=foundation.clock,
        new_id=foundation.new_id,
        rules=rules,
    )


def erasures_over(settings: AggregatorSettings, foundation: Foundation, journeys: Journeys, areas: Areas) -> Erasures:
    """Put what can be done about erasures together."""
    documents = foundation.documents(ERASURES, ERASURE_SHAPE)
    return Erasures(
        documents=documents,
        finder=ErasureFinder(foundation.database),
        records=journeys.records,
        areas=areas,
        again_after=timedelta(seconds=settings.erasure_again_seconds),
        clock=foundation.clock,
        new_id=foundation.new_id,
    )


def streams_of(settings: AggregatorSettings, sources: Sources) -> dict[str, Stream]:
    """Name what the aggregator listens to, by area."""
    internals = [
        ("profile", sources.profile_internal, ProfileEvent, profile_internal_service_pb2),
        ("cart", sources.cart_internal, CartEvent, cart_internal_service_pb2),
        ("preference", sources.preference_internal, PreferenceEvent, preference_internal_service_pb2),
        ("messaging", sources.messaging_internal, MessagingEvent, messaging_internal_service_pb2),
    ]
    return {
        area: internal_stream(area, stub, topic=settings.topic(area), event_type=event_type, messages=messages)
        for area, stub, event_type, messages in internals
    }


SERVICE = Service(
    name="aggregator",
    area=AREA,
    settings=AggregatorSettings,
    build=build,
    indexes=(*INDEXES, *ERASURE_INDEXES, OPEN_INDEX, *PRICE_CHANGE_INDEXES, INTEREST_INDEX, *SEARCH_INDEXES),
)
