"""The resume link: a mail's way back to the cart. It only leads on to the shop, once the customer says so.

A scanner that follows the mail's links thus never gets to the shop with the token, and uses nothing up there.
Whether the token is good, the shop learns when it starts the session with it; the door neither reads nor keeps it.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.responses import RedirectResponse, Response

from services.door.acts.forms import form_of
from services.door.settings import TOKEN
from services.door.showing import Showing
from services.door.web.bodies import read_form
from services.door.web.gate import Asked
from services.door.web.refusals import unknown_link

SEE_OTHER = 303


@dataclass(frozen=True, slots=True)
class Resuming:
    """Answers resume links."""

    showing: Showing
    target: str
    """Where they lead, with `{token}`; empty where there are none."""
    body_seconds: float

    async def show(self, asked: Asked) -> Response:
        """Show what the link is for."""
        return await self.showing.page(asked.request, "resume.html", goes_on_to=self._origin())

    async def act(self, asked: Asked) -> Response:
        """Lead on."""
        self._origin()
        form_of(await read_form(asked.request, within_seconds=self.body_seconds), {"resume"})
        return RedirectResponse(self.target.replace(TOKEN, asked.argument), status_code=SEE_OTHER)

    def _origin(self) -> str:
        if not self.target:
            raise unknown_link()
        parts = urlsplit(self.target)
        return f"{parts.scheme}://{parts.netloc}"
