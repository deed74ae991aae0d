"""The five services as child processes, told by their environment where everything is, and their migrations."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

import grpc
from grpc import aio
from grpc_health.v1 import health_pb2

from deploy.local.child import start_child
from deploy.local.keys import Keys
from deploy.local.plan import SERVICES, Plan
from deploy.local.ports import LOOPBACK
from deploy.local.server import Server
from deploy.local.state import ROOT

START_TIMEOUT_SECONDS = 60.0
PROBE_TIMEOUT_SECONDS = 2.0
SPANS_DELAY_MS = 300
EMBEDDED_IDLE_PAUSE_SECONDS = 0.15
CHANNELS_FILE = ROOT / "deploy" / "channels.toml"
IDENTIFIERS_FILE = ROOT / "deploy" / "identifiers.toml"
PURPOSES_FILE = ROOT / "deploy" / "purposes.toml"
JOURNEYS_FILE = ROOT / "deploy" / "journeys.toml"
"""Of preference, for double opt-in and for what the preference centre calls things. Messaging goes by the table that
has no quiet hours: whoever tries the suite at night wants to see its mails."""
HEALTH_CHECK = "/grpc.health.v1.Health/Check"  # the stub of the health package has no types
PROBE_OPTIONS = (("grpc.use_local_subchannel_pool", 1),)  # else a refused probe slows down the next one


@dataclass(frozen=True, slots=True)
class Backends:
    """Where the parts are that the services stand on."""

    mongo_uri: str
    kafka_bootstrap_servers: str
    traces_endpoint: str


class Service(Server[str]):
    """A service; it answers once its health is SERVING. Its address is that of its gRPC port."""

    def __init__(self, name: str, *, plan: Plan, environment: Mapping[str, str]) -> None:
        ports = plan.ports.services[name]
        super().__init__(
            command=[sys.executable, "-m", f"services.{name}"],
            data_dir=plan.state_dir / name,
            address=f"{LOOPBACK}:{ports.grpc}",
            port=ports.health,
            responds=lambda _: serving(f"{LOOPBACK}:{ports.health}"),
            name=name,
            environment=environment,
            cwd=ROOT,
            start_timeout_seconds=START_TIMEOUT_SECONDS,
        )


async def migrate(*, plan: Plan, environment: Mapping[str, str]) -> None:
    """Make indexes and topics of all services in one process, which is told what they all are. Raises ChildFailed."""
    databases = [f"{name}={plan.database(name)}" for name in SERVICES]
    child = await start_child(
        [sys.executable, "-m", "deploy.local.migrate", *databases],
        name="migrate",
        log=plan.state_dir / "migrate.log",
        environment=environment,
        cwd=ROOT,
    )
    try:
        code = await child.wait()
    finally:
        await child.kill()
    if code != 0:
        raise child.failure("ended")


async def serving(health_address: str) -> bool:
    """Whether gRPC health there says SERVING."""
    async with aio.insecure_channel(health_address, options=PROBE_OPTIONS) as channel:
        check = channel.unary_unary(
            HEALTH_CHECK,
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        try:
            answer = await check(health_pb2.HealthCheckRequest(), timeout=PROBE_TIMEOUT_SECONDS)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def shared_environment(*, plan: Plan, backends: Backends, keys: Keys) -> dict[str, str]:
    """Give what every process is told alike."""
    ports = plan.ports.services
    # The embedded broker answers at once that there is nothing. Of a given one, our own environment may say the same.
    embedded = {} if plan.kafka_bootstrap_servers else {"kafka_idle_pause_seconds": EMBEDDED_IDLE_PAUSE_SECONDS}
    told = {
        "mongo_uri": backends.mongo_uri,
        "kafka_bootstrap_servers": backends.kafka_bootstrap_servers,
        "topic_prefix": plan.prefix,
        **embedded,
        "jwks_file": keys.jwks_file,
        "channels_file": CHANNELS_FILE,
        "identifiers_file": IDENTIFIERS_FILE,
        "purposes_file": PURPOSES_FILE,
        "journeys_file": JOURNEYS_FILE,
        "erasure_key_file": keys.erasure_key_file,
        "handover_keys_file": keys.handover_keys_file,
        "smtp_host": LOOPBACK,
        "smtp_port": plan.ports.smtp,
        "smtp_tls": "none",
        "from_address": "shop@example.com",
        "from_name": "Beispielhaus",
        **{f"{other}_address": f"{LOOPBACK}:{ports[other].grpc}" for other in ports},
        "subscription_allow_http": True,  # a receiver that a developer tries stands on the same machine
        "subscription_allowed_networks": "127.0.0.0/8",
        "resume_link_template": f"{plan.public_base_url}/r/{{token}}",
        **plan.settings,
    }
    return {
        **variables(told),
        "OTEL_EXPORTER_OTLP_ENDPOINT": backends.traces_endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": str(SPANS_DELAY_MS),
    }


def own_environment(name: str, *, plan: Plan, keys: Keys) -> dict[str, str]:
    """Give what only the process of service `name` is told."""
    ports = plan.ports.services[name]
    told: dict[str, object] = {
        "mongo_database": plan.database(name),
        "listen": f"{LOOPBACK}:{ports.grpc}",
        "health_listen": f"{LOOPBACK}:{ports.health}",
        "metrics_listen": f"{LOOPBACK}:{ports.metrics}",
        "instance_name": f"{name}-1",
        "service_token_file": keys.service_token_file(name),
    }
    if name == "preference":  # nobody else can make or read the links in mails
        told["public_base_url"] = plan.public_base_url
        told["link_keys_file"] = keys.link_keys_file
    return variables(told)


def variables(told: Mapping[str, object]) -> dict[str, str]:
    """Give settings as the variables of an environment."""
    return {f"OMNITHREAD_{key.upper()}": str(value) for key, value in told.items()}
