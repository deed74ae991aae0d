"""The page of operations, its part that is brought up to date, and one dead letter with its act."""

import asyncio
import re
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from libs.web.refusals import bad_request
from omnithread.common.v1.delivery_pb2 import DeliveryKind
from services.console.console import Console
from services.console.operations import office
from services.console.operations.lookout import Lookout
from services.console.operations.words import lasting, rate, seconds_bound
from services.console.pages.words import enum_words
from services.console.web.asked import asked_page
from services.console.web.requests import field_of, signed_in

ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
REFRESH_SECONDS = 5
REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{16,64}")


@dataclass(frozen=True, slots=True)
class Operations:
    """The pages."""

    console: Console
    lookout: Lookout

    async def page(self, request: Request) -> Response:
        """Everything."""
        return await self._show(request, "operations/operations.html")

    async def now(self, request: Request) -> Response:
        """Everything that changes, for a page that is open."""
        return await self._show(request, "operations/now.html")

    async def _show(self, request: Request, template: str) -> Response:
        suite = self.console.clients.of(signed_in(request))
        view, said = await asyncio.gather(self.lookout.look(), office.look(suite, page_token=asked_page(request)))
        return self.console.rendering.page(
            request,
            template,
            view=view,
            office=said,
            looked=self.console.clock(),
            refresh_seconds=REFRESH_SECONDS,
            page_token=asked_page(request),
            rate=rate,
            seconds_bound=seconds_bound,
            lasting=lasting,
            way_word=lambda kind: enum_words(DeliveryKind.DESCRIPTOR, kind),
        )

    async def dead_letter(self, request: Request) -> Response:
        """One message that could not be sent, and the question whether it is to be sent again."""
        customer_id, message_id = _named(request)
        letter = await office.dead_letter(self.console.clients.of(signed_in(request)), customer_id, message_id)
        return self.console.rendering.page(
            request,
            "operations/dead_letter.html",
            letter=letter,
            request_id=self.console.new_id("req"),
        )

    async def replay(self, request: Request) -> Response:
        """Have it sent again; the form's own id makes a second press the same act."""
        customer_id, message_id = _named(request)
        request_id = field_of(request, "request_id")
        if not REQUEST_ID.fullmatch(request_id):
            raise bad_request()
        suite = self.console.clients.of(signed_in(request))
        await office.replay(suite, customer_id, message_id, request_id=request_id)
        return RedirectResponse(f"/operations/dead-letters/{customer_id}/{message_id}", status_code=303)


def _named(request: Request) -> tuple[str, str]:
    customer_id, message_id = request.path_params["customer_id"], request.path_params["message_id"]
    if not ID.fullmatch(customer_id) or not ID.fullmatch(message_id):
        raise bad_request()
    return customer_id, message_id
