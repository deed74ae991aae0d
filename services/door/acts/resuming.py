"""The resume link: a mail's way back to the cart. It only leads on to the shop, once the customer says so.

A scanner that follows the mail's links thus never gets to the shop with the token, and uses nothing up there.
Cart is asked whether one can still go on with it; the shop goes on with it when it starts the session.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.responses import RedirectResponse, Response

from libs.web.bodies import read_form
from libs.web.refusals import unknown_link
from omnithread.cart.v1.cart_internal_service_pb2 import ShowHandoverRequest, ShowHandoverResponse
from services.door.acts.forms import form_of
from services.door.acts.links import answered
from services.door.settings import TOKEN
from services.door.showing import Showing
from services.door.web.gate import Asked

if TYPE_CHECKING:  # the class of stubs on an asyncio channel is known to type checkers only
    from omnithread.cart.v1.cart_internal_service_pb2_grpc import CartInternalServiceAsyncStub

SEE_OTHER = 303


@dataclass(frozen=True, slots=True)
class Resuming:
    """Answers resume links."""

    showing: Showing
    cart: "CartInternalServiceAsyncStub"
    answer_seconds: float
    target: str
    """Where they lead, with `{token}`; empty where there are none."""
    body_seconds: float

    async def show(self, asked: Asked) -> Response:
        """Show what the link is for."""
        origin = self._origin()
        await self._check(asked.argument)
        return await self.showing.page(asked.request, "resume.html", goes_on_to=origin)

    async def act(self, asked: Asked) -> Response:
        """Lead on."""
        self._origin()
        form_of(await read_form(asked.request, within_seconds=self.body_seconds), {"resume"})
        await self._check(asked.argument)
        return RedirectResponse(self.target.replace(TOKEN, asked.argument), status_code=SEE_OTHER)

    async def _check(self, token: str) -> None:
        """Raise UNKNOWN, EXPIRED, or AWAY where one cannot go on with it."""

        async def ask() -> ShowHandoverResponse:
            return await self.cart.ShowHandover(ShowHandoverRequest(token=token), timeout=self.answer_seconds)

        await answered(ask, dependency="cart")

    def _origin(self) -> str:
        if not self.target:
            raise unknown_link()
        parts = urlsplit(self.target)
        return f"{parts.scheme}://{parts.netloc}"
