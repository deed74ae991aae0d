"""Serves one of the five: `python -m tests.bench.reference.naive PORT` with the rest in the environment."""

import asyncio
import sys

import grpc
import structlog
from motor.motor_asyncio import AsyncIOMotorClient
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.grpc import GrpcAioInstrumentorClient, GrpcAioInstrumentorServer
from opentelemetry.instrumentation.pymongo import PymongoInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

from deploy.local.ports import LOOPBACK
from omnithread.cart.v1.cart_service_pb2_grpc import add_CartServiceServicer_to_server
from omnithread.context.v1.context_service_pb2_grpc import add_ContextServiceServicer_to_server
from omnithread.messaging.v1.messaging_service_pb2_grpc import add_MessagingServiceServicer_to_server
from omnithread.preference.v1.preference_service_pb2_grpc import add_PreferenceServiceServicer_to_server
from omnithread.profile.v1.profile_service_pb2_grpc import add_ProfileServiceServicer_to_server
from tests.bench.reference.naive.aggregator import NaiveAggregator
from tests.bench.reference.naive.cart import NaiveCart
from tests.bench.reference.naive.messaging import NaiveMessaging
from tests.bench.reference.naive.preference import NaivePreference
from tests.bench.reference.naive.profile import NaiveProfile
from tests.bench.reference.naive.settings import NaiveSettings
from tests.bench.reference.naive.words import Record


def observe(settings: NaiveSettings) -> None:
    """Set up what everybody sets up: tracing of calls and of the driver, and logs as JSON."""
    provider = TracerProvider(
        resource=Resource.create({"service.name": settings.name}),
        sampler=ParentBasedTraceIdRatio(settings.trace_ratio),
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    GrpcAioInstrumentorServer().instrument()  # type: ignore[no-untyped-call]  # it has no types
    GrpcAioInstrumentorClient().instrument()  # type: ignore[no-untyped-call]  # as above
    PymongoInstrumentor().instrument()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(),
        ]
    )


async def serve(port: int, settings: NaiveSettings) -> None:
    """Serve until killed."""
    client: AsyncIOMotorClient[Record] = AsyncIOMotorClient(settings.mongo_uri, tz_aware=True)
    database = client[settings.database]
    server = grpc.aio.server()
    # Each of the five leaves out all methods but the one that a context needs.
    match settings.name:
        case "profile":
            add_ProfileServiceServicer_to_server(NaiveProfile(database), server)  # type: ignore[abstract]
        case "cart":
            add_CartServiceServicer_to_server(NaiveCart(database), server)  # type: ignore[abstract]
        case "preference":
            add_PreferenceServiceServicer_to_server(NaivePreference(database), server)  # type: ignore[abstract]
        case "messaging":
            add_MessagingServiceServicer_to_server(NaiveMessaging(database), server)  # type: ignore[abstract]
        case _:
            aggregator = NaiveAggregator(database, settings.addresses)  # type: ignore[abstract]
            add_ContextServiceServicer_to_server(aggregator, server)
    server.add_insecure_port(f"{LOOPBACK}:{port}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    told = NaiveSettings.read()
    observe(told)
    asyncio.run(serve(int(sys.argv[1]), told))  # the loop that everybody has
