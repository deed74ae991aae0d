"""The settings of the servers that watch an installation agree with each other and with what the services do."""

import json
import re
from datetime import timedelta
from urllib.parse import urlsplit

import structlog
from opentelemetry.sdk.trace import TracerProvider

from deploy.local.plan import FIXED_PORTS
from libs.telemetry.exemplars import Exemplars
from libs.telemetry.journey import journey_labels
from tests.deploy.observability.files import FOLDER, read
from tests.own_logging import logging_of_its_own

SILENCE = timedelta(days=30)
SILENCES, TIME_TO_LOOK = 6, timedelta(days=10)
SOURCES = {source["uid"]: source for source in read("grafana/provisioning/datasources/omnithread.yml")["datasources"]}


def test_every_file_of_settings_can_be_read() -> None:
    files = list(FOLDER.rglob("*.y*ml"))
    assert len(files) >= 10
    for path in files:
        assert isinstance(read(str(path.relative_to(FOLDER))), dict), path


def test_prometheus_asks_where_the_suite_serves_its_metrics() -> None:
    (job,) = [one for one in read("prometheus/prometheus.yml")["scrape_configs"] if one["job_name"] == "omnithread"]
    targets = {one["labels"]["service"]: one["targets"] for one in job["static_configs"]}
    wanted = {name: [f"{name}:{ports.metrics}"] for name, ports in FIXED_PORTS.services.items()}
    wanted["door"] = [f"door:{FIXED_PORTS.door_metrics}"]
    wanted["console"] = [f"console:{FIXED_PORTS.console_metrics}"]
    assert targets == wanted


def test_what_sends_and_what_takes_name_the_same_ports() -> None:
    collector, tempo, jaeger = (
        read(name) for name in ("collector/config.yaml", "tempo/tempo.yaml", "jaeger/config.yaml")
    )
    loki = read("loki/loki.yaml")
    takes = {
        "tempo": tempo["distributor"]["receivers"]["otlp"]["protocols"]["http"]["endpoint"],
        "jaeger": jaeger["receivers"]["otlp"]["protocols"]["http"]["endpoint"],
        "loki": f":{loki['server']['http_listen_port']}",
    }
    for name, taken_at in takes.items():
        endpoint = urlsplit(collector["exporters"][f"otlphttp/{name}"]["endpoint"])
        assert (endpoint.hostname, str(endpoint.port)) == (name, taken_at.rpartition(":")[2])
    (own,) = [one for one in read("prometheus/prometheus.yml")["scrape_configs"] if one["job_name"] == "collector"]
    told = collector["service"]["telemetry"]["metrics"]["readers"][0]["pull"]["exporter"]["prometheus"]["port"]
    assert own["static_configs"][0]["targets"] == [f"collector:{told}"]
    asks = {
        "omnithread-traces": tempo["server"]["http_listen_port"],
        "omnithread-logs": loki["server"]["http_listen_port"],
        "omnithread-jaeger": int(jaeger["extensions"]["jaeger_query"]["http"]["endpoint"].rpartition(":")[2]),
    }
    assert {uid: urlsplit(SOURCES[uid]["url"]).port for uid in asks} == asks


def test_whatever_a_pipeline_of_the_collector_names_is_there_and_memory_is_looked_at_first() -> None:
    collector = read("collector/config.yaml")
    for pipeline in collector["service"]["pipelines"].values():
        for part in ("receivers", "processors", "exporters"):
            assert set(pipeline[part]) <= collector[part].keys()
        assert pipeline["processors"][0] == "memory_limiter"
    assert set(collector["service"]["extensions"]) == collector["extensions"].keys()
    assert not [name for name in collector["processors"] if "sampl" in name]


def test_traces_and_log_lines_outlive_six_silences_of_a_journey() -> None:
    hours = int((SILENCES * SILENCE + TIME_TO_LOOK).total_seconds()) // 3600
    tempo, loki = read("tempo/tempo.yaml"), read("loki/loki.yaml")
    jaeger = read("jaeger/config.yaml")["extensions"]["jaeger_storage"]["backends"]["kept"]["badger"]
    kept = f"{hours}h"
    assert tempo["compactor"]["compaction"]["block_retention"] == kept
    assert tempo["query_frontend"]["search"]["max_duration"] == kept
    assert jaeger["ttl"]["spans"] == kept
    assert loki["limits_config"]["retention_period"] == kept
    assert loki["limits_config"]["max_query_length"] == f"{hours + 1}h"
    assert f"{hours} hours" in (FOLDER.parents[1] / "docs/metrics.md").read_text()


def test_a_trace_stays_open_for_longer_than_the_five_minutes_between_two_of_its_spans() -> None:
    idle = read("tempo/tempo.yaml")["ingester"]["trace_idle_period"]
    assert int(idle.removesuffix("s")) > 300


def test_links_between_sources_lead_to_sources_that_there_are() -> None:
    text = json.dumps(list(SOURCES.values()))
    assert set(re.findall(r'"datasourceUid": "([^"]+)"', text)) <= SOURCES.keys()
    board = json.loads((FOLDER / "grafana/dashboards/journeys.json").read_text())
    fields = {field["name"]: field for field in SOURCES["omnithread-logs"]["jsonData"]["derivedFields"]}
    assert fields["Journey"]["url"].startswith(f"/d/{board['uid']}?")


def test_the_trace_of_an_exemplar_and_of_a_log_line_is_found_where_grafana_looks_for_it() -> None:
    (destination,) = SOURCES["omnithread-metrics"]["jsonData"]["exemplarTraceIdDestinations"]
    with (
        logging_of_its_own() as lines,
        TracerProvider().get_tracer("test").start_as_current_span("a call") as span,
        journey_labels(journey_id="jrn_1"),
    ):
        structlog.get_logger("test").info("called")
        exemplar = Exemplars().of(1.0)
    trace_id = f"{span.get_span_context().trace_id:032x}"
    assert exemplar is not None
    assert exemplar[destination["name"]] == trace_id
    fields = {field["name"]: field for field in SOURCES["omnithread-logs"]["jsonData"]["derivedFields"]}
    found = {name: re.search(fields[name]["matcherRegex"], lines.getvalue()) for name in ("Trace", "Journey")}
    assert {name: match and match[1] for name, match in found.items()} == {"Trace": trace_id, "Journey": "jrn_1"}
