"""What a run of the suite is made of: which ports, which folder, which names, which settings."""

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.ports import LOOPBACK, free_port
from omnithread import Addresses
from omnithread.addresses import one_address

SERVICES = ("profile", "cart", "preference", "messaging", "aggregator")
HEALTH_OFFSET = 1000
METRICS_OFFSET = 2000
INTERNAL_OFFSET = 3000


@dataclass(frozen=True, slots=True)
class ServicePorts:
    """Where one service answers."""

    grpc: int
    """For channels."""
    health: int
    metrics: int
    """Over HTTP, for Prometheus."""
    internal: int
    """For the suite's own services."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything answers, on this machine."""

    services: Mapping[str, ServicePorts]
    """Of the first replica of each service."""
    mongo: int
    kafka: int
    smtp: int
    traces: int
    door: int
    """The public pages, over HTTP."""
    door_health: int
    door_metrics: int
    console: int
    """The pages for people of the company, over HTTP."""
    console_health: int
    console_metrics: int
    more: Mapping[str, Sequence[ServicePorts]] = field(default_factory=dict)
    """Of the further replicas of each service."""

    def replicas(self, service: str) -> tuple[ServicePorts, ...]:
        """Give the ports of all replicas of a service, the first one's first."""
        return (self.services[service], *self.more.get(service, ()))

    def address_of(self, service: str) -> str:
        """Give where a service answers channels, as gRPC takes it: every replica, among which callers balance."""
        return one_address([f"{LOOPBACK}:{ports.grpc}" for ports in self.replicas(service)])

    def internal_address_of(self, service: str) -> str:
        """Give the same for the suite's own services."""
        return one_address([f"{LOOPBACK}:{ports.internal}" for ports in self.replicas(service)])

    def all(self) -> dict[str, int]:
        """Give every port with the name of who listens there."""
        processes = {
            name if place == 0 else f"{name}-{place + 1}": ports
            for name in self.services
            for place, ports in enumerate(self.replicas(name))
        }
        grpc = {name: ports.grpc for name, ports in processes.items()}
        health = {f"{name} (health)": ports.health for name, ports in processes.items()}
        metrics = {f"{name} (metrics)": ports.metrics for name, ports in processes.items()}
        internal = {f"{name} (internal)": ports.internal for name, ports in processes.items()}
        servers = {"mongo": self.mongo, "kafka": self.kafka, "smtp": self.smtp, "traces": self.traces}
        door = {"door": self.door, "door (health)": self.door_health, "door (metrics)": self.door_metrics}
        console = {
            "console": self.console,
            "console (health)": self.console_health,
            "console (metrics)": self.console_metrics,
        }
        return {**grpc, **health, **metrics, **internal, **servers, **door, **console}

    def addresses(self) -> Addresses:
        """Give the five addresses as the client package takes them."""
        at = {name: self.address_of(name) for name in self.services}
        return Addresses(
            profile=at["profile"],
            cart=at["cart"],
            preference=at["preference"],
            messaging=at["messaging"],
            context=at["aggregator"],
        )


# Documented, and outside of the range from which the kernel takes client ports where we chose them ourselves.
FIXED_PORTS = Ports(
    services={
        name: ServicePorts(
            grpc=50051 + place,
            health=50051 + place + HEALTH_OFFSET,
            metrics=50051 + place + METRICS_OFFSET,
            internal=50051 + place + INTERNAL_OFFSET,
        )
        for place, name in enumerate(SERVICES)
    },
    mongo=28017,
    kafka=29092,
    smtp=21025,
    traces=24318,
    door=28080,
    door_health=29080,
    door_metrics=30080,
    console=28090,
    console_health=29090,
    console_metrics=30090,
)


def free_ports(*, replicas: int = 1) -> Ports:
    """Give ports that are free now, no two the same, for so many replicas of each service."""
    found: set[int] = set()
    while len(found) < 4 * len(SERVICES) * replicas + 10:
        found.add(free_port())
    ports = iter(found)

    def process() -> ServicePorts:
        return ServicePorts(grpc=next(ports), health=next(ports), metrics=next(ports), internal=next(ports))

    return Ports(
        services={name: process() for name in SERVICES},
        more={name: [process() for _ in range(replicas - 1)] for name in SERVICES},
        mongo=next(ports),
        kafka=next(ports),
        smtp=next(ports),
        traces=next(ports),
        door=next(ports),
        door_health=next(ports),
        door_metrics=next(ports),
        console=next(ports),
        console_health=next(ports),
        console_metrics=next(ports),
    )


def fresh_prefix(word: str) -> str:
    """Give a prefix that no other run has, legal in names of databases, topics and groups."""
    return f"{word}{secrets.token_hex(4)}."


@dataclass(frozen=True, slots=True)
class Plan:
    """One run."""

    state_dir: Path
    """Folder of keys, tokens, data and logs."""
    ports: Ports = field(default_factory=free_ports)
    prefix: str = ""
    """Put before the names of databases, topics and groups, where servers are shared with others; lower-case."""
    keep_data: bool = False
    """Whether the data is wanted after the run. Else nothing is flushed at the end, and what is on servers that
    are not ours is dropped."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """More `OMNITHREAD_` settings for all services, without the prefix: `{"idle_after_seconds": "3"}`."""
    mongo_uri: str = field(default_factory=lambda: os.environ.get("OMNITHREAD_MONGO_URI", ""))
    """A MongoDB to use; empty starts the embedded one."""
    kafka_bootstrap_servers: str = field(
        default_factory=lambda: os.environ.get("OMNITHREAD_KAFKA_BOOTSTRAP_SERVERS", "")
    )
    """A Kafka to use; empty starts the embedded one."""
    traces_endpoint: str = ""
    """Where spans go over OTLP/HTTP; empty starts a receiver of our own, which is the console where that runs."""
    console: bool = False
    """Whether to start the console."""
    encrypted: bool = True
    """Whether all of them show certificates, and speak TLS; not so only beside versions that cannot yet."""

    @property
    def public_base_url(self) -> str:
        """What the links in mails begin with: where the door is."""
        return f"http://{LOOPBACK}:{self.ports.door}"

    @property
    def console_base_url(self) -> str:
        """Where the console is."""
        return f"http://{LOOPBACK}:{self.ports.console}"

    @property
    def tls_dir(self) -> Path:
        """Where certificates are, and the authority that signed them."""
        return self.state_dir / "tls"

    @property
    def database_prefix(self) -> str:
        """The prefix as it stands before the names of databases, which have no dots."""
        return self.prefix.replace(".", "_")

    def database(self, service: str) -> str:
        """Give the name of a service's database."""
        return f"{self.database_prefix}omnithread_{service}"
