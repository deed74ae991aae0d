"""What runs beside the suite's own programs fits to them, and every container is bounded, pinned and looked after."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml  # type: ignore[import-untyped]  # the package has none

from deploy.compose.secrets import PROGRAMS
from deploy.local.plan import FIXED_PORTS
from tests.deploy.compose.resolved import FILE, ROOT, Compose, run_compose
from tests.deploy.observability.files import read

ONE_SHOT = {"migrate", "mongo-init"}
CANNOT_ASK_ITSELF = {"collector"}
"""Nothing but one program is in its image."""
DEMO = dict(
    line.split("=", 1)
    for line in (FILE.parent / "compose/demo.env").read_text().splitlines()
    if line and not line.startswith("#")
)
Collector = dict[str, Any]  # YAML


def test_compose_has_nothing_against_the_file() -> None:
    done = run_compose("config", "--quiet")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_everything_that_the_suite_needs_and_what_watches_it_is_there(compose: Compose) -> None:
    servers = {"mongo", "kafka", "mail", "collector", "jaeger", "prometheus", "grafana"}
    assert compose.services.keys() == {*PROGRAMS, *servers, *ONE_SHOT, "keys"}


def test_every_image_is_pinned_to_one_release(compose: Compose) -> None:
    for name, service in compose.services.items():
        image, _, tag = service["image"].rpartition(":")
        assert re.fullmatch(r"v?\d+\.\d+\.\d+", tag) or (image, tag) == ("omnithread", "local"), name


def test_every_container_is_bounded_and_says_whether_it_is_well(compose: Compose) -> None:
    for name, service in compose.services.items():
        limits = service["deploy"]["resources"]["limits"]
        assert float(limits["cpus"]) > 0, name
        assert int(limits["memory"]) >= 256 * 1024**2, name
        assert service["logging"]["options"]["max-size"], name
        assert ("healthcheck" in service) is (name not in ONE_SHOT | CANNOT_ASK_ITSELF), name
        assert service["restart"] == ("no" if name in ONE_SHOT else "unless-stopped"), name


def test_our_own_containers_are_nobody_and_write_nowhere_but_where_secrets_are_made(compose: Compose) -> None:
    for name in (*PROGRAMS, "keys", "migrate"):
        service = compose.services[name]
        assert (service["user"], service["read_only"], service["cap_drop"]) == ("10001:10001", True, ["ALL"]), name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        writable = [mount["target"] for mount in service.get("volumes", ()) if not mount.get("read_only")]
        assert writable == (["/secrets"] if name == "keys" else []), name


def test_nothing_is_reached_from_other_machines_and_servers_from_none(compose: Compose) -> None:
    for name in compose.services:
        assert {host for host, _ in compose.published(name).values()} <= {"127.0.0.1"}, name
    assert not compose.published("mongo")
    assert not compose.published("kafka")


def test_what_is_mounted_is_there_and_what_is_kept_has_a_name(compose: Compose) -> None:
    named = set()
    for name, service in compose.services.items():
        for target, source in compose.mounted(name).items():
            made_at_start = source.is_relative_to(ROOT / ".omnithread/compose")
            assert made_at_start or source.exists(), (name, target)
        named |= {mount["source"] for mount in service.get("volumes", ()) if mount["type"] == "volume"}
    assert named == set(compose.read["volumes"]) == {"mongo", "kafka", "collector", "jaeger", "prometheus", "grafana"}


def test_everybody_names_the_same_replica_set_and_the_same_broker(compose: Compose) -> None:
    command = compose.services["mongo"]["command"]
    name = command[command.index("--replSet") + 1]
    script = (FILE.parent / "compose/mongo-init.js").read_text()
    assert f'NAME = "{name}"' in script
    (member,) = re.findall(r'host: "([^"]+)"', script)
    kafka = compose.environment("kafka")
    for program in ("profile", "migrate"):
        told = compose.settings(program)
        assert told["mongo_uri"] == f"mongodb://{member}/?replicaSet={name}"
        assert kafka["KAFKA_ADVERTISED_LISTENERS"] == f"SUITE://{told['kafka_bootstrap_servers']}"
    assert kafka["KAFKA_PROCESS_ROLES"] == "broker,controller"
    assert kafka["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert kafka["KAFKA_LOG_DIRS"] in {mount["target"] for mount in compose.services["kafka"]["volumes"]}


def test_prometheus_asks_every_container_that_has_numbers(compose: Compose) -> None:
    targets = {
        target
        for job in read("prometheus/prometheus.yml")["scrape_configs"]
        for one in job["static_configs"]
        for target in one["targets"]
    }
    serve = {f"{name}:{compose.settings(name)['metrics_listen'].rpartition(':')[2]}" for name in PROGRAMS}
    assert targets == {*serve, "collector:8888"}
    rules = read("prometheus/prometheus.yml")["rule_files"]
    assert {f"/etc/prometheus/{rule}" for rule in rules} <= compose.mounted("prometheus").keys()


def laid_over(below: Collector, above: Collector) -> Collector:
    """Lay one file over another as the collector does: maps grow together, everything else is replaced."""
    both = dict(below)
    for key, value in above.items():
        mine = below.get(key)
        both[key] = laid_over(mine, value) if isinstance(mine, dict) and isinstance(value, dict) else value
    return both


def test_the_collector_takes_what_programs_send_and_passes_it_on_to_a_container_that_is_there(compose: Compose) -> None:
    own = yaml.safe_load((FILE.parent / "compose/collector.yaml").read_text())
    collector = laid_over(read("collector/config.yaml"), own)
    taken_at = collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"].rpartition(":")[2]
    for name in PROGRAMS:
        assert compose.environment(name)["OTEL_EXPORTER_OTLP_ENDPOINT"] == f"http://collector:{taken_at}"
    for pipeline in collector["service"]["pipelines"].values():
        assert set(pipeline["receivers"]) == {"otlp"}
        for exporter in pipeline["exporters"]:
            told = collector["exporters"][exporter] or {}
            assert exporter == "nop" or urlsplit(told["endpoint"]).hostname in compose.services
    assert collector["extensions"]["file_storage"]["directory"] in {
        mount["target"] for mount in compose.services["collector"]["volumes"]
    }
    names = [word.removeprefix("--config=") for word in compose.services["collector"]["command"]]
    assert set(names) <= compose.mounted("collector").keys()


def test_who_asks_for_spans_asks_where_jaeger_answers(compose: Compose) -> None:
    jaeger = read("jaeger/config.yaml")["extensions"]
    port = int(jaeger["jaeger_query"]["http"]["endpoint"].rpartition(":")[2])
    assert compose.settings("console")["spans_address"] == f"http://jaeger:{port}"
    assert compose.published("jaeger") == {port: ("127.0.0.1", port)}
    kept = jaeger["jaeger_storage"]["backends"]["kept"]["badger"]["directories"].values()
    (volume,) = [mount for mount in compose.services["jaeger"]["volumes"] if mount["type"] == "volume"]
    assert all(Path(folder).is_relative_to(volume["target"]) for folder in kept)
    assert (
        jaeger["healthcheckv2"]["http"]["endpoint"].rpartition(":")[2]
        in compose.services["jaeger"]["healthcheck"]["test"][-1]
    )


def test_grafana_finds_our_boards_where_its_settings_say(compose: Compose) -> None:
    mounted = compose.mounted("grafana")
    (provider,) = read("grafana/provisioning/dashboards/omnithread.yml")["providers"]
    assert list(mounted[provider["options"]["path"]].glob("*.json"))
    assert mounted["/etc/grafana/provisioning"] == FILE.parent / "observability/grafana/provisioning"
    hosts = {
        source["uid"]: urlsplit(source["url"]).hostname
        for source in read("grafana/provisioning/datasources/omnithread.yml")["datasources"]
    }
    there = {uid for uid, host in hosts.items() if host in compose.services}
    assert there == {"omnithread-metrics", "omnithread-jaeger"}


def test_mails_go_to_the_catcher_which_keeps_them_where_the_demo_reads_them(compose: Compose) -> None:
    mail, messaging = compose.environment("mail"), compose.settings("messaging")
    assert (messaging["smtp_host"], messaging["smtp_port"]) == ("mail", mail["MAILDEV_SMTP_PORT"])
    kept = compose.mounted("mail")[mail["MAILDEV_MAIL_DIRECTORY"]]
    assert ROOT / DEMO["OMNITHREAD_MAILS_FOLDER"] == kept


def test_the_demo_is_told_the_addresses_that_are_published(compose: Compose, secrets: Path) -> None:
    for name, ports in FIXED_PORTS.services.items():
        assert DEMO[f"OMNITHREAD_{name.upper()}_ADDRESS"] == f"127.0.0.1:{ports.grpc}"
    ((host, port),) = compose.published("collector").values()
    assert DEMO["OTEL_EXPORTER_OTLP_ENDPOINT"] == f"http://{host}:{port}"
    ((host, port),) = compose.published("jaeger").values()
    assert (DEMO["OMNITHREAD_SPANS_FROM"], DEMO["OMNITHREAD_SPANS_ADDRESS"]) == ("jaeger", f"http://{host}:{port}")
    folder = compose.mounted("keys")["/secrets"]
    assert ROOT / DEMO["OMNITHREAD_STATE_DIR"] == folder
    trusted = (ROOT / DEMO["OMNITHREAD_ROOT_CERTIFICATES_FILE"]).relative_to(folder)
    assert (secrets / trusted).is_file()


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_given_the_time_that_its_end_may_take(compose: Compose, name: str) -> None:
    drain = float(compose.settings(name).get("drain_seconds", 5))
    assert compose.services[name]["stop_grace_period"] == "25s"
    assert drain + 5 + 10 <= 25
