"""Wires the pages of marketing."""

from starlette.routing import Route

from services.console.console import Console
from services.console.marketing.campaigns import Campaigns
from services.console.marketing.offers import Offers
from services.console.marketing.silence import Silence
from services.console.marketing.templates_pages import Templates


def routes(console: Console) -> list[Route]:
    """Give their places."""
    campaigns, offers, templates, silence = Campaigns(console), Offers(console), Templates(console), Silence(console)
    return [
        Route("/campaigns", campaigns.list, methods=["GET"]),
        Route("/campaigns/{campaign_id}", campaigns.show, methods=["GET"]),
        Route("/offers", offers.list, methods=["GET"]),
        Route("/offers/{offer_id}", offers.show, methods=["GET"]),
        Route("/templates", templates.list, methods=["GET"]),
        Route("/templates/{template_id}", templates.show, methods=["GET"]),
        Route("/templates/{template_id}/mail", templates.mail, methods=["GET"]),
        Route("/customers/{customer_id}/silence", silence.show, methods=["GET"]),
    ]
