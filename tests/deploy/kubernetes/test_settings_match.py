"""What manifests say and what the code reads are the same: variables, files, ports, probes."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from deploy.local.plan import FIXED_PORTS, SERVICES
from libs.program import read_settings
from libs.rpc.channels import ChannelRegistry
from libs.rpc.server import LIVENESS, READINESS
from libs.settings import ProcessSettings, ServiceSettings
from libs.telemetry.resource import KUBERNETES
from services.console.settings import ConsoleSettings
from tests.deploy.kubernetes.pods import Pod
from tests.deploy.kubernetes.programs import FIVE, SETTINGS
from tests.deploy.kubernetes.rendering import MIGRATING, SERVING, of_kind, ours, overlay
from tests.deploy.kubernetes.whole import whole_pods

PREFIX = "OMNITHREAD_"
OTHERS = {"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_RESOURCE_ATTRIBUTES", *KUBERNETES}
"""Variables that are not ours, and are read all the same."""


def pods(*names: str) -> list[Any]:
    return [pytest.param(pod, id=f"{name}/{pod.name}") for name in names for pod in whole_pods(name)]


@contextmanager
def told(pod: Pod) -> Iterator[ProcessSettings]:
    """Read the settings that the pod's program would have."""
    apart = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    with patch.dict(os.environ, {**apart, **pod.environment}, clear=True):
        yield read_settings(SETTINGS[pod.program])


def test_every_program_has_a_workload_in_each_overlay() -> None:
    for name in SERVING:
        assert ours(overlay(name)).keys() == SETTINGS.keys()
    for name in MIGRATING:
        assert ours(overlay(name)).keys() == {f"{service}-migrate" for service in FIVE}


@pytest.mark.parametrize("pod", pods(*SERVING, *MIGRATING))
def test_every_variable_is_a_setting_of_the_program_that_gets_it(pod: Pod) -> None:
    fields = {PREFIX + field.upper() for field in SETTINGS[pod.program].model_fields}
    assert sorted(pod.settings.keys() - fields) == []
    assert sorted(pod.environment.keys() - fields - OTHERS) == []
    assert pod.command[:3] == ("python", "-m", f"services.{pod.program}")


@pytest.mark.parametrize("pod", pods(*SERVING, *MIGRATING))
def test_the_program_can_read_what_it_is_told(pod: Pod) -> None:
    with told(pod) as settings:
        for field, value in type(settings).model_fields.items():
            told_value = pod.settings.get(PREFIX + field.upper())
            if told_value is not None and value.annotation in {str, int, float}:
                assert str(getattr(settings, field)).removesuffix(".0") == told_value.removesuffix(".0")


@pytest.mark.parametrize("pod", pods(*SERVING, *MIGRATING))
def test_every_file_that_a_setting_names_is_mounted_and_nothing_else_is(pod: Pod) -> None:
    named = {value for name, value in pod.settings.items() if name.endswith("_FILE")}
    assert sorted(named - pod.files.keys()) == []
    inside = {"/etc/omnithread/trust/mongodb.crt"}  # the address of MongoDB names it
    optional = {"/etc/omnithread/secrets/smtp.password", "/etc/omnithread/trust/jwks.json"}
    assert sorted(pod.files.keys() - named - inside - optional) == []


@pytest.mark.parametrize("pod", pods(*SERVING))
def test_ports_are_those_that_the_program_listens_on(pod: Pod) -> None:
    ports = {port["name"]: port["containerPort"] for port in pod.container["ports"]}
    listens = {
        "LISTEN": "grpc" if pod.program in FIVE else "http",
        "INTERNAL_LISTEN": "grpc-internal",
        "HEALTH_LISTEN": "health",
        "METRICS_LISTEN": "metrics",
    }
    told_ports = {
        listens[name.removeprefix(PREFIX)]: value
        for name, value in pod.settings.items()
        if name.removeprefix(PREFIX) in listens
    }
    assert {name: f"0.0.0.0:{port}" for name, port in ports.items()} == told_ports


