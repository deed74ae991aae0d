"""The pages of offers: all of them, and what one gives."""

import re
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from libs.web.refusals import bad_request
from omnithread.cart.v1.offer_pb2 import OfferState
from services.console.console import Console
from services.console.marketing.looking import get_offer, list_offers
from services.console.marketing.offer_words import benefit_words, offer_state, redemption_words, terms_words
from services.console.web.asked import asked_number, asked_page, asked_word
from services.console.web.requests import signed_in

STATE = re.compile(r"draft|active|ended")
NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Offers:
    """Both pages."""

    console: Console

    async def list(self, request: Request) -> Response:
        """All offers, a page at a time."""
        state = asked_word(request, "state", STATE)
        offers, following = await list_offers(
            self.console.clients.of(signed_in(request)),
            state=OfferState.Value(f"OFFER_STATE_{state.upper()}") if state else OfferState.ValueType(0),
            page_token=asked_page(request),
        )
        return self.console.rendering.page(
            request,
            "marketing/offers.html",
            offers=[(one, offer_state(one), benefit_words(one.terms), redemption_words(one)) for one in offers],
            state=state,
            following=following,
            first=not request.query_params.get("page"),
        )

    async def show(self, request: Request) -> Response:
        """One offer."""
        offer_id = request.path_params["offer_id"]
        if not NAME.fullmatch(offer_id):
            raise bad_request()
        offer = await get_offer(
            self.console.clients.of(signed_in(request)),
            offer_id,
            version=asked_number(request, "version"),
            draft=bool(request.query_params.get("draft")),
        )
        return self.console.rendering.page(
            request,
            "marketing/offer.html",
            offer=offer,
            state=offer_state(offer),
            benefit=benefit_words(offer.terms),
            sentences=terms_words(offer.terms),
            redemptions=redemption_words(offer),
            draft=bool(request.query_params.get("draft")),
        )
