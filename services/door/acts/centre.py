"""The preference centre: what reaches a customer, by which way, and when."""

from dataclasses import dataclass

from starlette.responses import Response

from libs.clock import Clock
from libs.web.bodies import read_form
from omnithread.preference.v1 import preference_internal_service_pb2 as pb
from services.door.acts.centre_form import saved_of
from services.door.acts.centre_values import centre_view
from services.door.acts.forms import form_of
from services.door.acts.links import Links
from services.door.acts.seen import Seen
from services.door.showing import Showing
from services.door.web.gate import Asked

KIND = pb.LINK_KIND_PREFERENCES
SAVE, ALL_OFF = "save", "all_off"
SOURCE = "public-pages/preferences"


@dataclass(frozen=True, slots=True)
class Centre:
    """Answers preferences links."""

    showing: Showing
    links: Links
    clock: Clock
    body_seconds: float

    async def show(self, asked: Asked) -> Response:
        """Show how everything stands."""
        return await self._page(Seen(self.showing, asked.request, await self.links.show(asked.argument, KIND)))

    async def act(self, asked: Asked) -> Response:
        """Save what changed, or stop all advertising, and show how it stands then."""
        fields = await read_form(asked.request, within_seconds=self.body_seconds)
        form = form_of(fields, {SAVE, ALL_OFF})
        before = Seen(self.showing, asked.request, await self.links.show(asked.argument, KIND))
        if form == ALL_OFF:
            action = pb.UnsubscribeAction(scope=pb.UNSUBSCRIBE_SCOPE_ALL_MARKETING)
            proof = before.proof("centre_all_off", source=SOURCE)
            view = await self.links.use(asked.argument, proof, unsubscribe=action)
        else:
            proof = before.proof("centre_wording", source=SOURCE)
            view = await self.links.use(asked.argument, proof, save=saved_of(fields, now=self.clock()))
        return await self._page(Seen(self.showing, asked.request, view), done=True)

    async def _page(self, seen: Seen, *, done: bool = False) -> Response:
        centre = centre_view(seen.view.centre, language=seen.language, now=self.clock())
        return await seen.page("centre.html", {**seen.facts(), "centre": centre, "done": done})
