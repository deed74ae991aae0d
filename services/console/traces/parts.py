"""Wires the pages of traces."""

from starlette.routing import Route

from services.console.console import Console
from services.console.traces.pages import TracePages


def routes(console: Console) -> list[Route]:
    """Give their places."""
    pages = TracePages(console)
    return [
        Route("/traces", pages.listed, methods=["GET"]),
        Route("/traces/{trace_id}", pages.one, methods=["GET"]),
    ]
