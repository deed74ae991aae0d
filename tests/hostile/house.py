"""All five services in this process, watched in every place where something that a caller said could come out."""

import hashlib
import io
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bson
import grpc
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from prometheus_client import generate_latest

from deploy.local.keys import mint_channel_token, mint_service_token
from deploy.local.plan import SERVICES
from deploy.local.ports import free_port
from libs.ids import new_id
from libs.mongo.connection import Database, connect
from libs.mongo.shapes import RECORDS
from libs.service import Service
from libs.serving import Running
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest
from omnithread.context.v1.context_service_pb2 import GetCustomerContextRequest
from omnithread.messaging.v1.messaging_service_pb2 import GetMessagingOverviewRequest
from omnithread.preference.v1.preference_service_pb2 import GetPreferencesRequest
from omnithread.profile.v1.profile_pb2 import IDENTIFIER_KIND_COOKIE, Identifier
from omnithread.profile.v1.profile_service_pb2 import GetProfileRequest, IdentifyRequest, IdentifyResponse
from services.aggregator.service import SERVICE as AGGREGATOR
from services.cart.service import SERVICE as CART
from services.messaging.service import SERVICE as MESSAGING
from services.preference.service import SERVICE as PREFERENCE
from services.profile.service import SERVICE as PROFILE
from tests.hostile.contract import Rpc, rpcs
from tests.hostile.honest import CANARY
from tests.hostile.sending import Outcome, Sender
from tests.own_logging import logging_of_its_own
from tests.services.running import LOOPBACK, TOKEN_SECONDS, Services

CHANNEL = "call-centre"
ACTOR = "ben"
READS: Mapping[str, tuple[str, Any]] = {
    "profile": ("ProfileService/GetProfile", GetProfileRequest),
    "cart": ("CartService/GetCart", GetCartRequest),
    "preference": ("PreferenceService/GetPreferences", GetPreferencesRequest),
    "messaging": ("MessagingService/GetMessagingOverview", GetMessagingOverviewRequest),
    "aggregator": ("ContextService/GetCustomerContext", GetCustomerContextRequest),
}
"""What a customer's next read is at each service."""
ALL: tuple[Service[Any], ...] = (PROFILE, CART, PREFERENCE, MESSAGING, AGGREGATOR)  # of five kinds of settings
MOVES = frozenset({"outbox"})
"""What of a record the relay takes away by itself."""


@dataclass(slots=True)
class LeakySpans(SpanProcessor):
    """Looks at every span that ends, and keeps none."""

    seen: int = 0
    leaks: list[str] = field(default_factory=list)

    def on_end(self, span: ReadableSpan) -> None:
        """Look for what a person told."""
        self.seen += 1
        events = [(event.name, dict(event.attributes or {})) for event in span.events]
        said = f"{span.name} {dict(span.attributes or {})} {events} {span.status.description}"
        if CANARY in said.lower():
            self.leaks.append(said[:500])


@dataclass(frozen=True, slots=True)
class House:
    """The services, and what can be seen of them from outside."""

    senders: Mapping[str, Sender]
    databases: Mapping[str, Database]
    running: Mapping[str, Running]
    logs: io.StringIO
    spans: LeakySpans
    state: Path
    """Where keys are: of callers, and of the programs before the services."""

    async def send(self, rpc: Rpc, *messages: bytes) -> Outcome:
        """Call a method."""
        return await self.senders[rpc.service].send(rpc, *messages)

    async def new_customer(self) -> str:
        """Make a customer."""
        request = IdentifyRequest(
            identifiers=[Identifier(kind=IDENTIFIER_KIND_COOKIE, value=new_id("visitor"))], request_id=new_id("req")
        )
        request.issue_time.GetCurrentTime()
        outcome = await self.send(named("profile", "ProfileService/Identify"), request.SerializeToString())
        return IdentifyResponse.FromString(outcome.answer).profile.customer_id

    async def read(self, service: str, customer_id: str) -> Outcome:
        """Read the customer as a channel does next."""
        name, request = READS[service]
        return await self.send(named(service, name), request(customer_id=customer_id).SerializeToString())

    async def record(self, service: str, customer_id: str) -> bytes:
        """Give a print of the customer's record, of all that only a change changes."""
        document = await self.databases[service][RECORDS].find_one({"_id": customer_id})
        return b"" if document is None else _print({k: v for k, v in document.items() if k not in MOVES})

    async def everything(self, service: str) -> dict[str, bytes]:
        """Give a print of every document of a service, by collection and id."""
        database, found = self.databases[service], {}
        for name in await database.list_collection_names():
            async for document in database[name].find():
                found[f"{name} {document['_id']}"] = _print(document)
        return found

    def leaks(self) -> list[str]:
        """Say where something that a person told came out."""
        found = [f"a span: {leak}" for leak in self.spans.leaks]
        found += [f"a log line: {line}" for line in self.logs.getvalue().splitlines() if CANARY in line.lower()]
        for name, running in self.running.items():
            metrics = generate_latest(running.registry).decode()
            found += [f"a metric of {name}: {line}" for line in metrics.splitlines() if CANARY in line.lower()]
        return found

    def leaks_and_complaints(self) -> list[str]:
        """Give both, and begin anew."""
        found = self.leaks() + [f"a log line: {line[:600]}" for line in self.complaints()]
        self.spans.leaks.clear()
        self.logs.seek(0)
        self.logs.truncate()
        return found

    def complaints(self) -> list[str]:
        """Give the log lines that tell of a fault of ours."""
        return [line for line in self.logs.getvalue().splitlines() if '"level": "error"' in line]


def named(service: str, name: str) -> Rpc:
    """Give the method of this name."""
    return next(rpc for rpc in rpcs(service) if rpc.name == name)


def _print(document: Mapping[str, Any]) -> bytes:
    return hashlib.blake2b(bson.encode(document), digest_size=16).digest()


@asynccontextmanager
async def open_house(*, mongo_uri: str, kafka_bootstrap: str, prefix: str, state: Path) -> AsyncIterator[House]:
    """Start the services; they run while inside."""
    spans = LeakySpans()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(spans)
    async with AsyncExitStack() as stack:
        logs = stack.enter_context(logging_of_its_own())
        services = await stack.enter_async_context(
            Services(mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=prefix, state=state)
        )
        services.addresses |= {name: f"{LOOPBACK}:{free_port()}" for name in SERVICES}
        running = {
            each.name: await services.start(
                each, tracer=provider.get_tracer("hostile"), listen=services.addresses[each.name]
            )
            for each in ALL
        }
        client = connect(mongo_uri, app_name="hostile")
        stack.callback(client.close)
        senders = {}
        for name, each in running.items():
            channel = grpc.aio.insecure_channel(f"{LOOPBACK}:{each.port}")
            stack.push_async_callback(channel.close)
            senders[name] = Sender(
                channel=channel,
                channel_token=mint_channel_token(state, CHANNEL, actor=ACTOR, lifetime_seconds=TOKEN_SECONDS),
                mail_token=mint_channel_token(state, "mail-gateway", lifetime_seconds=TOKEN_SECONDS),
                service_tokens={
                    one: mint_service_token(state, one, lifetime_seconds=TOKEN_SECONDS) for one in (*SERVICES, "door")
                },
            )
        yield House(
            senders=senders,
            databases={name: client[services.database_name(name)] for name in running},
            running=running,
            logs=logs,
            spans=spans,
            state=state,
        )
