"""Services in this process, on free ports, with real tokens: what tests of calls run against.

async with Services(mongo_uri=..., kafka_bootstrap=..., prefix=unique_prefix, state=tmp_path) as services:
    profile = await services.start(profile_service)
    cart = await services.start(cart_service)          # knows where profile is
    shop = services.connect("web-shop")
"""

from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc
from opentelemetry.trace import Tracer

import omnithread
from deploy.local.keys import CHANNEL_TOKEN_SECONDS, ensure_keys, mint_channel_token, write_service_token
from deploy.local.plan import SERVICES
from libs.clock import Clock, system_clock
from libs.process import migrate
from libs.rpc.client import service_channel
from libs.service import Service, Settings
from libs.serving import Running, serving

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
CALL_TIMEOUT_SECONDS = 20.0
"""The machine may have much else to do."""
NOBODY = f"{LOOPBACK}:1"
"""An address at which nobody answers: of the services that a test does not start."""


class Services:
    """Starts services one after the other; each knows where those before it answer. Stops them in reverse."""

    def __init__(self, *, mongo_uri: str, kafka_bootstrap: str, prefix: str, state: Path) -> None:
        self._mongo_uri = mongo_uri
        self._kafka_bootstrap = kafka_bootstrap
        self._prefix = prefix
        self._state = state
        self._keys = ensure_keys(state)
        self._stack = AsyncExitStack()
        self._migrated: set[str] = set()
        self.addresses: dict[str, str] = {}
        """Where each service answers; of several replicas the one that was started last."""

    async def start(
        self,
        service: Service[Settings],
        *,
        clock: Clock = system_clock,
        tracer: Tracer | None = None,
        **settings: object,
    ) -> Running:
        """Migrate, the first time, and serve a replica with these settings beside those that a test needs."""
        given = self.settings(service, **settings)
        if service.name not in self._migrated:
            await migrate(service, given)
            self._migrated.add(service.name)
        running = await self._stack.enter_async_context(serving(service, given, clock=clock, tracer=tracer))
        self.addresses[service.name] = f"{LOOPBACK}:{running.port}"
        return running

    def settings(self, service: Service[Settings], **settings: object) -> Settings:
        """Give the settings for a service; the servers, keys and names of this test."""
        given: dict[str, Any] = {  # of many types: whatever settings there are
            "mongo_uri": self._mongo_uri,
            "mongo_database": self.database_name(service.name),
            "kafka_bootstrap_servers": self._kafka_bootstrap,
            "topic_prefix": f"{self._prefix}.",
            "jwks_file": self._keys.jwks_file,
            "channels_file": ROOT / "deploy/channels.toml",
            "service_token_file": write_service_token(self._state, service.name),
            "handover_keys_file": self._keys.handover_keys_file,
            "link_keys_file": self._keys.link_keys_file,
            "kafka_idle_pause_seconds": 0.2,  # the embedded broker answers an idle consumer at once
            "drain_seconds": 1.0,
            **{f"{name}_address": self.addresses.get(name, NOBODY) for name in SERVICES},
            **settings,
        }
        return service.settings(**given)

    def database_name(self, name: str) -> str:
        """Name the database of a service."""
        return f"{self._prefix}_{name}"

    def where(self) -> omnithread.Addresses:
        """Where a client finds the services started last."""
        at_each = {name: self.addresses.get(name, NOBODY) for name in SERVICES}
        return omnithread.Addresses(context=at_each.pop("aggregator"), **at_each)

    def token(self, channel: str, *, actor: str = "", lifetime_seconds: float = 3600) -> str:
        """Mint a channel's token."""
        return mint_channel_token(self._state, channel, actor=actor, lifetime_seconds=lifetime_seconds)

    def connect(
        self,
        channel: str,
        *,
        at: Running | None = None,
        actor: str = "",
        token_seconds: float = CHANNEL_TOKEN_SECONDS,
    ) -> omnithread.Omnithread:
        """Connect as a channel, through the client package: to the services started last, or to one replica."""
        where = self.where() if at is None else omnithread.Addresses.one(f"{LOOPBACK}:{at.port}")
        token = mint_channel_token(self._state, channel, actor=actor, lifetime_seconds=token_seconds)
        connection = omnithread.connect(where, token=token, plaintext=True, timeout_seconds=CALL_TIMEOUT_SECONDS)
        self._stack.push_async_callback(connection.close, grace_seconds=0)
        return connection

    def as_service(self, name: str, *, to: Running) -> grpc.aio.Channel:
        """Open a channel as one of the suite's own services."""
        return self._opened(to, token_file=write_service_token(self._state, name))

    def bare(self, channel: str, *, to: Running) -> grpc.aio.Channel:
        """Open a channel as a company's channel without the client package: nothing is filled in for it."""
        token_file = self._state / f"{channel}.channel-token"
        token_file.write_text(mint_channel_token(self._state, channel), encoding="utf-8")
        return self._opened(to, token_file=token_file)

    def _opened(self, to: Running, *, token_file: Path) -> grpc.aio.Channel:
        channel = service_channel(f"{LOOPBACK}:{to.port}", token_file=token_file)
        self._stack.push_async_callback(channel.close)
        return channel

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()
