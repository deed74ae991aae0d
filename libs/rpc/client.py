"""Channels to other services: who we are, which journey it is, how long we wait, and what is tried again.

A stub on such a channel is used as usual: `await CartServiceStub(channel).GetCart(request)`.
It raises `grpc.aio.AioRpcError`; `status.error_from_rpc` reads that back into the other service's own error.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import grpc
from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry

from libs.rpc.certificates import Certificates, Pair, channel_credentials
from libs.rpc.connection import Connection
from libs.rpc.outbound import OutboundChannel
from libs.rpc.watched_file import WatchedFile
from libs.settings import ProcessSettings
from libs.telemetry.metrics import ClientMetrics
from libs.telemetry.tracing import tracer as default_tracer
from omnithread.addresses import authority_options

MOST_RESPONSE_BYTES = 4 * 1024 * 1024

SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    # Every mutation carries its request_id and every internal call is safe to repeat, so UNAVAILABLE is tried again.
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 3,
                "initialBackoff": "0.05s",
                "maxBackoff": "0.5s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
    "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1},
}

OPTIONS: Sequence[tuple[str, int | str]] = (
    ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
    ("grpc.max_receive_message_length", MOST_RESPONSE_BYTES),
    # A peer that vanished without a word is noticed within 25 s, and the next call goes elsewhere.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.ping_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    # After an outage of the other service: back within half a second, not within two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    # How long one attempt to connect may take: in the 20 s that grpc gives it, its packets come ever more seldom.
    ("grpc.min_reconnect_backoff_ms", 2_000),
    ("grpc.max_reconnect_backoff_ms", 500),
)
INTERNAL_PORT_OPTIONS: Sequence[tuple[str, int]] = (
    # One frozen replica among several: its connection ends within 4 s, and its calls are repeated at another.
    ("grpc.keepalive_time_ms", 1_500),
    ("grpc.keepalive_timeout_ms", 2_000),
    ("grpc.http2.ping_timeout_ms", 2_000),
)
"""In place of those above: the internal port, which is the suite's own, takes pings so often."""
_OVERRIDDEN = frozenset(name for name, _ in INTERNAL_PORT_OPTIONS)


def token_in(text: str) -> str:
    """Read a token file. Raises ValueError for an empty one: whoever writes it has only begun."""
    if not text.strip():
        raise ValueError("the file is empty")
    return text.strip()


def service_channel(
    address: str,
    *,
    token_file: Path,
    service: str = "",
    certificates: Certificates | None = None,
    tracer: Tracer | None = None,
    metrics: ClientMetrics | None = None,
) -> OutboundChannel:
    """Open a channel to a service of the suite. It connects when first used; `await close()` it at the end.

    It calls as this service, with the token in `token_file` (read again when it changes): for internal services and
    background work. `forwarding()` of it calls in the name of whoever is being answered.
    With `certificates` it shows ours and believes only the certificate of `service`; without, all is in plaintext.
    A call without a `timeout` gets 5 s; no call waits longer than the own caller does.
    """
    if certificates is not None and not service:
        raise ValueError("with certificates it has to be said which service is called")

    def open_channel(pair: Pair) -> grpc.aio.Channel:
        if certificates is None:
            return grpc.aio.insecure_channel(address, options=(*OPTIONS, *authority_options(address)))
        # The name that the certificate must have, whatever the address is: each service's own, and no other's.
        usual = [option for option in OPTIONS if option[0] not in _OVERRIDDEN]
        named = (*usual, *INTERNAL_PORT_OPTIONS, ("grpc.default_authority", service))
        return grpc.aio.secure_channel(address, channel_credentials(pair), options=named)

    return OutboundChannel(
        Connection(open_channel, certificates),
        token=WatchedFile(token_file, token_in).get,
        tracer=tracer or default_tracer(),
        metrics=metrics or ClientMetrics(CollectorRegistry()),
        address=address,
    )


class ServiceChannels:
    """The channels of one process to the services of the suite: one connection to each, in whoever's name it calls.

    So a service that is back for one caller is back for all: a second connection would still wait to try again.
    """

    def __init__(
        self,
        settings: ProcessSettings,
        metrics: ClientMetrics,
        *,
        certificates: Certificates | None,
        tracer: Tracer | None,
    ) -> None:
        """See `service_channel`; the addresses and our own token are those of the settings."""
        self._settings = settings
        self._metrics = metrics
        self._certificates = certificates
        self._tracer = tracer
        self._opened: dict[str, OutboundChannel] = {}

    def to(self, service: str) -> OutboundChannel:
        """Give the one to a service; it lasts until `close`."""
        if service not in self._opened:
            self._opened[service] = service_channel(
                self._settings.address_of(service),
                service=service,
                certificates=self._certificates,
                token_file=self._settings.service_token_file,
                tracer=self._tracer,
                metrics=self._metrics,
            )
        return self._opened[service]

    async def close(self) -> None:
        """Close them all."""
        for opened in self._opened.values():
            await opened.close()
