"""Puts the console together: who may come in, the connections to the suite, and each group of pages."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry
from starlette.routing import Route

import omnithread
from libs.clock import Clock
from libs.ids import NewId
from libs.web.visits import Visits, WebMetrics
from services.console.acting import parts as acting
from services.console.calling.clients import Clients
from services.console.calling.credentials import credentials_of
from services.console.calling.tokens import AgentTokens
from services.console.console import Console
from services.console.customers import parts as customers
from services.console.journeys import parts as journeys
from services.console.marketing import parts as marketing
from services.console.operations import parts as operations
from services.console.pages.rendering import Rendering
from services.console.pages.static_files import StaticFiles
from services.console.settings import ConsoleSettings
from services.console.spans.source import SpanSource
from services.console.traces import parts as traces
from services.console.web.app import App, Places
from services.console.web.entrance import Entrance
from services.console.web.limits import limits_of
from services.console.web.sealing import Seal
from services.console.web.sessions import Sessions
from services.console.web.sign_in_links import SignInLinks
from services.console.web.signing_in import SigningIn
from services.console.web.streams import LiveStreams

GROUPS: Sequence[Callable[[Console], list[Route]]] = (
    customers.routes,
    acting.routes,
    journeys.routes,
    traces.routes,
    marketing.routes,
    operations.routes,
)
"""Each group of pages: its folder has `parts.routes`."""
CALLS_PER_PAGE = 3
"""As many calls may wait one after the other for one page."""


def app_of(
    settings: ConsoleSettings,
    *,
    stack: AsyncExitStack,
    registry: CollectorRegistry,
    now: Callable[[], float],
    clock: Clock,
    new_id: NewId,
    tracer: Tracer,
    spans: SpanSource,
    live: LiveStreams,
) -> App:
    """Give the console's application; `stack` closes what is opened for it."""
    seal = Seal.read(settings.session_key_file)
    sessions = Sessions(
        seal=seal,
        hours=settings.session_hours,
        idle_minutes=settings.idle_minutes,
        secure=settings.base_url.startswith("https:"),
        new_id=new_id,
    )
    static = StaticFiles()
    rendering = Rendering(sessions=sessions, static=static, time_zone=settings.time_zone)
    limits = limits_of(settings, now)
    links = SignInLinks(seal=seal, minutes=settings.sign_in_minutes, began=clock())
    signing_in = SigningIn(rendering=rendering, sessions=sessions, links=links, limits=limits, clock=clock)
    console = Console(
        settings=settings,
        clients=_clients(settings, stack, clock),
        rendering=rendering,
        live=live,
        clock=clock,
        new_id=new_id,
        registry=registry,
        tracer=tracer,
        spans=spans,
    )
    guarded = [*signing_in.routes(), *(route for group in GROUPS for route in group(console))]
    rendering.show_places(frozenset(route.path for route in guarded))
    return App(
        places=Places(guarded=guarded, open=[*signing_in.open_routes(), *static.routes()]),
        entrance=Entrance(settings=settings, sessions=sessions),
        sessions=sessions,
        limits=limits,
        visits=Visits(WebMetrics(registry), tracer),
        failure_page=rendering.failure,
        clock=clock,
        base_url=settings.base_url,
        body_seconds=settings.body_seconds,
        most_seconds=settings.body_seconds + CALLS_PER_PAGE * settings.answer_seconds,
    )


def _clients(settings: ConsoleSettings, stack: AsyncExitStack, clock: Clock) -> Clients:
    addresses = omnithread.Addresses(
        profile=settings.profile_address,
        cart=settings.cart_address,
        preference=settings.preference_address,
        messaging=settings.messaging_address,
        context=settings.aggregator_address,
    )
    credentials = credentials_of(settings)

    def connect(token: Callable[[], str]) -> omnithread.Omnithread:
        return omnithread.connect(
            addresses,
            token=token,
            credentials=credentials,
            plaintext=settings.plaintext,
            timeout_seconds=settings.answer_seconds,
        )

    clients = Clients(
        connect=connect,
        tokens=AgentTokens(
            key_file=settings.token_key_file,
            channel_id=settings.channel_id,
            issuer=settings.token_issuer,
            audience=settings.token_audience,
            seconds=settings.token_seconds,
            clock=clock,
        ),
        most_agents=settings.most_agents,
    )
    stack.push_async_callback(clients.close)
    return clients
