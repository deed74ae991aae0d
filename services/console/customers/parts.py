"""Wires the pages around one customer."""

from starlette.routing import Route

from services.console.console import Console
from services.console.customers.finding import Finding


def routes(console: Console) -> list[Route]:
    """Give their places."""
    finding = Finding(console)
    return [Route("/", finding.page, methods=["GET"])]
