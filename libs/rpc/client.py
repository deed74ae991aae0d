"""Channels to other services: who we are, which journey it is, how long we wait, and what is tried again.

A stub on such a channel is used as usual: `await CartServiceStub(channel).GetCart(request)`.
It raises `grpc.aio.AioRpcError`; `status.error_from_rpc` reads that back into the other service's own error.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import grpc
from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry

from libs.rpc.call import call_or_none
from libs.rpc.outbound import OutboundChannel
from libs.rpc.watched_file import WatchedFile
from libs.telemetry.metrics import ClientMetrics
from libs.telemetry.tracing import tracer as default_tracer

Identity = Literal["own", "forward"]
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
    # After an outage of the other service: back within seconds, not within two minutes.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 3_000),
)


def service_channel(
    address: str,
    *,
    token_file: Path,
    identity: Identity = "own",
    tracer: Tracer | None = None,
    metrics: ClientMetrics | None = None,
) -> grpc.aio.Channel:
    """Open a channel to a service of the suite. It connects when first used; `await close()` it at the end.

    `identity="own"` calls as this service, with the token in `token_file` (read again when it changes): for internal
    services and background work. `"forward"` calls in the name of whoever is being answered, and as this service
    where nobody is.
    A call without a `timeout` gets 5 s; no call waits longer than the own caller does.
    """
    own = WatchedFile(token_file, str.strip)

    def token() -> str:
        call = call_or_none() if identity == "forward" else None
        return call.token if call is not None and call.token else own.get()

    return OutboundChannel(
        grpc.aio.insecure_channel(address, options=OPTIONS),
        token=token,
        tracer=tracer or default_tracer(),
        metrics=metrics or ClientMetrics(CollectorRegistry()),
        address=address,
    )
