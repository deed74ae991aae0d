"""A node of its own for the suite: all pods of an overlay on this machine, in namespaces that nothing else shares.

`unshare --mount --net ... python -m tests.deploy.kubernetes.node FOLDER OVERLAY MIGRATIONS` starts an embedded MongoDB
and Kafka, runs the migrations twice, starts a pod of each workload with its rendered environment and files, probes them
as kubelet would, starts a session as a web shop does, and stops all of them. What it found is `report.json` in FOLDER.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import grpc
from grpc import aio
from grpc_health.v1 import health_pb2

import omnithread
from deploy.kubernetes.development import development_objects
from deploy.local.backends import EmbeddedKafka, EmbeddedMongo
from deploy.local.child import Child, start_child
from deploy.local.granting import usual_scopes
from deploy.local.keys import mint_channel_token
from deploy.local.plan import SERVICES
from deploy.local.service import HEALTH_CHECK
from deploy.local.state import KEYS_FOLDER, ROOT
from tests.deploy.kubernetes.contained import HOSTS
from tests.deploy.kubernetes.issued import issued
from tests.deploy.kubernetes.pods import Pod, pod_of
from tests.deploy.kubernetes.rendering import Object, of_kind, ours, overlay

START_SECONDS = 1200.0
CALL_SECONDS = 60.0
AGAIN = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
ISOLATED = ("unshare", "--mount", sys.executable, "-m", "tests.deploy.kubernetes.contained")
Report = dict[str, Any]  # it goes through JSON


class Node:
    """Runs pods, and knows which process each of them is."""

    def __init__(self, folder: Path, *, kafka: str) -> None:
        self._folder = folder
        # What stands in for Kafka speaks plaintext only, and the test's own keys are those of the identity provider.
        self._replaced = {
            "OMNITHREAD_KAFKA_BOOTSTRAP_SERVERS": kafka,
            "OMNITHREAD_KAFKA_SECURITY_PROTOCOL": "PLAINTEXT",
            "OMNITHREAD_TOKEN_ISSUER": "omnithread",
            "OMNITHREAD_JWKS_ADDRESS": "",
        }
        self.children: dict[str, Child] = {}

    async def run(self, pod: Pod, *, run: str = "") -> Child:
        """Start a pod's process."""
        name = f"{pod.name}{run}"
        replaced = {key: value for key, value in self._replaced.items() if key in pod.environment}
        told = {
            "root": str(self._folder / "roots" / name),
            "command": pod.command,
            "environment": {**pod.environment, **replaced},
            "files": dict(pod.files),
        }
        spec = self._folder / f"{name}.json"
        spec.write_text(json.dumps(told), encoding="utf-8")
        child = await start_child([*ISOLATED, spec], name=name, log=self.log(name), cwd=ROOT)
        self.children[name] = child
        return child

    def log(self, name: str) -> Path:
        """Give where a process says what it does."""
        return self._folder / "logs" / f"{name}.log"


