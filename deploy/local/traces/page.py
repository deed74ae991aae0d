"""The pages that a person opens: newest traces, one journey, one trace as a waterfall. Every value is escaped."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape

from deploy.local.traces.spans import Span
from deploy.local.traces.tree import Row, rows

STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem; color: #1c2733; }
a { color: #1a5fb4; } h1 { font-size: 1.3rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: 2px 10px 2px 0; border-bottom: 1px solid #e7ebef; white-space: nowrap; }
td.bar { width: 55%; }
.track { position: relative; height: 14px; background: #f2f5f8; }
.track i { position: absolute; top: 0; bottom: 0; min-width: 2px; background: #3584e4; }
.server i { background: #26a269; } .producer i, .consumer i { background: #c64600; }
.error td { color: #c01c28; } .error i { background: #c01c28; }
.muted { color: #6b7785; } details { white-space: normal; } code { font-size: 12px; }
"""


def newest_page(traces: Sequence[Sequence[Span]]) -> str:
    """Draw the list of the newest traces."""
    body = "<p class=muted>Newest first. Call something and reload.</p>" + _trace_table(traces)
    return _page("Traces", body)


def journey_page(journey_id: str, traces: Sequence[Sequence[Span]]) -> str:
    """Draw all traces of one journey, in order."""
    return _page(f"Journey {journey_id}", _trace_table(traces))


def trace_page(trace_id: str, spans: Sequence[Span]) -> str:
    """Draw one trace as a waterfall."""
    begin = min((span.start_ns for span in spans), default=0)
    total = max(max((span.end_ns for span in spans), default=0) - begin, 1)
    lines = "".join(_waterfall_line(row, begin=begin, total=total) for row in rows(spans))
    head = "<tr><th>what</th><th>where</th><th>took</th><th></th></tr>"
    return _page(f"Trace {trace_id}", f"{_leads(spans)}<table>{head}{lines}</table>")


def missing_page(what: str) -> str:
    """Say that it is not here."""
    return _page("Not here", f"<p>{escape(what)} is not here: unknown, or forgotten to make room.</p>")


def _trace_table(traces: Sequence[Sequence[Span]]) -> str:
    head = "<tr><th>began (UTC)</th><th>first span</th><th>where</th><th>spans</th><th>took</th></tr>"
    return f"<table>{head}{''.join(_trace_line(spans) for spans in traces)}</table>"


def _trace_line(spans: Sequence[Span]) -> str:
    first = rows(spans)[0].span if rows(spans) else spans[0]
    services = ", ".join(sorted({span.service for span in spans}))
    failed = " class=error" if any(span.error for span in spans) else ""
    cells = [
        _clock(first.start_ns),
        f'<a href="/traces/{escape(first.trace_id)}">{escape(first.name)}</a>',
        escape(services),
        str(len(spans)),
        _milliseconds(max(span.end_ns for span in spans) - min(span.start_ns for span in spans)),
    ]
    return f"<tr{failed}>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _leads(spans: Iterable[Span]) -> str:
    """Link to what this trace belongs to and goes on from."""
    journeys = sorted({span.journey_id for span in spans if span.journey_id})
    linked = sorted({trace_id for span in spans for trace_id in span.linked_trace_ids})
    items = [f'<a href="/journeys/{escape(one)}">journey {escape(one)}</a>' for one in journeys]
    items += [f'goes on from <a href="/traces/{escape(one)}">trace {escape(one)}</a>' for one in linked]
    return "<p>" + " · ".join(items) + "</p>"


def _waterfall_line(row: Row, *, begin: int, total: int) -> str:
    span = row.span
    left = 100 * (span.start_ns - begin) / total
    width = 100 * max(span.end_ns - span.start_ns, 0) / total
    attributes = "".join(f"<br><code>{escape(key)} = {escape(str(value))}</code>" for key, value in _shown(span))
    name = (
        f'<details style="padding-left:{row.depth * 16}px"><summary>{escape(span.name)}</summary>{attributes}</details>'
    )
    track = f'<div class=track><i style="left:{left:.2f}%;width:{width:.2f}%"></i></div>'
    took = _milliseconds(span.end_ns - span.start_ns)
    css = f"{escape(span.kind)}{' error' if span.error else ''}"
    cells = f"<td>{name}</td><td>{escape(span.service)}</td><td>{took}</td><td class=bar>{track}</td>"
    return f'<tr class="{css}">{cells}</tr>'


def _shown(span: Span) -> list[tuple[str, object]]:
    shown: list[tuple[str, object]] = sorted(span.attributes.items())
    return [*shown, ("error", span.error)] if span.error else shown


def _milliseconds(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e6:.1f} ms"


def _clock(nanoseconds: int) -> str:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).strftime("%H:%M:%S.%f")[:-3]


def _page(title: str, body: str) -> str:
    top = '<p><a href="/">all traces</a></p>'
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title><style>{STYLE}</style>"
        f"<body>{top}<h1>{escape(title)}</h1>{body}</body></html>"
    )
