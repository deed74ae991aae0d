"""Wires the pages of journeys."""

from starlette.routing import Route

from services.console.console import Console
from services.console.journeys.pages import JourneyPages
from services.console.journeys.report import ReportPages
from services.console.journeys.search import SearchPages


def routes(console: Console) -> list[Route]:
    """Give their places."""
    return [
        Route("/journeys", SearchPages(console).found, methods=["GET"]),
        Route("/journeys/report", ReportPages(console).report, methods=["GET"]),
        Route("/customers/{customer_id}/journeys/{journey_id}", JourneyPages(console).picture, methods=["GET"]),
    ]
