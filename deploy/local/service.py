"""The five services as child processes, told by their environment where everything is, and their migrations."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc import aio
from grpc_health.v1 import health_pb2

from deploy.local.authority import Authority
from deploy.local.child import start_child
from deploy.local.keys import Keys
from deploy.local.plan import SERVICES, Plan
from deploy.local.ports import LOOPBACK
from deploy.local.server import Server
from deploy.local.state import KEYS_FOLDER, ROOT, write_private
from libs.telemetry.scrub import has_password

CLIENT_PACKAGE = "libs/omnithread-client/src"
"""Of the version that runs: what is installed in the environment may be another one."""
START_TIMEOUT_SECONDS = 150.0
PROBE_TIMEOUT_SECONDS = 2.0
SPANS_DELAY_MS = 300
EMBEDDED_KAFKA = {"kafka_idle_pause_seconds": 0.15, "kafka_partitions": 2}
"""It answers at once that there is nothing, and a question names all partitions."""
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
    """A replica of a service; it answers once its health is SERVING. Its address is that of its gRPC port.

    `root` is the checkout that it runs from: another one than ours is another version of the suite.
    """

    def __init__(
        self, name: str, *, plan: Plan, environment: Mapping[str, str], replica: int = 1, root: Path = ROOT
    ) -> None:
        ports = plan.ports.replicas(name)[replica - 1]
        process = replica_name(name, replica)
        super().__init__(
            command=[sys.executable, "-m", f"services.{name}"],
            data_dir=plan.state_dir / process,
            address=f"{LOOPBACK}:{ports.grpc}",
            port=ports.health,
            responds=lambda _: serving(f"{LOOPBACK}:{ports.health}"),
            name=process,
            environment=environment,
            cwd=root,
            start_timeout_seconds=START_TIMEOUT_SECONDS,
        )


def replica_name(service: str, replica: int) -> str:
    """Name the process of a replica (1, 2, ...); the first has the service's own name."""
    return service if replica == 1 else f"{service}-{replica}"


def in_checkout(environment: Mapping[str, str], root: Path) -> dict[str, str]:
    """Give the environment for a version in another checkout: its own code and its own files of `deploy/`."""
    if root == ROOT:
        return dict(environment)
    ours, theirs = f"{ROOT}/deploy/", f"{root}/deploy/"
    moved = {
        name: theirs + value.removeprefix(ours) if value.startswith(ours) else value
        for name, value in environment.items()
    }
    return {**moved, "PYTHONPATH": str(root / CLIENT_PACKAGE)}


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
    # Of a broker that is given, our own environment may say the same.
    embedded = {} if plan.kafka_bootstrap_servers else EMBEDDED_KAFKA
    at = plan.ports.internal_address_of if plan.encrypted else plan.ports.address_of
    told = {
        **_mongo(backends.mongo_uri, plan),
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
        **{f"{other}_address": at(other) for other in plan.ports.services},
        "reflection": True,
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


def _mongo(uri: str, plan: Plan) -> dict[str, object]:
    """Tell where MongoDB is: an address with a password by way of a file, as services want it."""
    if not has_password(uri):
        return {"mongo_uri": uri}
    file = plan.state_dir / KEYS_FOLDER / "mongo.uri"
    write_private(file, uri.encode())
    return {"mongo_uri_file": file}


def own_environment(name: str, *, plan: Plan, keys: Keys, replica: int = 1) -> dict[str, str]:
    """Give what only the process of a replica of service `name` is told."""
    ports = plan.ports.replicas(name)[replica - 1]
    told: dict[str, object] = {
        "mongo_database": plan.database(name),
        "listen": f"{LOOPBACK}:{ports.grpc}",
        "health_listen": f"{LOOPBACK}:{ports.health}",
        "metrics_listen": f"{LOOPBACK}:{ports.metrics}",
        "instance_name": f"{name}-{replica}",
        "service_token_file": keys.service_token_file(name),
    }
    if plan.encrypted:
        told["internal_listen"] = f"{LOOPBACK}:{ports.internal}"
    if name == "preference":  # nobody else can make or read the links in mails
        told["public_base_url"] = plan.public_base_url
        told["link_keys_file"] = keys.link_keys_file
    return {**variables(told), **certificate_environment(name, plan=plan)}


def certificate_environment(name: str, *, plan: Plan) -> dict[str, str]:
    """Tell a process of the suite where its certificate is; nothing where all is in plaintext."""
    if not plan.encrypted:
        return {}
    files = Authority(plan.tls_dir).files_of(name)
    return variables(
        {
            "tls_certificate_file": files.certificate,
            "tls_key_file": files.key,
            "tls_client_authorities_file": files.authorities,
        }
    )


def variables(told: Mapping[str, object]) -> dict[str, str]:
    """Give settings as the variables of an environment."""
    return {f"OMNITHREAD_{key.upper()}": str(value) for key, value in told.items()}
