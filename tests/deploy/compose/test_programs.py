"""The programs of the suite are told by compose what their settings take, and find what they are told of."""

import os
import re
from pathlib import Path

import pytest
from cryptography import x509

from deploy.compose.secrets import PROGRAMS
from deploy.local.plan import FIXED_PORTS, SERVICES
from deploy.settings_page import PROGRAMS as CLASSES
from libs.program import read_settings
from libs.settings import ProcessSettings, ServiceSettings
from services.console.operations.places import places_of
from services.console.settings import ConsoleSettings
from tests.deploy.compose.resolved import ROOT, Compose
from tests.deploy.image.dockerfile import DOCKERFILE

SECRETS, IMAGE = "/run/omnithread/", "/app/"


def told(compose: Compose, name: str, monkeypatch: pytest.MonkeyPatch) -> ProcessSettings:
    """Read a program's settings as it would itself."""
    for variable in [one for one in os.environ if one.startswith("OMNITHREAD_")]:
        monkeypatch.delenv(variable)
    for variable, value in compose.environment(name).items():
        monkeypatch.setenv(variable, value)
    return read_settings(CLASSES[name])


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


def test_every_program_of_the_suite_is_started_from_the_one_image(compose: Compose) -> None:
    assert set(PROGRAMS) == set(CLASSES)
    ours = (*PROGRAMS, "keys", "migrate")
    assert len({compose.services[name]["image"] for name in ours}) == 1
    assert [name for name in ours if "build" in compose.services[name]] == ["keys"]
    assert {compose.services[name]["pull_policy"] for name in ours} == {"never"}
    assert ROOT / compose.services["keys"]["build"]["dockerfile"] == DOCKERFILE
    assert {name: compose.services[name]["command"] for name in PROGRAMS} == {
        name: ["python", "-m", f"services.{name}"] for name in PROGRAMS
    }


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_understands_every_variable_that_it_is_told(
    compose: Compose, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(told(compose, name, monkeypatch), CLASSES[name])
    assert compose.settings(name).keys() <= CLASSES[name].model_fields.keys()


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_file_that_a_program_is_told_of_is_there_and_its_secrets_are_its_own(
    compose: Compose, secrets: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = told(compose, name, monkeypatch)
    files = {
        field: value for field in CLASSES[name].model_fields if isinstance(value := getattr(settings, field), Path)
    }
    mounted = compose.mounted(name)
    assert mounted[SECRETS.rstrip("/")].relative_to(ROOT).as_posix() == f".omnithread/compose/programs/{name}"
    used = set()
    for field, path in files.items():
        if field == "service_token_file" and name == "console":
            continue  # it calls as a channel, with tokens that it signs itself
        assert path.is_absolute(), field
        if str(path).startswith(IMAGE):
            assert (ROOT / path.relative_to(IMAGE)).is_file(), field
        else:
            used.add(path.name)
            assert (secrets / "programs" / name / path.relative_to(SECRETS)).is_file(), field
    assert used == {file.name for file in (secrets / "programs" / name).iterdir()}


@pytest.mark.parametrize("name", SERVICES)
def test_services_listen_where_others_look_for_them(
    compose: Compose, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = told(compose, name, monkeypatch)
    assert isinstance(settings, ServiceSettings)
    ports = FIXED_PORTS.services[name]
    heard = (settings.listen, settings.internal_listen, settings.health_listen, settings.metrics_listen)
    assert heard == tuple(f"0.0.0.0:{port}" for port in (ports.grpc, ports.internal, ports.health, ports.metrics))
    for other in (*SERVICES, "door", "console"):
        wanted = ports.grpc if other == "console" else ports.internal
        assert told(compose, other, monkeypatch).address_of(name) == f"dns:///{name}:{wanted}"
    assert compose.published(name) == {ports.grpc: ("127.0.0.1", ports.grpc)}


def test_door_and_console_are_where_links_lead_and_look_where_processes_are(
    compose: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, console = compose.settings("door"), told(compose, "console", monkeypatch)
    assert isinstance(console, ConsoleSettings)
    ports = FIXED_PORTS
    assert port_of(door["listen"]) == ports.door
    assert port_of(console.listen) == ports.console
    assert compose.published("door") == {ports.door: ("127.0.0.1", ports.door)}
    assert compose.published("console") == {ports.console: ("127.0.0.1", ports.console)}
    assert console.base_url == f"http://127.0.0.1:{ports.console}"
    assert compose.settings("preference")["public_base_url"] == f"http://127.0.0.1:{ports.door}"
    assert compose.settings("messaging")["resume_link_template"] == f"http://127.0.0.1:{ports.door}/r/{{token}}"
    metrics = {place.name: place.address for place in places_of(console.metrics_addresses)}
    assert metrics == {
        name: f"{name}:{port_of(compose.settings(name)['metrics_listen'])}" for name in (*SERVICES, "door")
    }
    health = {place.name: place.address for place in places_of(console.health_addresses)}
    assert health == {"door": f"door:{port_of(door['health_listen'])}"}


@pytest.mark.parametrize("name", [*SERVICES, "door"])
def test_a_certificate_names_the_host_by_which_others_call(secrets: Path, name: str) -> None:
    certificate = x509.load_pem_x509_certificate((secrets / f"programs/{name}/certificate.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {name, "localhost"} <= set(names.get_values_for_type(x509.DNSName))


def test_migrations_are_of_all_services_on_their_servers(compose: Compose) -> None:
    (line,) = compose.services["migrate"]["command"][2:]
    assert re.findall(r"for name in ([a-z ]+);", line)[0].split() == list(SERVICES)
    known = set().union(*(CLASSES[name].model_fields for name in SERVICES))
    migrating = compose.settings("migrate")
    assert migrating.keys() <= known
    for name in SERVICES:
        mine = compose.settings(name)
        assert (mine["mongo_uri"], mine["kafka_bootstrap_servers"]) == (
            migrating["mongo_uri"],
            migrating["kafka_bootstrap_servers"],
        )
    assert "mongo_database" not in migrating  # each has its own name for it
