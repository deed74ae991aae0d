"""A real server behind the door, with a cart service that does what a test tells it to."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status as WireStatus
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry

from deploy.local.keys import Keys, mint_channel_token
from libs.audit.calls import CallAudit
from libs.clock import Clock, system_clock
from libs.rpc.access import SERVICES
from libs.rpc.admission import Admission
from libs.rpc.certificates import Certificates
from libs.rpc.channels import ChannelRegistry
from libs.rpc.door import Door
from libs.rpc.fetched_keys import FetchedKeys
from libs.rpc.incoming import StreamLimits
from libs.rpc.open_streams import OpenStreams
from libs.rpc.peers import Peers
from libs.rpc.quotas import Quotas
from libs.rpc.reads_together import ReadsTogether
from libs.rpc.server import Registration, RpcServer, handlers
from libs.rpc.tokens import MOST_SECONDS, KeyRing, TokenVerifier
from libs.rpc.validation import Validation
from libs.telemetry.metrics import CallMetrics
from libs.telemetry.tracing import tracer_provider
from omnithread.cart.v1 import cart_internal_service_pb2, cart_service_pb2
from omnithread.cart.v1.cart_internal_service_pb2_grpc import (
    CartInternalServiceServicer,
    CartInternalServiceStub,
    add_CartInternalServiceServicer_to_server,
)
from omnithread.cart.v1.cart_pb2 import Cart
from omnithread.cart.v1.cart_service_pb2_grpc import (
    CartServiceServicer,
    CartServiceStub,
    add_CartServiceServicer_to_server,
)

if TYPE_CHECKING:
    from omnithread.cart.v1.cart_internal_service_pb2_grpc import CartInternalServiceAsyncStub
    from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceAsyncStub

CHANNELS = Path("deploy/channels.toml")
GET_CART = "/omnithread.cart.v1.CartService/GetCart"
ASK = cart_service_pb2.GetCartRequest(customer_id="cus_1")
Answer = Callable[[cart_service_pb2.GetCartRequest], Awaitable[cart_service_pb2.GetCartResponse]]


class ScriptedCart(CartServiceServicer):
    """Answers GetCart as the test says."""

    def __init__(self) -> None:
        self.answer: Answer = _empty_cart

    async def GetCart(  # noqa: N802  the contract's name
        self, request: cart_service_pb2.GetCartRequest, _context: object
    ) -> cart_service_pb2.GetCartResponse:
        return await self.answer(request)


class ScriptedInternalCart(CartInternalServiceServicer):
    """Answers ReplayEvents with nothing, and reads that come together as every service does."""

    def __init__(self) -> None:
        self.reads_together = ReadsTogether()

    async def ReadTogether(  # noqa: N802  the contract's name
        self, request: cart_internal_service_pb2.ReadTogetherRequest, context: object
    ) -> cart_internal_service_pb2.ReadTogetherResponse:
        return await self.reads_together.answer(
            request, context, response_type=cart_internal_service_pb2.ReadTogetherResponse
        )

    async def ReplayEvents(  # noqa: N802  the contract's name
        self, _request: cart_internal_service_pb2.ReplayEventsRequest, _context: object
    ) -> cart_internal_service_pb2.ReplayEventsResponse:
        return cart_internal_service_pb2.ReplayEventsResponse()


@dataclass(frozen=True, slots=True)
class OpenedDoor:
    keys: Keys
    server: RpcServer
    channel: grpc.aio.Channel
    cart: ScriptedCart
    stub: "CartServiceAsyncStub"
    internal: "CartInternalServiceAsyncStub"
    spans: InMemorySpanExporter
    registry: CollectorRegistry
    tracer: Tracer

    def will(self, answer: Answer) -> None:
        """Say what GetCart does from now on."""
        self.cart.answer = answer

    def will_raise(self, error: Exception) -> None:
        """Say what GetCart raises from now on."""

        async def fail(request: cart_service_pb2.GetCartRequest) -> cart_service_pb2.GetCartResponse:
            raise error

        self.cart.answer = fail

    async def ask(self, *, timeout_seconds: float = 20, **headers: str) -> cart_service_pb2.GetCartResponse:
        """Ask for a cart from the web shop."""
        return await self.stub.GetCart(
            ASK, metadata=as_channel(self.keys, "web-shop", **headers), timeout=timeout_seconds
        )

    async def refusal(self) -> "Refusal":
        """Ask for a cart from the web shop, and give the refusal."""
        return await refused(self.ask())

    def counted(self, code: str, method: str = GET_CART) -> float:
        """Give how many calls of a method ended with a code."""
        return sum(
            sample.value
            for family in self.registry.collect()
            for sample in family.samples
            if sample.name == "omnithread_calls_total"
            and (sample.labels["method"], sample.labels["code"]) == (method, code)
        )

    def span(self, name: str = GET_CART[1:]) -> ReadableSpan:
        """Give the one span of a method."""
        [span] = [span for span in self.spans.get_finished_spans() if span.name == name]
        return span


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a caller sees of an error."""

    code: grpc.StatusCode
    message: str
    reason: str
    domain: str
    metadata: Mapping[str, str]
    faults: Mapping[str, str]
    everything: str
    """All that came over the wire, to search for what must not be there."""