def settle(folder: Path) -> None:
    """Give the namespaces that we were started in a loopback, and the names of the cluster."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True, timeout=60)  # noqa: S607
    hosts = folder / "hosts"
    hosts.write_text(HOSTS, encoding="utf-8")
    subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True, timeout=60)  # noqa: S607


async def trial(folder: Path, serving: str, migrating: str) -> Report:
    """Do all of it, and tell what was found."""
    async with (
        EmbeddedMongo(data_dir=folder / "mongo", start_timeout_seconds=START_SECONDS) as mongo,
        EmbeddedKafka(data_dir=folder / "kafka", start_timeout_seconds=START_SECONDS) as kafka,
    ):
        beside = _beside(folder, serving, mongo.address.uri)
        node = Node(folder, kafka=kafka.address.bootstrap_servers)
        try:
            report: Report = {}
            for run in ("-first", "-second"):
                ran = [await node.run(pod, run=run) for pod in _pods(migrating, beside)]
                report[f"migrated{run}"] = await asyncio.gather(*(child.wait() for child in ran))
            pods = _pods(serving, beside)
            for pod in pods:
                await node.run(pod)
            await asyncio.gather(*(_until_ready(pod, node) for pod in pods))
            report["processes"] = {pod.name: _seen(node.children[pod.name].pid) for pod in pods}
            report["unknown health"] = {pod.name: await _grpc(pod, "nobody") for pod in pods if _speaks_grpc(pod)}
            report["session"] = await _session(folder)
            report["stopped"] = await asyncio.gather(*(_stop(node.children[pod.name]) for pod in pods))
        finally:
            for child in node.children.values():
                await child.kill()
    return report


def _beside(folder: Path, serving: str, uri: str) -> tuple[Object, ...]:
    """Give what the overlay refers to: certificates as it asks for them, and all else as for a developer."""
    made = development_objects(folder, mongo_uris=dict.fromkeys(SERVICES, uri), token_seconds=900)
    asked = [one for one in of_kind(overlay(serving), "Certificate").values() if "uris" in one["spec"]]
    certificates = [issued(one, folder / "tls") for one in asked]
    replaced = {one["metadata"]["name"] for one in certificates}
    return (*(one for one in made if one["metadata"]["name"] not in replaced), *certificates)


def _pods(name: str, beside: Iterable[Object]) -> list[Pod]:
    objects = (*overlay(name), *beside)
    return [pod_of(workload, objects) for workload in ours(overlay(name)).values()]


async def _until_ready(pod: Pod, node: Node) -> None:
    child, until = node.children[pod.name], time.monotonic() + START_SECONDS
    while not await _ready(pod):
        if not child.running or time.monotonic() > until:
            raise child.failure("is not ready")
        await asyncio.sleep(0.5)


async def _ready(pod: Pod) -> bool:
    """Ask what the readiness probe asks."""
    probe = pod.container["readinessProbe"]
    if "grpc" in probe:
        return await _grpc(pod, probe["grpc"]["service"]) == "SERVING"
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", pod.port(probe["httpGet"]["port"]))
    except OSError:
        return False
    try:
        path = probe["httpGet"]["path"]
        writer.write(f"GET {path} HTTP/1.1\r\nHost: kubelet\r\nConnection: close\r\n\r\n".encode())
        return (await reader.readline()).split()[1:2] == [b"200"]
    finally:
        writer.close()


def _speaks_grpc(pod: Pod) -> bool:
    return "grpc" in pod.container["readinessProbe"]


async def _grpc(pod: Pod, service: str) -> str:
    port = pod.container["readinessProbe"]["grpc"]["port"]
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with aio.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        check = channel.unary_unary(
            HEALTH_CHECK,
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        try:
            answer = await check(health_pb2.HealthCheckRequest(service=service), timeout=5)
        except grpc.RpcError as error:
            return str(error.code().name) if isinstance(error, aio.AioRpcError) else "UNKNOWN"
    return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)


def _seen(pid: int) -> dict[str, str]:
    """Tell as whom a process runs, and what it may do, from what the kernel says of it."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    wanted = ("Uid", "Gid", "CapEff", "CapBnd", "NoNewPrivs")
    roots = [line.split() for line in Path(f"/proc/{pid}/mounts").read_text().splitlines()]
    here = {name: " ".join(status[name].split()) for name in wanted}
    writable = [
        mount[1] for mount in roots if "rw" in mount[3].split(",") and not mount[1].startswith(("/proc", "/dev"))
    ]
    return {**here, "writable": " ".join(writable)}


async def _session(folder: Path) -> dict[str, Any]:
    """Do as a web shop: by the names and ports of the Services, with a token of the channel."""
    at = {name: f"dns:///{name}:{50051 + place}" for place, name in enumerate(SERVICES)}
    addresses = omnithread.Addresses(
        profile=at["profile"],
        cart=at["cart"],
        preference=at["preference"],
        messaging=at["messaging"],
        context=at["aggregator"],
    )

    def token() -> str:
        return mint_channel_token(folder / KEYS_FOLDER, "web-shop", scopes=usual_scopes("web-shop"))

    authority = (folder / "tls/ca.pem").read_bytes()
    async with omnithread.connect(
        addresses, token=token, root_certificates=authority, timeout_seconds=CALL_SECONDS
    ) as shop:
        until = time.monotonic() + START_SECONDS
        while True:  # on a machine that is busy, services answer too late at first, and say so
            try:
                session = await shop.start_session([omnithread.cookie("visitor-1")])
            except aio.AioRpcError as error:
                if error.code() not in AGAIN or time.monotonic() > until:
                    raise
                continue
            problems = [str(problem) for problem in session.started.problems]
            if not problems or time.monotonic() > until:
                return {"customer": bool(session.customer_id), "problems": problems}


async def _stop(child: Child) -> dict[str, float]:
    begun = time.monotonic()
    await child.stop(timeout_seconds=120)
    return {"code": await child.wait(), "seconds": time.monotonic() - begun}


if __name__ == "__main__":
    where = Path(sys.argv[1])
    settle(where)
    found = asyncio.run(trial(where, sys.argv[2], sys.argv[3]))
    (where / "report.json").write_text(json.dumps(found, indent=2), encoding="utf-8")
