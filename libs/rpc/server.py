"""One service's gRPC server: its servicers behind the door, reflection, and health.

With certificates it has two ports: the public one, for channels, shows a certificate and asks for none; the internal
one, for the suite's own services, lets in nobody without one. The internal services are on the latter only, the public
ones on both. Without certificates everything is in plaintext on one port, for tests of one service.
Both answer health for clients; the health port is plaintext and asks for no token, for probes.
Health names: `liveness` serves as long as the process does; `""`, `readiness` and every service's full name
serve while the service is ready.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from libs.rpc.acceptors import Acceptors, acceptors_of
from libs.rpc.access import check_said
from libs.rpc.certificates import Certificates, server_credentials
from libs.rpc.door import MOST_REQUEST_BYTES, Door
from libs.rpc.health import NOT_SERVING, SERVING, Health, HealthServicer
from libs.rpc.visit import INTERNAL

Registration = Callable[[grpc.aio.Server], None]
"""Adds one servicer to a server: `partial(add_CartServiceServicer_to_server, servicer)`."""

CONNECTION_AGE = "grpc.max_connection_age_ms"
PING_INTERVAL = "grpc.http2.min_ping_interval_without_data_ms"
INTERNAL_PING_INTERVAL_MS = 1_000
"""The suite's own services ping every 1.5 s, to notice one frozen replica among several."""
LIVENESS = "liveness"
READINESS = "readiness"
MOST_METADATA_BYTES = 8 * 1024
MOST_CALLS_AT_ONCE = 2000
MOST_WAITING_CALLS = 250
"""Of each method so many calls wait at most until they are taken in, and as many more as there may be streams, which
all come at once when a replica has ended. grpc drops some beyond that, and all beyond twice as many. The admission
turns calls away long before, and says why; this is for a process that hangs."""
CONNECTION_AGE_SECONDS = 600
INTERNAL_CONNECTION_AGE_SECONDS = 30
"""At the internal port: callers look for replicas so often, and a new one has its share within a minute."""
CONNECTION_AGE_GRACE_SECONDS = 3600
"""What runs when a connection is old enough goes on there: an import may take an hour."""

