"""Boards and alerts ask for nothing that does not exist, and say what they mean."""

import re
from collections import Counter

import pytest

from deploy.observability import generate
from deploy.observability.catalogue import PREFIX, by_sample, metrics
from deploy.observability.promql import named_in
from tests.deploy.observability.files import ROOT, alerts, boards, panels, queries, read, recorded

METRICS = metrics()
SAMPLES = by_sample(METRICS)
FOREIGN = {
    "up": {"job", "service", "instance"},
    "ALERTS": {"alertname", "alertstate"},
    "process_cpu_seconds_total": set(),
    "process_resident_memory_bytes": set(),
    "process_open_fds": set(),
    "process_start_time_seconds": set(),
    "python_gc_collections_total": {"generation"},
}
"""Of Prometheus itself and of its client package."""
OF_TARGETS = {"job", "service", "instance"}
NEVER_A_LABEL = {"channel", "channel_id", "customer", "customer_id", "session_id", "journey_id", "trace_id", "actor_id"}


def labels_of(metric: str) -> set[str]:
    if metric in recorded():
        query = named_in(recorded()[metric])
        return set(query.labels)
    return set(FOREIGN.get(metric) or (SAMPLES[metric].labels_of(metric) if metric in SAMPLES else ())) | OF_TARGETS


@pytest.mark.parametrize(("where", "query"), queries().items(), ids=str)
def test_every_metric_and_label_that_is_asked_for_exists(where: str, query: str) -> None:
    named = named_in(query.replace("$service", ".*"))
    known = SAMPLES.keys() | FOREIGN.keys() | recorded().keys()
    assert named.metrics, where
    assert named.metrics <= known
    assert named.labels <= set().union(*(labels_of(metric) for metric in named.metrics))


def test_names_and_labels_are_as_prometheus_wants_them_and_name_no_person() -> None:
    for one in METRICS:
        assert re.fullmatch(rf"{PREFIX}[a-z][a-z_]*[a-z]", one.name)
        assert one.name.endswith("_total") == (one.kind == "counter")
        assert one.kind != "histogram" or one.name.endswith("_seconds")
        assert one.meaning.endswith(".")
        assert one.programs, one.name
        assert not NEVER_A_LABEL & set(one.labels)
    assert not [name for name, count in Counter(one.name for one in METRICS).items() if count > 1]


def test_the_page_of_metrics_and_the_dashboards_are_fresh() -> None:
    generate.main(["--check"])


def test_every_board_has_a_uid_of_its_own_and_every_panel_says_what_it_shows() -> None:
    uids = [board["uid"] for board in boards().values()]
    assert len(set(uids)) == len(uids) == 5
    for where, panel in panels():
        assert panel["title"], where
        assert panel["description"].endswith("."), where
        if panel["type"] not in {"text", "logs"}:
            assert panel["fieldConfig"]["defaults"]["unit"], where
            assert panel["targets"], where
    for board in boards().values():
        ids = [panel["id"] for panel in board["panels"]]
        assert len(set(ids)) == len(ids)
        assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in board["panels"])


def test_panels_of_a_board_do_not_lie_upon_each_other() -> None:
    for name, board in boards().items():
        cells: Counter[tuple[int, int]] = Counter()
        for panel in board["panels"]:
            at = panel["gridPos"]
            cells.update((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"]))
        assert max(cells.values()) == 1, name


def test_every_alert_says_what_is_felt_what_to_do_and_where_to_read_on() -> None:
    page = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    sections = {title.lower().replace(" ", "-") for title in re.findall(r"^### (.+)$", page, flags=re.MULTILINE)}
    seen = set()
    for rule in alerts():
        notes = rule["annotations"]
        assert set(notes) == {"summary", "feels", "act", "runbook_url"}, rule["alert"]
        assert rule["labels"]["severity"] in {"page", "ticket"}
        file, _, section = notes["runbook_url"].partition("#")
        assert file == "docs/metrics.md"
        assert section in sections, rule["alert"]
        seen.add(section)
    assert sections == seen  # and no section is of an alert that is no more


def test_every_alert_is_tried_with_promtool() -> None:
    tried = {test["name"] for test in read("prometheus/tests/alerts.yml")["tests"]}
    assert tried == {rule["alert"] for rule in alerts()}
