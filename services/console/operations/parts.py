"""Wires the pages of operations."""

import time

from starlette.routing import Route

from services.console.calling.credentials import credentials_of
from services.console.console import Console
from services.console.operations.lookout import Lookout
from services.console.operations.page import Operations
from services.console.operations.places import Place, places_of


def routes(console: Console) -> list[Route]:
    """Give their places."""
    settings = console.settings
    lookout = Lookout(
        services=[
            Place(name, address)
            for name, address in (
                ("profile", settings.profile_address),
                ("cart", settings.cart_address),
                ("preference", settings.preference_address),
                ("messaging", settings.messaging_address),
                ("aggregator", settings.aggregator_address),
            )
        ],
        http_services=places_of(settings.health_addresses),
        metrics=places_of(settings.metrics_addresses),
        credentials=credentials_of(settings),
        now=time.monotonic,
    )
    operations = Operations(console, lookout)
    return [
        Route("/operations", operations.page, methods=["GET"]),
        Route("/operations/now", operations.now, methods=["GET"]),
        Route("/operations/dead-letters/{customer_id}/{message_id}", operations.dead_letter, methods=["GET"]),
        Route("/operations/dead-letters/{customer_id}/{message_id}/replay", operations.replay, methods=["POST"]),
    ]
