"""Services in this process, on free ports, with real tokens: what tests of calls run against.

async with Services(mongo_uri=..., kafka_bootstrap=..., prefix=unique_prefix, state=tmp_path) as services:
    profile = await services.start(profile_service)
    cart = await services.start(cart_service)          # knows where profile is
    shop = services.connect("web-shop")
"""

from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc
from opentelemetry.trace import Tracer

import omnithread
from deploy.local.authority import ensure_authority
from deploy.local.keys import ensure_keys, mint_channel_token, mint_service_token, write_service_token
from deploy.local.plan import SERVICES
from libs.clock import Clock, system_clock
from libs.process import migrate
from libs.rpc.client import service_channel
from libs.rpc.scopes import EVERY
from libs.service import Service, Settings
from libs.serving import Running, serving

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
TOKEN_SECONDS = 30 * 86400.0
"""Tests set clocks forward by days; how long tokens may be good is tested at the door."""
CALL_TIMEOUT_SECONDS = 20.0
"""The machine may have much else to do."""
NOBODY = f"{LOOPBACK}:1"
"""An address at which nobody answers: of the services that a test does not start."""


class Services:
    """Starts services one after the other; each knows where those before it answer. Stops them in reverse."""

    def __init__(
        self, *, mongo_uri: str, kafka_bootstrap: str, prefix: str, state: Path, encrypted: bool = False
    ) -> None:
        """`encrypted` gives each service a certificate and two ports; else everything is in plaintext."""
        self._mongo_uri = mongo_uri
        self._kafka_bootstrap = kafka_bootstrap
        self._prefix = prefix
        self._state = state
        self._keys = ensure_keys(state)
        self._stack = AsyncExitStack()
        self._migrated: set[str] = set()
        self._authority = ensure_authority(state / "tls", SERVICES, now=system_clock()) if encrypted else None
        self.addresses: dict[str, str] = {}
        """Where each service answers channels; of several replicas the one that was started last."""
        self._internal: dict[str, str] = {}

    async def start(
        self,
        service: Service[Settings],
        *,
        clock: Clock = system_clock,
        tracer: Tracer | None = None,
        by_database_time: bool | None = None,
        **settings: object,
    ) -> Running:
        """Migrate, the first time, and serve a replica with these settings beside those that a test needs."""
        given = self.settings(service, **settings)
        if service.name not in self._migrated:
            await migrate(service, given)
            self._migrated.add(service.name)
        running = await self._stack.enter_async_context(
            serving(service, given, clock=clock, tracer=tracer, by_database_time=by_database_time)
        )
        self.addresses[service.name] = f"{LOOPBACK}:{running.port}"
        self._internal[service.name] = f"{LOOPBACK}:{running.internal_port}"
        return running

    def settings(self, service: Service[Settings], **settings: object) -> Settings:
        """Give the settings for a service; the servers, keys and names of this test."""
        at = self._internal if self._authority else self.addresses
        given: dict[str, Any] = {  # of many types: whatever settings there are
            "mongo_uri": self._mongo_uri,
            "mongo_database": self.database_name(service.name),
            "kafka_bootstrap_servers": self._kafka_bootstrap,
            "topic_prefix": f"{self._prefix}.",
            "jwks_file": self._keys.jwks_file,
            "channels_file": ROOT / "deploy/channels.toml",
            "service_token_file": self._service_token(service.name),
            "token_most_seconds": 10 * 365 * 86400.0,
            "handover_keys_file": self._keys.handover_keys_file,
            "link_keys_file": self._keys.link_keys_file,
            "kafka_partitions": 2,  # more than one, and as few as that: every question names them all
            "kafka_idle_pause_seconds": 0.2,  # the embedded broker answers an idle consumer at once
            "drain_seconds": 1.0,
            **{f"{name}_address": at.get(name, NOBODY) for name in SERVICES},
            **self._certificate(service.name),
            **settings,
        }
        return service.settings(**given)

    @property
    def state(self) -> Path:
        """Where keys and tokens are."""
        return self._state

    @property
    def authorities_file(self) -> Path | None:
        """Whom callers have to trust; None where all is in plaintext."""
        return self._authority.file if self._authority else None

    def _certificate(self, name: str) -> dict[str, object]:
        if self._authority is None:
            return {}
        files = self._authority.files_of(name)
        return {
            "internal_listen": f"{LOOPBACK}:0",
            "tls_certificate_file": files.certificate,
            "tls_key_file": files.key,
            "tls_client_authorities_file": files.authorities,
        }

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

    def service_token(self, name: str) -> str:
        """Mint the token of one of the suite's own services."""
        return mint_service_token(self._state, name, lifetime_seconds=TOKEN_SECONDS)

    def connect(
        self,
        channel: str,
        *,
        at: Running | None = None,
        actor: str = "",
        scopes: Iterable[str] = EVERY,
        token_seconds: float = TOKEN_SECONDS,
    ) -> omnithread.Omnithread:
        """Connect as a channel, through the client package: to the services started last, or to one replica.

        It may do everything by default: what is done is tested, and who may do it elsewhere.
        """
        where = self.where() if at is None else omnithread.Addresses.one(f"{LOOPBACK}:{at.port}")
        token = mint_channel_token(self._state, channel, actor=actor, scopes=scopes, lifetime_seconds=token_seconds)
        trusted = self.authorities_file
        connection = omnithread.connect(
            where,
            token=token,
            root_certificates=trusted.read_bytes() if trusted else None,
            plaintext=trusted is None,
            timeout_seconds=CALL_TIMEOUT_SECONDS,
        )
        self._stack.push_async_callback(connection.close, grace_seconds=0)
        return connection

    def as_service(self, name: str, *, to: Running) -> grpc.aio.Channel:
        """Open a channel as one of the suite's own services."""
        return self._opened(to, token_file=self._service_token(name))

    def bare(self, channel: str, *, to: Running) -> grpc.aio.Channel:
        """Open a channel as a company's channel without the client package: nothing is filled in for it."""
        token_file = self._state / f"{channel}.channel-token"
        token_file.write_text(self.token(channel, lifetime_seconds=TOKEN_SECONDS), encoding="utf-8")
        return self._opened(to, token_file=token_file)

    def _service_token(self, name: str) -> Path:
        return write_service_token(self._state, name, lifetime_seconds=TOKEN_SECONDS)

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
