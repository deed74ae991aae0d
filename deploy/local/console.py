"""The console as a child process: the pages for people of the company, and the place where spans are kept."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from deploy.local.authority import Authority
from deploy.local.door import ready
from deploy.local.keys import Keys
from deploy.local.plan import Plan
from deploy.local.ports import LOOPBACK
from deploy.local.server import Server
from deploy.local.service import START_TIMEOUT_SECONDS, variables
from deploy.local.state import ROOT
from libs.ids import new_id
from services.console.calling.agent import Agent
from services.console.web.sealing import Seal
from services.console.web.sign_in_links import sign_in_link

CONSOLE = "console"


class WebConsole(Server[str]):
    """The console; its address is what a browser opens. It needs no service to start, and takes spans at once."""

    def __init__(self, *, plan: Plan, environment: Mapping[str, str]) -> None:
        ports = plan.ports
        super().__init__(
            command=[sys.executable, "-m", "services.console"],
            data_dir=plan.state_dir / CONSOLE,
            address=plan.console_base_url,
            port=ports.console,
            responds=lambda _: ready(ports.console_health),
            name=CONSOLE,
            environment=environment,
            cwd=ROOT,
            start_timeout_seconds=START_TIMEOUT_SECONDS,
        )


def console_environment(shared: Mapping[str, str], *, plan: Plan, keys: Keys) -> dict[str, str]:
    """Give what the console is told: its own, and of what all share no more than where services and spans go."""
    ports = plan.ports
    metrics = {name: service.metrics for name, service in ports.services.items()}
    told: dict[str, object] = {
        "listen": f"{LOOPBACK}:{ports.console}",
        "health_listen": f"{LOOPBACK}:{ports.console_health}",
        "metrics_listen": f"{LOOPBACK}:{ports.console_metrics}",
        "instance_name": "console-1",
        "token_key_file": keys.console_key_file,
        "session_key_file": keys.console_secret_file,
        "metrics_addresses": ",".join(
            f"{name}={LOOPBACK}:{port}" for name, port in {**metrics, "door": ports.door_metrics}.items()
        ),
        "health_addresses": f"door={LOOPBACK}:{ports.door_health}",
    }
    if not plan.traces_endpoint:  # nobody else keeps spans
        told["spans_listen"] = f"{LOOPBACK}:{ports.traces}"
        told["spans_file"] = plan.state_dir / "traces" / "spans.jsonl"
    told["plaintext"] = not plan.encrypted
    if plan.encrypted:
        told["root_certificates_file"] = Authority(plan.tls_dir).file
    known = {name: value for name, value in shared.items() if name.startswith("OTEL_")}
    addresses = {f"{name}_address": ports.address_of(name) for name in ports.services}
    return {**known, **variables(addresses), **variables(told)}


def fresh_sign_in_link(keys: Keys, base_url: str, agent: Agent) -> str:
    """Make a link that signs an agent in, once, within a quarter of an hour."""
    return sign_in_link(base_url, Seal.read(keys.console_secret_file), agent, datetime.now(UTC), new_id)
