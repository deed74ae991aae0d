"""Makes what stands between a service and its callers: the keys of tokens, and the server behind the door."""

from contextlib import AsyncExitStack

import structlog
from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry

from libs.audit.parts import AuditParts
from libs.background import Work
from libs.clock import Clock
from libs.rpc.access import SERVICES
from libs.rpc.admission import Admission
from libs.rpc.certificates import Certificates
from libs.rpc.channels import ChannelRegistry
from libs.rpc.door import Door
from libs.rpc.fetched_keys import FetchedKeys, KeysNotFetched
from libs.rpc.open_streams import OpenStreams
from libs.rpc.peers import Peers
from libs.rpc.quotas import Quotas
from libs.rpc.server import MOST_CALLS_AT_ONCE, RpcServer, handlers, request_types
from libs.rpc.tokens import KeyRing, TokenVerifier
from libs.rpc.validation import Validation
from libs.service import Foundation, Parts, Service, Settings
from libs.settings import ServiceSettings
from libs.telemetry.metrics import CallMetrics


async def token_verifier(
    settings: ServiceSettings, channels: ChannelRegistry, clock: Clock, stack: AsyncExitStack
) -> tuple[TokenVerifier, list[Work]]:
    """Read keys, before anything is waited for, and fetch those that are at an address.

    Gives also what fetches them again. Raises OSError, ValueError, KeysNotFetched.
    """
    address = settings.jwks_address
    fetched = FetchedKeys(address, authorities_file=settings.jwks_authorities_file) if address else None
    verifier = TokenVerifier(
        keys=KeyRing(file=settings.jwks_file, fetched=fetched),
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        channels=channels,
        clock=clock,
        most_seconds=settings.token_most_seconds,
    )
    if fetched is None:
        return verifier, []
    stack.push_async_callback(fetched.close)
    try:
        await fetched.start()
    except KeysNotFetched as error:
        if settings.jwks_file is None:
            raise
        structlog.get_logger(__name__).warning("keys_not_fetched", error=str(error))
    return verifier, [("token-keys", fetched.run)]


def guarded_server(
    service: Service[Settings],
    settings: ServiceSettings,
    foundation: Foundation,
    parts: Parts,
    registry: CollectorRegistry,
    verifier: TokenVerifier,
    *,
    audit: AuditParts,
    crowd: tuple[Admission, Quotas],
    tracer: Tracer | None,
    certificates: Certificates | None,
) -> RpcServer:
    """Put the service's servicers behind the door, with the validator warm."""
    validation = Validation()
    door = Door(
        service=service.name,
        verifier=verifier,
        validation=validation,
        metrics=CallMetrics(registry),
        peers=Peers(trust_domain=settings.tls_trust_domain, services=SERVICES) if certificates else None,
        tracer=tracer,
        admission=crowd[0],
        quotas=crowd[1],
        open_streams=OpenStreams(
            most_of_a_caller=min(settings.most_caller_streams, (MOST_CALLS_AT_ONCE + parts.most_streams) // 2),
            most_seconds=settings.most_stream_seconds,
        ),
        audit=audit.calls,
    )
    foundation.reads_together.open(door, handlers(parts.registrations))
    server = RpcServer(
        door=door,
        registrations=[*parts.registrations, audit.registration],
        listen=settings.listen,
        health_listen=settings.health_listen,
        internal_listen=settings.internal_listen,
        certificates=certificates,
        reflects=settings.reflection,
        most_streams=parts.most_streams,
    )
    validation.warm(request_types(server.service_names))
    return server
