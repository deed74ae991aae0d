"""Wires the pages around one customer."""

from starlette.routing import Route

from services.console.console import Console
from services.console.customers.finding import Finding
from services.console.customers.live import LivePages
from services.console.customers.recent import RecentCustomers
from services.console.customers.showing import Showing


def routes(console: Console) -> list[Route]:
    """Give their places."""
    recent = RecentCustomers(most_sessions=console.settings.most_agents)
    finding = Finding(console, recent)
    showing = Showing(console, recent)
    live = LivePages(console)
    return [
        Route("/", finding.page, methods=["GET"]),
        Route("/find", finding.find, methods=["POST"]),
        Route("/customers/{customer_id}", showing.customer, methods=["GET"]),
        Route("/customers/{customer_id}/live", live.answer, methods=["GET"]),
        Route("/customers/{customer_id}/messages/{message_id}", showing.message, methods=["GET"]),
    ]
