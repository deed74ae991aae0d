"""The files of `deploy/observability`, read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # the package has none

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "deploy/observability"
Read = Any  # what YAML and JSON hold


def read(name: str) -> Read:
    """Read a YAML file of the folder."""
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def alerts() -> list[Read]:
    """Give every alert."""
    return [rule for group in read("prometheus/alerts.yml")["groups"] for rule in group["rules"]]


def recorded() -> dict[str, str]:
    """Give the recording rules' names and queries."""
    return {
        rule["record"]: rule["expr"] for group in read("prometheus/recording.yml")["groups"] for rule in group["rules"]
    }


def boards() -> dict[str, Read]:
    """Give the dashboards by the names of their files."""
    return {
        path.name: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((FOLDER / "grafana/dashboards").glob("*.json"))
    }


def panels() -> Iterator[tuple[str, Read]]:
    """Give every panel but headings, with where it is."""
    for name, board in boards().items():
        for panel in board["panels"]:
            if panel["type"] != "row":
                yield f"{name}: {panel['title']}", panel


def queries() -> dict[str, str]:
    """Give every query of Prometheus that boards, rules and alerts ask, with where it is."""
    asked = {f"alert {rule['alert']}": rule["expr"] for rule in alerts()}
    asked |= {f"record {name}": query for name, query in recorded().items()}
    for where, panel in panels():
        for target in panel.get("targets", ()):
            if target["datasource"]["type"] == "prometheus":
                asked[f"{where} {target['refId']}"] = target["expr"]
    for source in read("grafana/provisioning/datasources/omnithread.yml")["datasources"]:
        for query in source["jsonData"].get("tracesToMetrics", {}).get("queries", ()):
            asked[f"{source['name']}: {query['name']}"] = query["query"].replace("$$__tags", 'service="cart"')
    return asked