OPTIONS: Sequence[tuple[str, int]] = (
    # Up to here, more than a megabyte, the door refuses with a reason; beyond, grpc refuses before it has read.
    ("grpc.max_receive_message_length", 5 * MOST_REQUEST_BYTES),
    ("grpc.max_metadata_size", MOST_METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", MOST_METADATA_BYTES),
    # Clients come back through the name service now and then, and so find new replicas.
    (CONNECTION_AGE, CONNECTION_AGE_SECONDS * 1000),
    ("grpc.max_connection_age_grace_ms", CONNECTION_AGE_GRACE_SECONDS * 1000),
    # Both sides notice a connection that died without a word, or a peer that is frozen: we within 5 s, so that streams
    # to nobody end soon. It is the ping's timeout that ends it, not keepalive's. Channels ping every 20 s.
    ("grpc.keepalive_time_ms", 1_500),
    ("grpc.keepalive_timeout_ms", 2_500),
    ("grpc.http2.ping_timeout_ms", 2_500),
    ("grpc.keepalive_permit_without_calls", 1),
    # Who pings more often, a third time, is sent away (GOAWAY).
    (PING_INTERVAL, 10_000),
    ("grpc.http2.max_ping_strikes", 2),
    # A second process on the same port must fail, not take half of the calls.
    ("grpc.so_reuseport", 0),
)


class RpcServer:
    """Starts not ready; `set_serving` says when it is."""

    def __init__(
        self,
        *,
        door: Door,
        registrations: Sequence[Registration],
        listen: str,
        health_listen: str,
        internal_listen: str = "",
        certificates: Certificates | None = None,
        most_streams: int = 0,
        reflects: bool = True,
    ) -> None:
        """Bind the addresses (`host:port`, port 0 takes a free one). Raises RuntimeError where one is taken.

        `internal_listen` and `certificates` come together, or not at all.
        `most_streams` calls that go on for long are served beside the others.
        `reflects`: whether the public port tells everybody which methods it has.
        """
        if bool(internal_listen) is not (certificates is not None):
            raise ValueError("an internal port needs certificates, and the other way round")
        self._health = Health()
        self._most_calls = most_calls = MOST_CALLS_AT_ONCE + most_streams
        most_waiting = MOST_WAITING_CALLS + most_streams
        options = [
            *OPTIONS,
            # Beyond, a connection's calls wait at the client, where else one connection could open any number.
            ("grpc.max_concurrent_streams", most_calls),
            ("grpc.server.max_pending_requests", most_waiting),
            ("grpc.server.max_pending_requests_hard_limit", 2 * most_waiting),
        ]
        self._server = grpc.aio.server(interceptors=[door], options=options, maximum_concurrent_rpcs=most_calls)
        inside = [
            *(option for option in options if option[0] not in {PING_INTERVAL, CONNECTION_AGE}),
            (PING_INTERVAL, INTERNAL_PING_INTERVAL_MS),
            (CONNECTION_AGE, INTERNAL_CONNECTION_AGE_SECONDS * 1000),
        ]
        self._internal = (
            grpc.aio.server(interceptors=[door], options=inside, maximum_concurrent_rpcs=most_calls)
            if certificates
            else self._server
        )
        self._probes = grpc.aio.server(options=OPTIONS)
        self._door = door
        self._acceptors: list[Acceptors] = []
        self._registrations = tuple(registrations)
        self.service_names = service_names(registrations)
        check_said(self.service_names)
        for register in registrations:
            register(self._internal)
            if self._internal is not self._server and not is_internal(register):
                register(self._server)
        for server in self._all():
            health_pb2_grpc.add_HealthServicer_to_server(HealthServicer(self._health), server)
        if reflects:
            self._reflect(registrations if self._internal is self._server else public(registrations))
        self._bind(listen, health_listen, internal_listen, certificates)

    def _bind(self, listen: str, health_listen: str, internal_listen: str, certificates: Certificates | None) -> None:
        if certificates is None:
            self.port = self.internal_port = self._server.add_insecure_port(listen)
        else:
            shown = server_credentials(certificates, ask_for_certificates=False)
            mutual = server_credentials(certificates, ask_for_certificates=True)
            self.port = self._server.add_secure_port(listen, shown)
            self.internal_port = self._internal.add_secure_port(internal_listen, mutual)
        self.health_port = self._probes.add_insecure_port(health_listen)

    def _reflect(self, registrations: Sequence[Registration]) -> None:
        health_name = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
        reflection.enable_server_reflection(
            [*service_names(registrations), health_name, reflection.SERVICE_NAME], self._server
        )

    def _all(self) -> tuple[grpc.aio.Server, ...]:
        own = (self._server,) if self._internal is self._server else (self._server, self._internal)
        return (*own, self._probes)

    async def start(self) -> None:
        """Accept calls; health says NOT_SERVING until `set_serving`."""
        await self.set_serving(serving=False)
        self._health.say([LIVENESS], SERVING)
        for server in reversed(self._all()):
            await server.start()
        for server in {self._server, self._internal}:
            served = self._registrations if server is self._internal else public(self._registrations)
            acceptors = acceptors_of(
                server, methods=handlers(served), interceptors=[self._door], most_calls=self._most_calls
            )
            if acceptors is not None:
                acceptors.start()
                self._acceptors.append(acceptors)

    @property
    def takes_in_side_by_side(self) -> bool:
        """Whether calls of one method are taken in several at once; known once it was started."""
        return bool(self._acceptors)

    async def set_serving(self, *, serving: bool) -> None:
        """Say whether new calls are welcome."""
        self._health.say(("", READINESS, *self.service_names), SERVING if serving else NOT_SERVING)

    async def stop(self, drain_seconds: float) -> None:
        """Refuse new calls and let running ones finish within `drain_seconds`; then cancel what is left."""
        await self.set_serving(serving=False)
        self._health.end()
        await asyncio.gather(*(server.stop(drain_seconds) for server in self._all() if server is not self._probes))

    async def stop_probes(self) -> None:
        """Stop answering probes: the last thing that a process does."""
        await self._probes.stop(None)


def is_internal(register: Registration) -> bool:
    """Say whether a registration adds a service that is for the suite's own services only."""
    return all(name.endswith(INTERNAL) for name in service_names([register]))


def public(registrations: Sequence[Registration]) -> list[Registration]:
    """Give those that channels may use."""
    return [register for register in registrations if not is_internal(register)]


def service_names(registrations: Sequence[Registration]) -> tuple[str, ...]:
    """Give the full names of the services that the registrations add, as the generated code says them."""
    names = _Names()
    for register in registrations:
        register(names)  # type: ignore[arg-type]  # it only tells the name and its handlers
    return tuple(names.found)


def request_types(names: Sequence[str]) -> tuple[type[Message], ...]:
    """Give the request types of all methods of these services, to warm the validator with."""
    pool = descriptor_pool.Default()
    return tuple(
        message_factory.GetMessageClass(method.input_type)
        for name in names
        for method in pool.FindServiceByName(name).methods
    )


def handlers(registrations: Sequence[Registration]) -> dict[str, Any]:  # each of its own types
    """Give what answers each method that the registrations add, by its path."""
    names = _Names()
    for register in registrations:
        register(names)  # type: ignore[arg-type]  # as above
    return names.handlers


class _Names:
    """Stands in for a server while a registration is asked which service it adds."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.handlers: dict[str, Any] = {}

    def add_generic_rpc_handlers(self, handlers: Sequence[Any]) -> None:  # of a server: any service's handlers
        """Ignore them; the next call names the service."""

    def add_registered_method_handlers(self, name: str, handlers: Mapping[str, Any]) -> None:  # as above
        """Note the name and what answers."""
        self.found.append(name)
        self.handlers.update({f"/{name}/{method}": handler for method, handler in handlers.items()})
