"""Wires what agents do."""

from starlette.routing import Route

from services.console.acting.carts import CartPages
from services.console.acting.conversations import ConversationPages
from services.console.acting.handovers import HandoverPages
from services.console.console import Console

CONVERSATION = "/customers/{customer_id}/conversations/{conversation_id}"
CART = "/customers/{customer_id}/cart"
HANDOVER = "/customers/{customer_id}/handover"


def routes(console: Console) -> list[Route]:
    """Give their places."""
    conversations, carts, handovers = ConversationPages(console), CartPages(console), HandoverPages(console)
    return [
        Route("/conversations", conversations.queue, methods=["GET"]),
        Route(CONVERSATION, conversations.desk, methods=["GET"]),
        Route(f"{CONVERSATION}/{{act}}", conversations.acting.do, methods=["POST"]),
        Route(CART, carts.page, methods=["GET"]),
        Route(f"{CART}/{{act}}", carts.acting.do, methods=["POST"]),
        Route(HANDOVER, handovers.page, methods=["GET"]),
        Route(HANDOVER, handovers.make, methods=["POST"]),
        Route(f"{HANDOVER}/{{act}}", handovers.acting.do, methods=["POST"]),
    ]
