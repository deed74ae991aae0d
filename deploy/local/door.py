"""The public door as a child process: no database to migrate, and HTTP where the services speak gRPC."""

import asyncio
import sys
from collections.abc import Mapping

from deploy.local.keys import Keys
from deploy.local.plan import Plan
from deploy.local.ports import LOOPBACK
from deploy.local.server import Server
from deploy.local.service import START_TIMEOUT_SECONDS, certificate_environment, variables
from deploy.local.state import ROOT

DOOR = "door"
PROBE_SECONDS = 2.0
SHOP_CART = "https://shop.example.com/cart#{token}"


class PublicDoor(Server[str]):
    """The door; it answers once it is ready. Its address is what public links begin with."""

    def __init__(self, *, plan: Plan, environment: Mapping[str, str]) -> None:
        ports = plan.ports
        super().__init__(
            command=[sys.executable, "-m", "services.door"],
            data_dir=plan.state_dir / DOOR,
            address=plan.public_base_url,
            port=ports.door,
            responds=lambda _: ready(ports.door_health),
            name=DOOR,
            environment=environment,
            cwd=ROOT,
            start_timeout_seconds=START_TIMEOUT_SECONDS,
        )


async def ready(health_port: int) -> bool:
    """Whether `/readyz` there says yes."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            reader, writer = await asyncio.open_connection(LOOPBACK, health_port)
            try:
                writer.write(b"GET /readyz HTTP/1.1\r\nHost: door\r\nConnection: close\r\n\r\n")
                return (await reader.readline()).split()[1:2] == [b"200"]
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False


def door_environment(*, plan: Plan, keys: Keys) -> dict[str, str]:
    """Give what only the door is told."""
    told = {
        "listen": f"{LOOPBACK}:{plan.ports.door}",
        "health_listen": f"{LOOPBACK}:{plan.ports.door_health}",
        "metrics_listen": f"{LOOPBACK}:{plan.ports.door_metrics}",
        "instance_name": "door-1",
        "service_token_file": keys.service_token_file(DOOR),
        "resume_target": plan.settings.get("resume_target", SHOP_CART),
    }
    return {**variables(told), **certificate_environment(DOOR, plan=plan)}
