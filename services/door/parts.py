"""Puts the door together: channels to the services behind it, acts, routes, limits."""

from collections.abc import Callable
from contextlib import AsyncExitStack

from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry

from libs.clock import Clock
from libs.ids import new_id
from libs.rpc.certificate_metrics import tell_ends
from libs.rpc.certificates import Certificates
from libs.rpc.client import ServiceChannels
from libs.telemetry.metrics import ClientMetrics
from libs.web.buckets import Buckets
from libs.web.visits import Visits, WebMetrics
from omnithread.cart.v1.cart_internal_service_pb2_grpc import CartInternalServiceStub
from omnithread.messaging.v1.brand_service_pb2_grpc import BrandServiceStub
from omnithread.messaging.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from omnithread.preference.v1.preference_internal_service_pb2_grpc import PreferenceInternalServiceStub
from services.door.acts.asking_brands import AskBrands
from services.door.acts.centre import Centre
from services.door.acts.confirming import Confirming
from services.door.acts.links import Links
from services.door.acts.receipts import Receipts, refusal
from services.door.acts.resuming import Resuming
from services.door.acts.unsubscribing import Unsubscribing
from services.door.pages.brands import Brands
from services.door.settings import DoorSettings
from services.door.showing import Showing
from services.door.web.gate import Gate, Limits, Route

A_MINUTE = 60.0


def gate_of(
    settings: DoorSettings,
    *,
    stack: AsyncExitStack,
    registry: CollectorRegistry,
    now: Callable[[], float],
    clock: Clock,
    tracer: Tracer | None,
) -> Gate:
    """Give the door's application; `stack` closes what is opened for it."""
    certificates = Certificates(settings.tls_files) if settings.tls_files else None
    if certificates is not None:
        tell_ends(certificates, registry)

    services = ServiceChannels(settings, ClientMetrics(registry), certificates=certificates, tracer=tracer)
    stack.push_async_callback(services.close)
    channel = services.to
    messaging = channel("messaging")
    showing = Showing(
        brands=Brands(find=AskBrands(BrandServiceStub(messaging)), now=now),
        default_language=settings.default_language,
    )
    links = Links(
        preference=PreferenceInternalServiceStub(channel("preference")),
        new_id=new_id,
        answer_seconds=settings.answer_seconds,
    )
    body_seconds = settings.body_seconds
    unsubscribing = Unsubscribing(showing=showing, links=links, body_seconds=body_seconds)
    confirming = Confirming(showing=showing, links=links, body_seconds=body_seconds)
    centre = Centre(showing=showing, links=links, clock=clock, body_seconds=body_seconds)
    receipts = Receipts(
        messaging=DeliveryServiceStub(messaging), answer_seconds=settings.answer_seconds, body_seconds=body_seconds
    )
    resuming = Resuming(
        showing=showing,
        cart=CartInternalServiceStub(channel("cart")),
        answer_seconds=settings.answer_seconds,
        target=settings.resume_target,
        body_seconds=body_seconds,
    )
    routes = [
        Route(path="/u/{token}", get=unsubscribing.show, post=unsubscribing.act, by_token=True, post_by_anyone=True),
        Route(path="/c/{token}", get=confirming.show, post=confirming.act, by_token=True),
        Route(path="/p/{token}", get=centre.show, post=centre.act, by_token=True),
        Route(path="/r/{token}", get=resuming.show, post=resuming.act, by_token=True),
        Route(path="/receipts/{provider}", post=receipts.act, refusal=refusal, post_by_anyone=True),
        Route(path="/look/{brand}", get=showing.look),
        Route(path="/style.css", get=showing.style),
        Route(path="/icon.svg", get=showing.icon),
        Route(path="/favicon.ico", get=showing.icon),
    ]
    return Gate(
        routes=routes,
        limits=_limits(settings, now),
        visits=Visits(WebMetrics(registry), tracer),
        page_of=showing.refusal,
        most_seconds=settings.body_seconds + 2 * settings.answer_seconds,
    )


def _limits(settings: DoorSettings, now: Callable[[], float]) -> Limits:
    most = settings.most_buckets
    return Limits(
        addresses=Buckets(
            per_second=settings.address_requests_per_second, burst=settings.address_burst, most_keys=most
        ),
        junk=Buckets(per_second=settings.address_requests_per_second, burst=settings.address_burst, most_keys=most),
        unknown=Buckets(
            per_second=settings.unknown_per_minute / A_MINUTE,
            burst=max(1.0, settings.unknown_per_minute),
            most_keys=most,
        ),
        tokens=Buckets(
            per_second=settings.token_requests_per_minute / A_MINUTE, burst=settings.token_burst, most_keys=most
        ),
        trusted_proxies=settings.trusted_proxies,
        now=now,
    )
