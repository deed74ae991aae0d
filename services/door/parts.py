"""Puts the door together: channels to the services behind it, acts, routes, limits."""

from collections.abc import Callable
from contextlib import AsyncExitStack

import grpc
from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry

from libs.rpc.client import service_channel
from services.door.acts.resuming import Resuming
from services.door.pages.brands import Brands
from services.door.pages.looks import Look
from services.door.settings import DoorSettings
from services.door.showing import Showing
from services.door.web.buckets import Buckets
from services.door.web.gate import Gate, Limits, Route
from services.door.web.visits import DoorMetrics, Visits

A_MINUTE = 60.0


def gate_of(
    settings: DoorSettings,
    *,
    stack: AsyncExitStack,
    registry: CollectorRegistry,
    now: Callable[[], float],
    tracer: Tracer | None,
) -> Gate:
    """Give the door's application; `stack` closes what is opened for it."""

    def channel(address: str) -> grpc.aio.Channel:
        opened = service_channel(address, token_file=settings.service_token_file, tracer=tracer)
        stack.push_async_callback(opened.close)
        return opened

    async def find(_brand_id: str) -> Look | None:
        return None

    showing = Showing(
        brands=Brands(find=find, now=now),
        default_brand=settings.default_brand,
        default_language=settings.default_language,
    )
    resuming = Resuming(showing=showing, target=settings.resume_target, body_seconds=settings.body_seconds)
    routes = [
        Route(path="/r/{token}", get=resuming.show, post=resuming.act, by_token=True),
        Route(path="/look/{brand}", get=showing.look),
        Route(path="/style.css", get=showing.style),
        Route(path="/icon.svg", get=showing.icon),
        Route(path="/favicon.ico", get=showing.icon),
    ]
    return Gate(
        routes=routes,
        limits=_limits(settings, now),
        visits=Visits(DoorMetrics(registry), tracer),
        page_of=showing.refusal,
        most_seconds=settings.body_seconds + 2 * settings.answer_seconds,
    )


def _limits(settings: DoorSettings, now: Callable[[], float]) -> Limits:
    most = settings.most_buckets
    return Limits(
        addresses=Buckets(
            per_second=settings.address_requests_per_second, burst=settings.address_burst, most_keys=most
        ),
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
