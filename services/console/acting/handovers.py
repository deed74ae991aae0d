"""Handing a customer's cart over: a link, a picture to scan, and six digits to say."""

from dataclasses import dataclass

import grpc
import segno
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

import omnithread
from libs.telemetry.journey import add_journey_labels
from libs.web.refusals import bad_request
from omnithread.cart.v1.handover_service_pb2 import CreateHandoverRequest, RevokeHandoverRequest
from services.console.acting.acts import (
    NOTHING_TYPED,
    REQUEST_ID,
    REQUEST_ID_FIELD,
    Act,
    Acting,
    Typed,
    Wanted,
    by_name,
    named,
)
from services.console.acting.refusals import Told, told_of
from services.console.console import Console
from services.console.web.requests import field_of, signed_in

LIFETIMES = {"5": "5 minutes", "15": "15 minutes", "60": "an hour", "1440": "a day"}
PIXELS_PER_MODULE = 5
QUIET_MODULES = 4


async def revoke(suite: omnithread.Omnithread, wanted: Wanted) -> None:
    """Make a hand-over useless."""
    await suite.handovers.RevokeHandover(
        RevokeHandoverRequest(
            customer_id=wanted.customer_id, handover_id=wanted.text("key"), request_id=wanted.request_id
        )
    )


ACTS = (
    Act(
        "revoke",
        "Make it useless",
        "The hand-over works no longer.",
        revoke,
        asks="Make this hand-over useless? Nobody can go on with it then.",
    ),
)


@dataclass(frozen=True, slots=True)
class HandoverPages:
    """Makes hand-overs. What was made is shown once, on the answer to the form; sent again, it shows the same one."""

    console: Console

    @property
    def acting(self) -> Acting:
        """What can be done with one that was made."""
        return Acting(self.console, by_name(ACTS), self._page, title="A hand-over")

    async def page(self, request: Request) -> Response:
        """Ask how the cart is to be handed over."""
        return await self._page(request, NOTHING_TYPED, None)

    async def make(self, request: Request) -> Response:
        """Make it, and show the link, the picture and the digits."""
        customer_id, request_id = named(request, "customer_id"), field_of(request, REQUEST_ID_FIELD)
        minutes = field_of(request, "minutes")
        if not REQUEST_ID.fullmatch(request_id) or minutes not in LIFETIMES:
            raise bad_request()
        add_journey_labels(customer_id=customer_id)
        client = self.console.clients.of(signed_in(request))
        wish = CreateHandoverRequest(
            customer_id=customer_id,
            lifetime_seconds=60 * int(minutes),
            single_use=bool(field_of(request, "single_use")),
            with_code=bool(field_of(request, "with_code")),
            link_template=self.console.settings.resume_link_template,
            request_id=request_id,
        )
        try:
            made = await client.handovers.CreateHandover(wish)
        except grpc.RpcError as error:
            told = told_of(error)
            fields = {name: field_of(request, name) for name in ("minutes", "single_use", "with_code")}
            return await self._page(request, Typed("make", "", fields, request_id if told.unknown else ""), told)
        return self.console.rendering.page(
            request,
            "acting/handed_over.html",
            customer_id=customer_id,
            made=made,
            picture=_picture(made.link or made.token),
            single_use=wish.single_use,
            here=f"/customers/{customer_id}/handover",
            typed=NOTHING_TYPED,
            new_id=lambda: self.console.new_id("req"),
        )

    async def _page(self, request: Request, typed: Typed, told: Told | None) -> Response:
        customer_id = named(request, "customer_id")
        return self.console.rendering.page(
            request,
            "acting/handover.html",
            status=told.status if told else 200,
            customer_id=customer_id,
            lifetimes=LIFETIMES,
            here=f"/customers/{customer_id}/handover",
            typed=typed,
            told=told,
            done=self.acting.done_words(request),
            new_id=lambda: self.console.new_id("req"),
        )


def _picture(text: str) -> Markup:
    """Draw a QR code into the page itself: no address has to hold the secret."""
    code = segno.make(text, error="m", micro=False, boost_error=False)
    drawn = code.svg_inline(scale=PIXELS_PER_MODULE, border=QUIET_MODULES, dark="#000", light="#fff", omitsize=False)
    return Markup(drawn)  # noqa: S704  the library's own drawing, of black and white squares
