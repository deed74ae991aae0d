"""Panels and boards of Grafana as values, and how they become its JSON."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

SCHEMA_VERSION = 39
COLUMNS = 24
ROW_HEIGHT = 1
METRICS, TRACES, LOGS = "omnithread-metrics", "omnithread-traces", "omnithread-logs"
"""Uids of the data sources, as `grafana/provisioning/datasources` gives them."""
TYPES = {METRICS: "prometheus", TRACES: "tempo", LOGS: "loki"}
Json = dict[str, Any]  # Grafana's, which has no types
Kind = Literal["timeseries", "stat", "table", "text", "logs"]


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a panel."""

    expression: str
    legend: str = ""
    exemplars: bool = False
    """Whether the traces of single values are shown; for histograms."""
    instant: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel."""

    title: str
    says: str
    """What one sees, and when to worry; shown at the panel's corner."""
    unit: str
    """One of Grafana's: `s`, `reqps`, `percentunit`, `short`, `bytes`."""
    queries: tuple[Query, ...] = ()
    kind: Kind = "timeseries"
    width: int = 12
    height: int = 8
    source: str = METRICS
    worry_from: float | None = None
    """From where on it is red."""
    text: str = ""
    """Markdown, of a panel of kind `text`."""


@dataclass(frozen=True, slots=True)
class Row:
    """A heading and the panels below it."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard."""

    uid: str
    title: str
    says: str
    rows: tuple[Row, ...]
    text_variables: Mapping[str, str] | None = None
    """Names of what a person types in at the top, with what is written beside it."""

    @property
    def panels(self) -> Iterable[Panel]:
        """All panels in order."""
        return (panel for row in self.rows for panel in row.panels)


def to_json(board: Board) -> Json:
    """Give it as Grafana's provisioning reads it."""
    return {
        "uid": board.uid,
        "title": board.title,
        "description": board.says,
        "tags": ["omnithread"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "links": [
            {
                "type": "dashboards",
                "tags": ["omnithread"],
                "title": "Omnithread",
                "asDropdown": True,
                "includeVars": True,
                "keepTime": True,
            }
        ],
        "templating": {"list": [_service_variable(), *_text_variables(board.text_variables or {})]},
        "panels": _laid_out(board.rows),
    }


def _service_variable() -> Json:
    return {
        "name": "service",
        "label": "Service",
        "type": "query",
        "datasource": _source(METRICS),
        "query": {"query": "label_values(omnithread_ready, service)", "refId": "service"},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "current": {"text": "All", "value": "$__all"},
    }


def _text_variables(given: Mapping[str, str]) -> list[Json]:
    empty = {"text": "", "value": ""}
    return [
        {"name": name, "label": label, "type": "textbox", "query": "", "current": empty}
        for name, label in given.items()
    ]


def _laid_out(rows: Sequence[Row]) -> list[Json]:
    """Put panels beside each other until the line is full, then below."""
    made: list[Json] = []
    x = y = height = 0
    for row in rows:
        y += height
        made.append(
            {
                "type": "row",
                "title": row.title,
                "collapsed": False,
                "panels": [],
                "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": ROW_HEIGHT},
            }
        )
        x, y, height = 0, y + ROW_HEIGHT, 0
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y, height = 0, y + height, 0
            made.append(_panel(panel) | {"gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height}})
            x, height = x + panel.width, max(height, panel.height)
    return [one | {"id": number} for number, one in enumerate(made, start=1)]


def _panel(panel: Panel) -> Json:
    told: Json = {"type": panel.kind, "title": panel.title, "description": panel.says}
    if panel.kind == "text":
        return told | {"options": {"mode": "markdown", "content": panel.text}}
    steps: list[Json] = [{"color": "green" if panel.kind == "stat" else "text", "value": None}]
    if panel.worry_from is not None:
        steps.append({"color": "red", "value": panel.worry_from})
    thresholds = {"mode": "absolute", "steps": steps}
    custom: Json = {"fillOpacity": 10, "showPoints": "never"} if panel.kind == "timeseries" else {}
    if panel.worry_from is not None and panel.kind == "timeseries":
        custom["thresholdsStyle"] = {"mode": "dashed"}
    return told | {
        "datasource": _source(panel.source),
        "targets": [_target(query, panel, chr(ord("A") + place)) for place, query in enumerate(panel.queries)],
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "min": 0, "thresholds": thresholds, "custom": custom},
            "overrides": [],
        },
        "options": _options(panel.kind),
    }


def _target(query: Query, panel: Panel, letter: str) -> Json:
    told: Json = {"refId": letter, "datasource": _source(panel.source)}
    if panel.source == TRACES:
        return told | {"queryType": "traceql", "query": query.expression, "limit": 200, "tableType": "traces"}
    if panel.source == LOGS:
        return told | {"expr": query.expression, "queryType": "range", "maxLines": 500}
    instant = query.instant or panel.kind in {"stat", "table"}
    return told | {
        "expr": query.expression,
        "legendFormat": query.legend or "__auto",
        "exemplar": query.exemplars,
        "instant": instant,
        "range": not instant,
        "format": "table" if panel.kind == "table" else "time_series",
    }


def _options(kind: Kind) -> Json:
    if kind == "timeseries":
        return {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    if kind == "stat":
        return {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value", "graphMode": "none"}
    return {}


def _source(uid: str) -> Json:
    return {"type": TYPES[uid], "uid": uid}


def quantiles(
    name: str, *, by: str = "", match: str = "", shares: Sequence[float] = (0.5, 0.95, 0.99)
) -> tuple[Query, ...]:
    """Give the queries of a histogram's quantiles, with exemplars; `by` are labels, `match` matchers."""
    labels = ", ".join(part for part in ("le", by) if part)
    shown = " ".join(f"{{{{{label.strip()}}}}}" for label in by.split(",") if label.strip())
    return tuple(
        Query(
            f"histogram_quantile({share:g}, sum by ({labels}) (rate({name}_bucket{{{match}}}[5m])))",
            f"{share * 100:g} % {shown}".strip(),
            exemplars=True,
        )
        for share in shares
    )
