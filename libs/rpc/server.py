"""One service's gRPC server: its servicers behind the door, reflection, and health on two ports.

The servicers' port also answers health for clients; the health port is plaintext and asks for no token, for probes.
Health names: `liveness` serves as long as the process does; `""`, `readiness` and every service's full name
serve while the service is ready.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio
from grpc_reflection.v1alpha import reflection

from libs.rpc.door import MOST_REQUEST_BYTES, Door

Registration = Callable[[grpc.aio.Server], None]
"""Adds one servicer to a server: `partial(add_CartServiceServicer_to_server, servicer)`."""

LIVENESS = "liveness"
READINESS = "readiness"
MOST_METADATA_BYTES = 8 * 1024
MOST_CALLS_AT_ONCE = 2000
CONNECTION_AGE_SECONDS = 600
CONNECTION_AGE_GRACE_SECONDS = 3600
"""What runs when a connection is old enough goes on there: an import may take an hour."""

OPTIONS: Sequence[tuple[str, int]] = (
    # Up to here, more than a megabyte, the door refuses with a reason; beyond, grpc refuses before it has read.
    ("grpc.max_receive_message_length", 5 * MOST_REQUEST_BYTES),
    ("grpc.max_metadata_size", MOST_METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", MOST_METADATA_BYTES),
    # Clients come back through the name service now and then, and so find new replicas.
    ("grpc.max_connection_age_ms", CONNECTION_AGE_SECONDS * 1000),
    ("grpc.max_connection_age_grace_ms", CONNECTION_AGE_GRACE_SECONDS * 1000),
    # Both sides notice a connection that died without a word, or a peer that is frozen; clients ping every 20 s.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.ping_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
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
        most_streams: int = 0,
    ) -> None:
        """Bind both addresses (`host:port`, port 0 takes a free one). Raises RuntimeError where one is taken.

        `most_streams` calls that go on for long are served beside the others.
        """
        self._health = health_aio.HealthServicer()
        self._server = grpc.aio.server(
            interceptors=[door], options=OPTIONS, maximum_concurrent_rpcs=MOST_CALLS_AT_ONCE + most_streams
        )
        self._probes = grpc.aio.server(options=OPTIONS)
        self.service_names = service_names(registrations)
        for register in registrations:
            register(self._server)
        for server in (self._server, self._probes):
            health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection.enable_server_reflection(
            [*self.service_names, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name, reflection.SERVICE_NAME],
            self._server,
        )
        self.port = self._server.add_insecure_port(listen)
        self.health_port = self._probes.add_insecure_port(health_listen)

    async def start(self) -> None:
        """Accept calls; health says NOT_SERVING until `set_serving`."""
        await self.set_serving(serving=False)
        await self._health.set(LIVENESS, health_pb2.HealthCheckResponse.SERVING)
        await self._probes.start()
        await self._server.start()

    async def set_serving(self, *, serving: bool) -> None:
        """Say whether new calls are welcome."""
        status = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        for name in ("", READINESS, *self.service_names):
            await self._health.set(name, status)

    async def stop(self, drain_seconds: float) -> None:
        """Refuse new calls and let running ones finish within `drain_seconds`; then cancel what is left."""
        await self.set_serving(serving=False)
        await self._server.stop(drain_seconds)

    async def stop_probes(self) -> None:
        """Stop answering probes: the last thing that a process does."""
        await self._probes.stop(None)


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


class _Names:
    """Stands in for a server while a registration is asked which service it adds."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add_generic_rpc_handlers(self, handlers: Sequence[Any]) -> None:  # of a server: any service's handlers
        """Ignore them; the next call names the service."""

    def add_registered_method_handlers(self, name: str, handlers: Mapping[str, Any]) -> None:  # noqa: ARG002  as above
        """Note the name."""
        self.found.append(name)
