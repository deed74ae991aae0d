"""Wires the pages of journeys."""

from starlette.routing import Route

from services.console.console import Console
from services.console.journeys.pages import JourneyPages


def routes(console: Console) -> list[Route]:
    """Give their places."""
    pages = JourneyPages(console)
    return [Route("/customers/{customer_id}/journeys/{journey_id}", pages.picture, methods=["GET"])]