@asynccontextmanager
async def opened_door(
    keys: Keys,
    *,
    ratio: float = 1.0,
    clock: Clock = system_clock,
    more: Sequence[Registration] = (),
    listen: str = "127.0.0.1:0",
    stream_limits: StreamLimits | None = None,
    open_streams: OpenStreams | None = None,
    most_streams: int = 0,
    tracer: Tracer | None = None,
    certificates: Certificates | None = None,
    reflects: bool = True,
    admission: Admission | None = None,
    quotas: Quotas | None = None,
    fetched: FetchedKeys | None = None,
    audit: CallAudit | None = None,
) -> AsyncIterator[OpenedDoor]:
    """Open a door; `tracer` takes the spans elsewhere than into `OpenedDoor.spans`.

    With `certificates` it has two ports, and `channel` and stubs are of no use: the test opens its own.
    """
    spans, registry = InMemorySpanExporter(), CollectorRegistry()
    cart = ScriptedCart()  # type: ignore[abstract]  # the others are left out
    internal_cart = ScriptedInternalCart()  # type: ignore[abstract]  # as above
    provider = tracer_provider(service="cart", ratio=ratio, processor=SimpleSpanProcessor(spans))
    tracer = tracer or provider.get_tracer("door")
    door = Door(
        service="cart",
        verifier=verifier(keys, clock=clock, fetched=fetched),
        validation=Validation(),
        metrics=CallMetrics(registry),
        peers=Peers(trust_domain="omnithread", services=SERVICES) if certificates else None,
        tracer=tracer,
        stream_limits=stream_limits,
        open_streams=open_streams,
        admission=admission,
        quotas=quotas,
        audit=audit,
    )
    registrations: list[Registration] = [
        partial(add_CartServiceServicer_to_server, cart),
        partial(add_CartInternalServiceServicer_to_server, internal_cart),
        *more,
    ]
    internal_cart.reads_together.open(door, handlers(registrations))
    server = RpcServer(
        door=door,
        registrations=registrations,
        listen=listen,
        health_listen="127.0.0.1:0",
        internal_listen="127.0.0.1:0" if certificates else "",
        certificates=certificates,
        most_streams=most_streams,
        reflects=reflects,
    )
    await server.start()
    await server.set_serving(serving=True)
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            stub, internal = CartServiceStub(channel), CartInternalServiceStub(channel)
            yield OpenedDoor(keys, server, channel, cart, stub, internal, spans, registry, tracer)
    finally:
        await server.stop(0)
        await server.stop_probes()
        provider.shutdown()


def verifier(
    keys: Keys,
    *,
    clock: Clock = system_clock,
    most_seconds: float = MOST_SECONDS,
    fetched: FetchedKeys | None = None,
) -> TokenVerifier:
    return TokenVerifier(
        keys=KeyRing(file=keys.jwks_file, fetched=fetched),
        issuer="omnithread",
        audience="omnithread",
        channels=ChannelRegistry.load(CHANNELS),
        clock=clock,
        most_seconds=most_seconds,
    )


def as_channel(keys: Keys, channel_id: str, *, actor: str = "", **headers: str) -> list[tuple[str, str | bytes]]:
    return bearing(mint_channel_token(keys.state, channel_id, actor=actor), **headers)


def bearing(token: str, **headers: str) -> list[tuple[str, str | bytes]]:
    return [("authorization", f"Bearer {token}"), *headers.items()]


async def refused(call: Awaitable[Any]) -> Refusal:  # whatever the call would have answered
    """Await a call that is refused."""
    try:
        answer = await call
    except grpc.aio.AioRpcError as error:
        return _read(error)
    raise AssertionError(f"not refused: {answer}")


def _read(error: grpc.aio.AioRpcError) -> Refusal:
    info, faults = ErrorInfo(), BadRequest()
    trailing: Mapping[str, str | bytes] = dict(error.trailing_metadata() or ())
    if raw := trailing.get("grpc-status-details-bin"):
        assert isinstance(raw, bytes)
        for detail in WireStatus.FromString(raw).details:
            _ = detail.Unpack(info) or detail.Unpack(faults)
    return Refusal(
        code=error.code(),
        message=error.details() or "",
        reason=info.reason,
        domain=info.domain,
        metadata=dict(info.metadata),
        faults={fault.field: fault.description for fault in faults.field_violations},
        everything=f"{error!r} {trailing}",
    )


async def _empty_cart(request: cart_service_pb2.GetCartRequest) -> cart_service_pb2.GetCartResponse:
    return cart_service_pb2.GetCartResponse(cart=Cart(customer_id=request.customer_id))