@pytest.mark.parametrize("pod", pods(*SERVING))
def test_probes_ask_what_the_program_answers_at_the_port_for_it(pod: Pod) -> None:
    starts, lives, ready = (pod.container[f"{name}Probe"] for name in ("startup", "liveness", "readiness"))
    if pod.program in FIVE:
        health = pod.port("health")
        assert starts["grpc"] == lives["grpc"] == {"port": health, "service": LIVENESS}
        assert ready["grpc"] == {"port": health, "service": READINESS}
    else:
        assert starts["httpGet"] == lives["httpGet"] == {"port": "health", "path": "/healthz"}
        assert ready["httpGet"] == {"port": "health", "path": "/readyz"}
    assert starts["failureThreshold"] * starts["periodSeconds"] > 60  # a start waits a minute for MongoDB


def test_ports_are_the_same_as_on_a_developers_machine() -> None:
    for pod in whole_pods("production"):
        if pod.program in SERVICES:
            known = FIXED_PORTS.services[pod.program]
            found = (pod.port("grpc"), pod.port("health"), pod.port("metrics"), pod.port("grpc-internal"))
            assert found == (known.grpc, known.health, known.metrics, known.internal)


@pytest.mark.parametrize("name", SERVING)
def test_services_call_each_other_at_internal_ports_and_the_console_at_public_ones(name: str) -> None:
    by_program = {pod.program: pod for pod in whole_pods(name)}
    for pod in by_program.values():
        with told(pod) as settings:
            for service in FIVE:
                port = by_program[service].port("grpc" if pod.program == "console" else "grpc-internal")
                assert settings.address_of(service) == f"dns:///{service}:{port}"


@pytest.mark.parametrize("name", SERVING)
def test_a_replica_that_listens_to_kafka_keeps_its_name(name: str) -> None:
    workloads = ours(overlay(name))
    for pod in whole_pods(name):
        workload = workloads[pod.program]
        assert workload["kind"] == ("StatefulSet" if pod.program in FIVE else "Deployment")
        with told(pod) as settings:
            assert settings.instance_name == (pod.name if pod.program in FIVE else "")
        if pod.program in FIVE:
            headless = of_kind(overlay(name), "Service")[workload["spec"]["serviceName"]]
            assert headless["spec"]["clusterIP"] == "None"


@pytest.mark.parametrize("name", SERVING)
def test_services_lead_to_ports_that_pods_have(name: str) -> None:
    pods_by_program = {pod.program: pod for pod in whole_pods(name)}
    services = of_kind(overlay(name), "Service")
    for program, pod in pods_by_program.items():
        names = [program, f"{program}-public"] if program in FIVE else [program]
        for service in names:
            assert services[service]["spec"]["selector"]["app.kubernetes.io/name"] == program
            for port in services[service]["spec"]["ports"]:
                assert port["port"] == pod.port(port["targetPort"])


@pytest.mark.parametrize("pod", pods("production"))
def test_production_encrypts_and_takes_tokens_for_a_quarter_of_an_hour_at_most(pod: Pod) -> None:
    with told(pod) as settings:
        if isinstance(settings, ConsoleSettings):
            assert not settings.plaintext
            assert settings.root_certificates_file == Path("/etc/omnithread/trust/ca.crt")
            return
        assert settings.tls_files is not None
        if isinstance(settings, ServiceSettings):
            assert settings.kafka_security_protocol == "SASL_SSL"
            assert settings.token_most_seconds == 900
            assert not settings.reflection
            assert not settings.plaintext_allowed


def test_the_console_is_a_channel_of_the_registry_that_is_shipped(tmp_path: Path) -> None:
    by_program = {pod.program: pod for pod in whole_pods("production")}
    file = tmp_path / "channels.toml"
    file.write_text(by_program["cart"].files["/etc/omnithread/config/channels.toml"])
    with told(by_program["console"]) as console, told(by_program["cart"]) as cart:
        assert isinstance(console, ConsoleSettings)
        assert isinstance(cart, ServiceSettings)
        assert ChannelRegistry.load(file).find(console.channel_id) is not None
        keys = json.loads(by_program["cart"].files[str(cart.jwks_file)])["keys"]
        assert any(console.channel_id in key.get("omnithread_channels", ()) for key in keys)
        assert console.token_issuer == cart.token_issuer
